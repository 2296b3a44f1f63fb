"""One call, one bounded answer, and the token goes to one place only; over real HTTP."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Self

import httpx2
import pytest

from deploy.local.forge.web import Request, Response, Server, json
from workers.errors import AccessDenied, BadConfiguration, ForgeUnreachable, OperatorError
from workers.forges import Account, http

TOKEN = "tok-1234567890"
CALL = http.Call("POST", "/repos/o/r/statuses/x", {"state": "success"})

Serve = Callable[[Callable[[Request], Response]], tuple[str, list[Request]]]


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client that would follow redirects anywhere, were it asked."""
    with httpx2.Client(timeout=10, follow_redirects=True, trust_env=False) as client:
        yield client


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that answer as a function says and record what they were asked."""
    servers: list[Server] = []

    def start(answer: Callable[[Request], Response]) -> tuple[str, list[Request]]:
        seen: list[Request] = []

        def record(request: Request) -> Response:
            seen.append(request)
            return answer(request)

        server = Server(record)
        server.start()
        servers.append(server)
        return f"http://127.0.0.1:{server.port}", seen

    yield start
    for server in servers:
        server.stop()


def account(api: str, token: str = TOKEN) -> Account:
    """An account at ``api``."""
    return Account("github", api, lambda: token)


def test_a_call_carries_token_body_and_name(client: httpx2.Client, serve: Serve) -> None:
    """What the server sees is what was meant."""
    url, seen = serve(lambda _: json(201, {"ok": True}))
    answer = http.send(account(url + "/api/v3/"), client, CALL)
    assert (answer.code, answer.json()) == (201, {"ok": True})
    [request] = seen
    assert (request.method, request.path) == ("POST", "/api/v3/repos/o/r/statuses/x")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["user-agent"] == "hookline"
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {"state": "success"}


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_on_the_same_host_is_posted_again(client: httpx2.Client, serve: Serve, code: int) -> None:
    """A renamed repository answers with a redirect; method, body and token go along."""

    def answer(request: Request) -> Response:
        if request.path.startswith("/repos/"):
            return Response(code, headers={"location": "/repositories/7/statuses/x"})
        return json(201, {})

    url, seen = serve(answer)
    given = http.send(account(url), client, CALL)
    assert (given.code, given.moved) == (201, f"{url}/repositories/7/statuses/x")
    assert [(one.method, one.path, one.json()) for one in seen] == [
        ("POST", "/repos/o/r/statuses/x", {"state": "success"}),
        ("POST", "/repositories/7/statuses/x", {"state": "success"}),
    ]
    assert seen[1].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "place",
    [
        "{other}/repos/o/r",
        "//127.0.0.1:{port}/x",
        "http://{same}@127.0.0.1:{port}/x",
        "{https}/x",
        "ftp://127.0.0.1/x",
        "http://[::1",
        "/api/v3evil/x",
        "/other/x",
        "../../../../../../x",
        "/api/v3/%2E%2e/%2e%2e/x",
        "/api/v3/..\\..\\x",
        "",
    ],
)
def test_the_token_never_goes_to_another_host(client: httpx2.Client, serve: Serve, place: str) -> None:
    """Another port, scheme or path, a host hidden behind an ``@``, or nowhere: the call ends there."""
    other, stolen = serve(lambda _: json(201, {}))
    port = other.rpartition(":")[2]
    url, seen = serve(lambda _: Response(307, headers={"location": target}))
    target = place.format(
        other=other, port=port, same=url.removeprefix("http://"), https=url.replace("http:", "https:")
    )
    with pytest.raises(OperatorError, match="set `api`"):
        http.send(account(url + "/api/v3"), client, CALL)
    assert len(seen) == 1
    assert stolen == []


def test_redirects_without_end_end(client: httpx2.Client, serve: Serve) -> None:
    """Three are followed."""
    url, seen = serve(lambda _: Response(307, headers={"location": "/again"}))
    with pytest.raises(OperatorError, match="without end"):
        http.send(account(url), client, CALL)
    assert len(seen) == 4


def test_an_endless_answer_is_cut(client: httpx2.Client, serve: Serve) -> None:
    """No more than the limit is read or kept."""
    url, _ = serve(lambda _: Response(500, b"x" * (http.BODY_LIMIT * 3)))
    assert len(http.send(account(url), client, CALL).body) == http.BODY_LIMIT


@pytest.mark.parametrize("part", ["headers", "body"])
@pytest.mark.parametrize("first", [True, False], ids=["new connection", "kept connection"])
def test_an_answer_that_drips_is_given_up_in_time(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch, part: str, first: bool
) -> None:
    """Each byte is quick, but the whole has a deadline: of headers without end, too, and on a connection kept open."""
    with Dripping(part, whole=0 if first else 1) as server:
        if not first:
            assert http.send(account(server.url), client, CALL).json() == {}
        monkeypatch.setattr(http, "SECONDS_LIMIT", 0.3)
        with pytest.raises(ForgeUnreachable, match="took longer"):
            http.send(account(server.url), client, CALL)
        server.thread.join(60)
        assert not server.thread.is_alive()  # the connection was cut: nobody goes on reading
        assert server.connections == 1


class Dripping:
    """A server of one connection that answers ``whole`` calls, and drips at the next one until nobody listens."""

    def __init__(self, part: str, whole: int) -> None:
        self._part, self._whole = part, whole
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        self.connections += 1
        with connection, contextlib.suppress(OSError):
            for _ in range(self._whole):
                _request(connection)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            _request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + (b"x-drip: " if self._part == "headers" else b"\r\n"))
            while not select.select([connection], [], [], 0.05)[0]:
                connection.sendall(b"x")


def _request(connection: socket.socket) -> None:
    """Read one whole call."""
    read = b""
    while not read.endswith(b"}"):
        read += connection.recv(65536)


def test_an_echoed_token_is_blanked(client: httpx2.Client, serve: Serve) -> None:
    """A forge or proxy that quotes our header in its answer does not get it into our messages."""
    url, _ = serve(lambda request: json(400, {"message": f"bad header {request.headers['authorization']}"}))
    answer = http.send(account(url), client, CALL)
    assert TOKEN.encode() not in answer.body
    assert answer.says() == "bad header Bearer ***"


def test_a_refused_token_is_renewed_once(client: httpx2.Client, serve: Serve) -> None:
    """The fresh one goes out in its place; when that is refused too, the answer stands."""
    url, seen = serve(lambda request: json(201 if "good" in request.headers["authorization"] else 401, {}))
    refused: list[str] = []

    def renewing(fresh: str) -> Account:
        return Account("github", url, lambda: "old", renew=lambda token: refused.append(token) or fresh)  # type: ignore[func-returns-value]

    assert http.send(renewing("good"), client, CALL).code == 201
    assert http.send(renewing("bad"), client, CALL).code == 401
    assert refused == ["old", "old"]
    assert [request.headers["authorization"][7:] for request in seen] == ["old", "good", "old", "bad"]


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "tok\r\nX-Evil: 1", "naïve"])
def test_a_token_unfit_for_a_header_is_refused_unquoted(client: httpx2.Client, serve: Serve, token: str) -> None:
    """The HTTP library would quote it in its own error."""
    url, seen = serve(lambda _: json(201, {}))
    with pytest.raises(AccessDenied) as caught:
        http.send(account(url, token), client, CALL)
    assert not token or token not in str(caught.value)
    assert seen == []


def test_nobody_listening_is_unreachable(client: httpx2.Client, serve: Serve) -> None:
    """A refused connection names the host, not the library, and carries no request with a token in it."""
    server = Server(lambda _: json(201, {}))
    server.stop()
    with pytest.raises(ForgeUnreachable, match=rf"127\.0\.0\.1:{server.port} did not answer") as caught:
        http.send(account(f"http://127.0.0.1:{server.port}"), client, CALL)
    assert caught.value.__cause__ is None


def test_a_dropped_connection_is_unreachable(client: httpx2.Client, serve: Serve) -> None:
    """The connection ends before an answer begins."""
    url, _ = serve(lambda _: Response(0))
    with pytest.raises(ForgeUnreachable, match="did not answer"):
        http.send(account(url), client, CALL)


@pytest.mark.parametrize("api", ["", "github.com", "ftp://github.com", "https://", "http://[::1", "http://a:port"])
def test_an_address_that_is_none_is_a_configuration_error(client: httpx2.Client, api: str) -> None:
    """The operator is told which field is wrong."""
    with pytest.raises(BadConfiguration, match="api: "):
        http.send(account(api), client, CALL)


def test_an_account_shows_no_token() -> None:
    """Neither its repr nor the host for messages has a credential."""
    shown = account("https://user:secret@ghes.example/api/v3")
    assert TOKEN not in repr(shown)
    assert shown.host == "ghes.example"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"message": "Not Found"}', "Not Found"),
        (b'{"message": "Validation Failed", "errors": [{"message": "too long"}]}', "Validation Failed: too long"),
        (b'{"message": {"description": ["is too long"]}}', "description is too long"),
        (b'{"error": "state is missing"}', "state is missing"),
        (b'{"message": ["one", "two"]}', "one: two"),
        (b"<html>502 Bad Gateway</html>", ""),
        (b'["message"]', ""),
        (b'{"message": "' + b"long " * 100 + b'"}', " ".join(["long"] * 40) + "…"),
    ],
)
def test_what_an_error_body_says(body: bytes, says: str) -> None:
    """Both forges' shapes are read, and anything else says nothing."""
    assert http.Answer(400, {}, body).says() == says
