"""An issuer's key set at a URL: late, bounded, kept while the URL is down, and never in anybody's way."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import redis
from starlette.testclient import TestClient

from receiver import app, edge, published
from receiver.published import PAUSE, STALE, Published
from tests.fixtures import Clock
from tests.receiver.keys import EC_KEY, ISSUER, RSA_KEY, Ci, document
from tests.receiver.keys import published as jwk
from workers import keysets, tokens
from workers.errors import KeysUnavailable
from workers.settings import Settings

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """Where keys are published."""

    body: bytes = document(jwk(RSA_KEY, "one"))
    code: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    """Set: answers are given at once."""
    endless: bool = False
    url: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    """A server on the loopback address."""
    made = Site()
    made.held.set()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            while not (made.held.wait(0.05) or over.is_set()):
                pass
            self.send_response(made.code)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(made.body)
                while made.endless and not over.is_set():
                    self.wfile.write(b" " * 65536)
            except OSError:
                pass

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 -- the name it has there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/jwks"
    yield made
    over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def have(keys: Published, kid: str = "one") -> None:
    """Have the keys ready, as a request does."""

    async def ready() -> None:
        await keys.ready(kid)
        if keys._fetch:
            await keys._fetch

    asyncio.run(ready())


def kids(keys: Published) -> list[str]:
    """The names of the keys known."""
    return [key.kid for key in keys.keys().keys]


def test_nothing_is_fetched_before_a_token_needs_it(site: Site, clock: Clock) -> None:
    """Then once for all that wait."""
    keys = Published(site.url, clock)
    with pytest.raises(KeysUnavailable):
        keys.keys()
    assert site.asked == 0

    async def many() -> None:
        await asyncio.gather(*(keys.ready("one") for _ in range(50)))

    asyncio.run(many())
    assert (site.asked, kids(keys)) == (1, ["one"])
    have(keys)
    assert site.asked == 1


def test_a_new_key_is_fetched_when_a_token_names_it(site: Site, clock: Clock) -> None:
    """At most every half minute, however many strangers invent names."""
    keys = Published(site.url, clock)
    have(keys)
    site.body = document(jwk(EC_KEY, "two"))
    clock.forward(PAUSE)
    for number in range(20):
        have(keys, f"invented-{number}")
    assert (site.asked, kids(keys)) == (2, ["two"])
    clock.forward(PAUSE)
    have(keys, "two")
    assert site.asked == 2


def test_a_withdrawn_key_goes_within_the_hour(site: Site, clock: Clock) -> None:
    """Even when every token names keys that are known; nobody waits for that fetch."""
    keys = Published(site.url, clock)
    have(keys)
    site.body = document(jwk(RSA_KEY, "one"), jwk(EC_KEY, "two"))
    clock.forward(published.FRESH + 1)
    site.held.clear()

    async def not_held_up() -> None:
        await keys.ready("one")
        assert kids(keys) == ["one"]
        site.held.set()
        assert keys._fetch is not None
        await keys._fetch

    asyncio.run(not_held_up())
    assert kids(keys) == ["one", "two"]


def test_known_keys_serve_while_the_url_is_down_and_not_for_ever(site: Site, clock: Clock) -> None:
    """A day; then tokens of that issuer are answered 503."""
    keys = Published(site.url, clock)
    have(keys)
    site.code = 503
    clock.forward(STALE - 10)
    have(keys, "new")
    assert (site.asked, kids(keys)) == (2, ["one"])
    clock.forward(PAUSE + 1)
    have(keys)
    with pytest.raises(KeysUnavailable):
        keys.keys()
    site.code = 200
    clock.forward(PAUSE)
    have(keys)
    assert kids(keys) == ["one"]


@pytest.mark.parametrize(
    "how", ["huge", "endless", "redirect", "elsewhere", "html", "empty", "wrong types", "compressed", "refused", "name"]
)
def test_a_hostile_answer_changes_nothing(site: Site, clock: Clock, how: str) -> None:
    """Keys that were known stay, and nothing is read beyond the bound or from another place."""
    keys = Published(site.url, clock)
    have(keys)
    clock.forward(PAUSE)
    match how:
        case "huge":
            site.body = document(*[jwk(RSA_KEY, "new")]) + b" " * 10_000_000
        case "endless":
            site.endless = True
        case "redirect" | "elsewhere":
            site.code, site.headers = 302, {"location": site.url if how == "redirect" else "http://192.0.2.1/"}
        case "html":
            site.body = b"<html>sign in</html>"
        case "empty":
            site.body = b""
        case "wrong types":
            site.body = b'{"keys": [1, "x", null, {"kty": 7}]}'
        case "compressed":
            site.headers = {"content-encoding": "gzip"}
            site.body = b"\x1f\x8b" + bytes(100)
        case "refused":
            keys._url = "http://127.0.0.1:1/"
        case "name":
            keys._url = "http://nobody.invalid/"
    have(keys, "new")
    assert kids(keys) == ["one"]


def test_a_slow_answer_is_given_up_and_the_loop_goes_on_meanwhile(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for it waits for the bound at most; others do not wait at all."""
    monkeypatch.setattr(published, "SECONDS", 0.5)
    keys = Published(site.url, clock)
    site.held.clear()

    async def others_work() -> int:
        waiting, turns = asyncio.create_task(keys.ready("one")), 0
        while not waiting.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(others_work()) > 100
    with pytest.raises(KeysUnavailable):
        keys.keys()


def test_a_job_s_token_is_checked_with_the_keys_at_the_url(
    site: Site, settings: Settings, redis_client: redis.Redis
) -> None:
    """Over the API; while there are no keys its tokens are answered 503, and nobody else's are."""
    issuer = {
        "issuer": ISSUER,
        "algorithms": ["RS256"],
        "jwks": site.url,
        "grants": [{"claims": {"repository": "your-org/shop"}, "scopes": ["sync"], "apps": ["myapp"]}],
    }
    local = {"issuer": "hookline", "key": "env:TOKEN_KEY"}
    value = settings.model_dump(mode="json") | {"issuers": [issuer, local]}
    held = edge.create(Settings.model_validate(value))
    assert site.asked == 0
    token = {"authorization": f"Bearer {Ci().token()}"}
    good = tokens.mint(held.issuers[1], "ada", ["read"], ["*"], 60, time.time(), "t-1")
    site.code = 500
    with TestClient(app.create(held)) as client:
        assert client.post("/api/apps/myapp/sync", headers=token).status_code == 503
        assert client.get("/api/apps", headers={"authorization": f"Bearer {good}"}).status_code == 200
        site.code = 200
        [keys] = held.published[ISSUER]
        keys._tried -= PAUSE
        assert client.post("/api/apps/myapp/sync", headers=token).status_code == 202
    assert site.asked == 2


def test_the_bound_is_the_parser_s(site: Site, clock: Clock) -> None:
    """A set of exactly that size is taken."""
    keys = Published(site.url, clock)
    site.body = site.body.ljust(keysets.MOST_BYTES)
    have(keys)
    assert kids(keys) == ["one"]
