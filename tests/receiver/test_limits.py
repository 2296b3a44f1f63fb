"""The edge under strangers: heads, bodies, many at once, guessing, and a Redis that is full or away."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path

import httpx2
import pytest
import redis

from receiver.failures import MOST_SENDERS, WINDOW, Failures
from tests.receiver.serving import Web, serving, signed_push
from workers import embedded

MIB = 1024 * 1024
LIMITS = {"header_deadline": 1, "body_deadline": 2, "max_headers": 8192, "max_failures": 5}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, redis_data: Path) -> Iterator[Web]:
    """A web process with short deadlines. It counts failures by address: who fails here comes from one of its own."""
    with serving(tmp_path_factory.mktemp("web"), f"unix://{embedded.socket_of(redis_data)}", edge=LIMITS) as made:
        yield made


@pytest.fixture
def web(served: Web, redis_client: redis.Redis) -> Web:
    """The web process on empty records."""
    assert redis_client.dbsize() == 0
    return served


HEAD = b"POST /hooks/github HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize("sent", [b"", HEAD[:7], HEAD, HEAD + b"content-type: application/json\r\n"])
def test_a_head_that_does_not_end_is_cut_at_its_deadline(web: Web, sent: bytes) -> None:
    """Nothing, half a line, or headers without an end: the connection closes, unanswered."""
    with web.connect() as stranger:
        stranger.sendall(sent)
        began = time.monotonic()
        assert stranger.recv(100) == b""
        assert time.monotonic() - began < 15


def drip(stranger: socket.socket) -> None:
    """Send a byte now and then, until the other side has had enough."""
    stranger.settimeout(0.05)
    for _ in range(600):
        stranger.sendall(b"a")
        with contextlib.suppress(TimeoutError):
            if stranger.recv(100) == b"":
                raise ConnectionResetError


def test_a_dripping_head_is_cut_too(web: Web) -> None:
    """A byte now and then does not start the deadline over."""
    with web.connect() as stranger:
        stranger.sendall(HEAD)
        with pytest.raises(ConnectionError):
            drip(stranger)


@pytest.mark.parametrize("head", [b"x: " + b"y" * 70_000, b"".join(b"x-%d: y\r\n" % n for n in range(9000))])
def test_a_head_beyond_its_limit_is_431(web: Web, head: bytes) -> None:
    """One long header or many short ones."""
    with web.connect() as stranger:
        stranger.sendall(HEAD + head)
        assert stranger.recv(100).startswith(b"HTTP/1.1 431 ")


def test_a_second_request_on_a_connection_has_its_own_deadline(web: Web) -> None:
    """Keep-alive is no way around it."""
    with web.connect() as stranger:
        stranger.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        answer = HTTPResponse(stranger)
        answer.begin()
        answer.read()  # all of it: its end may come by itself, and is not what is waited for below
        assert answer.status == 200
        stranger.sendall(HEAD)
        assert stranger.recv(100) == b""


def test_a_slow_body_is_cut_at_its_deadline(web: Web) -> None:
    """408, and the connection is not kept."""
    with web.connect() as stranger:
        stranger.sendall(HEAD + b"content-type: application/json\r\ncontent-length: 1000\r\n\r\n{")
        assert stranger.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_chunked_body_needs_no_length(web: Web) -> None:
    """What is signed is what arrived."""
    body, headers = signed_push("a" * 40)
    answer = httpx2.post(web.hook, content=iter([body[:50], body[50:]]), headers=headers, timeout=30)
    assert answer.status_code == 202


def test_twenty_large_bodies_at_once_are_taken_in_bounded_memory(
    tmp_path: Path, redis_data: Path, redis_client: redis.Redis
) -> None:
    """20 signed bodies of 24 MiB, 480 MiB together: all are accepted, and never are more than a few in memory."""
    url = f"unix://{embedded.socket_of(redis_data)}"
    with serving(tmp_path, url, edge={"body_deadline": 100}) as web:
        small, headers = signed_push("f" * 40)
        assert httpx2.post(web.hook, content=small, headers=headers, timeout=30).status_code == 202
        before, grown, done = web.memory(), [0], threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                grown.append(web.memory() - before)

        def send(number: int) -> int:
            body, signed = signed_push(f"{number:040x}", padding=24 * MIB)
            with httpx2.Client(timeout=120) as client:
                return client.post(web.hook, content=body, headers=signed).status_code

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with ThreadPoolExecutor(20) as pool:
                codes = list(pool.map(send, range(1, 21)))
        finally:
            done.set()
            watcher.join()
    assert codes == [202] * 20
    assert redis_client.zcard("hookline:deliveries") == 21
    assert max(grown) < 160 * MIB, f"grew by {max(grown) // MIB} MiB"


def test_unsigned_bodies_leave_nothing_behind(web: Web, redis_client: redis.Redis) -> None:
    """No record, no file, no memory."""
    with httpx2.Client(transport=httpx2.HTTPTransport(local_address="127.0.0.3"), timeout=30) as client:
        for _ in range(5):
            answer = client.post(web.hook, content=b"x" * MIB, headers={"content-type": "application/json"})
            assert answer.status_code == 401
    assert redis_client.dbsize() == 0


def test_guessing_is_ended_and_others_are_not(web: Web) -> None:
    """After the fifth failure the guesser waits; an authentic delivery from elsewhere is taken."""
    body, headers = signed_push("a" * 40)
    wrong = headers | {"x-hub-signature-256": "sha256=" + "0" * 64}
    with httpx2.Client(transport=httpx2.HTTPTransport(local_address="127.0.0.2"), timeout=30) as guesser:
        codes = [guesser.post(web.hook, content=body, headers=wrong).status_code for _ in range(7)]
        assert codes == [401] * 5 + [429] * 2
        refused = guesser.post(web.hook, content=body, headers=headers)
        assert (refused.status_code, 0 < int(refused.headers["retry-after"]) <= 61) == (429, True)
    assert httpx2.post(web.hook, content=body, headers=headers, timeout=30).status_code == 202


def test_failures_are_forgotten_after_a_minute_and_never_grow_without_bound() -> None:
    """Counted per hook and address; the oldest sender goes first."""
    failures = Failures(2)
    failures.add("h", "a", 0.0)
    assert failures.wait("h", "a", 1.0) == 0.0
    failures.add("h", "a", 1.0)
    assert failures.wait("h", "a", 1.0) == WINDOW - 1
    assert failures.wait("other", "a", 1.0) == failures.wait("h", "b", 1.0) == 0.0
    assert failures.wait("h", "a", WINDOW) == 0.0
    for number in range(MOST_SENDERS + 10):
        failures.add("h", str(number), 2.0)
    assert len(failures._counts) == MOST_SENDERS


def test_a_full_redis_is_503_and_nothing_is_half_stored(web: Web, redis_client: redis.Redis) -> None:
    """Redis refuses to write; the forge is told to come again, and then it is taken."""
    body, headers = signed_push("a" * 40)
    redis_client.config_set("maxmemory", "1")
    try:
        answer = httpx2.post(web.hook, content=body, headers=headers, timeout=30)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    finally:
        redis_client.config_set("maxmemory", "0")
    assert redis_client.dbsize() == 0
    assert httpx2.post(web.hook, content=body, headers=headers, timeout=30).status_code == 202
    # In whichever queue: its file is of no app.
    assert redis_client.llen("merge") + redis_client.llen("sweep") == 1


def test_more_connections_than_allowed_are_told_so(tmp_path: Path, redis_data: Path) -> None:
    """503 at once, and those inside are served."""
    url = f"unix://{embedded.socket_of(redis_data)}"
    with serving(tmp_path, url, edge={"max_connections": 3, "header_deadline": 20}) as web:
        held = [web.connect() for _ in range(3)]
        for one in held:
            one.sendall(HEAD)
        assert httpx2.get(f"http://127.0.0.1:{web.port}/livez", timeout=30).status_code == 503
        for one in held:
            one.close()
