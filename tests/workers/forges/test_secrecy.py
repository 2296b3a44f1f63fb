"""No token leaves by an error, and no request goes where nobody configured: against a forge that tries everything."""

from __future__ import annotations

import base64
import hashlib
import json
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest
import redis
import structlog

from deploy.local.forge.web import Request, Response, Server
from tests.fakes import github_apps
from tests.fixtures import Clock
from tests.workers.conftest import Counter
from tests.workers.test_redaction import JWT, SHAPELESS, SHAPES, traces
from workers import context, forges, reporting
from workers.errors import HooklineError
from workers.forges import Account, comments, consents, pulls, redelivery
from workers.forges.account import Author
from workers.forges.apps import REPORTING, Installations
from workers.model import Commit, Report, State, Status
from workers.pull import Pull
from workers.records import Records
from workers.records.coding import commit_id
from workers.settings import Settings

REPOSITORY = "your-org/your-repo"
COMMIT = Commit("main", REPOSITORY, "a" * 40, "refs/heads/main")
DONE = Status("hookline", State.SUCCESS, "in sync", "https://hookline.example/")
PULL = Pull("main", REPOSITORY, "7", 1, "refs/heads/main", "", "a" * 40, labels=("plan",))
TOKENS = {**SHAPES, "shapeless": SHAPELESS, "odd signs": 'p%41ss"w\\ord/+&=x'}

Answer = Callable[[str], Response]
"""What a hostile forge answers, given the token that it was sent."""


def forms(token: str) -> str:
    """Everything a server could make of a token to get it past a filter."""
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    quoted = "".join(f"%{ord(char):02X}" for char in token)
    url = f"https://me:{quote(token, safe='')}@forge.example/x"
    return f"{token} {basic} {quoted} {url} {quote(url, safe='')} Authorization: Bearer {token} {json.dumps(token)}"


def escaped(text: str) -> bytes:
    """A JSON text in which every character is written out as an escape."""
    return ('"' + "".join(f"\\u{ord(char):04x}" for char in text) + '"').encode()


def saying(code: int, **headers: str) -> Answer:
    """An error whose every field and header quotes the token."""

    def answer(token: str) -> Response:
        body = {"message": forms(token), "error": forms(token), "errors": [{"message": forms(token)}]}
        echoed = {name: value.replace("TOKEN", quote(token, safe="")) for name, value in headers.items()}
        return Response(code, json.dumps(body).encode(), echoed)

    return answer


ANSWERS: dict[str, Answer] = {
    **{str(code): saying(code) for code in (200, 201, 400, 401, 403, 404, 408, 409, 410, 418, 422, 429, 500, 502, 503)},
    "quota": saying(403, **{"retry-after": "5", "x-ratelimit-remaining": "0"}),
    "elsewhere": saying(307, location="https://me:TOKEN@evil.example/TOKEN"),
    "a host of that name": saying(307, location="https://TOKEN.evil.example/"),
    "nowhere": saying(302),
    "for ever": saying(308, location="/again?x=TOKEN"),
    "half an address": saying(301, location="http://[TOKEN"),
    "a page": lambda token: Response(502, f"<html>{forms(token)}</html>".encode()),
    "no commit": lambda token: Response(422, json.dumps({"message": f"No commit found {forms(token)}"}).encode()),
    "escapes": lambda token: Response(422, b'{"message": ' + escaped(f"bad header {token}") + b"}"),
    "silence": lambda _: Response(0),
    "a list": lambda token: Response(200, json.dumps([{"id": 1, "status": forms(token)}]).encode()),
    "an installation": lambda token: Response(200, json.dumps({"id": forms(token), "token": forms(token)}).encode()),
}


class Hostile:
    """A forge that answers each call with what it is told to, and hands out a token of its own to Apps."""

    def __init__(self) -> None:
        self.answer: Answer = saying(500)
        self.issued = ""
        self.server = Server(self._serve)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def _serve(self, request: Request) -> Response:
        if self.issued and request.path.endswith("/installation"):
            return Response(200, json.dumps({"id": 7, "permissions": {"checks": "write"}}).encode())
        if self.issued and request.path.endswith("/access_tokens"):
            made = {"token": self.issued, "expires_at": "2999-01-01T00:00:00Z"}
            return Response(201, json.dumps(made).encode())
        return self.answer(request.headers["authorization"].partition(" ")[2])


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    """The forge."""
    made = Hostile()
    made.server.start()
    yield made
    made.server.stop()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    """A client that is patient enough for a busy machine."""
    with httpx2.Client(timeout=20, trust_env=False) as client:
        yield client


def leaks(token: str, text: str) -> list[str]:
    """What of a token is in a text."""
    return [trace for trace in traces(token) if trace in text]


def failing(call: Callable[[], object]) -> str:
    """Return everything that can be said of how a call failed; "" when it did not."""
    try:
        call()
    except HooklineError as error:
        return "\n".join((str(error), repr(error), repr(vars(error)), traceback.format_exc()))
    return ""


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("kind", ["github", "gitlab", "check run", "webhooks"])
def test_no_error_of_a_call_has_the_token(hostile: Hostile, client: httpx2.Client, kind: str, name: str) -> None:
    """Whatever the forge answers: in words, arguments and traceback, and in what is logged on the way."""
    token, hostile.issued = TOKENS[name], ""
    account = Account(
        "gitlab" if kind == "gitlab" else "github", hostile.url, lambda: token, is_app=kind == "check run"
    )
    failed = 0
    for how, answer in ANSWERS.items():
        hostile.answer = answer
        with structlog.testing.capture_logs() as logs:
            if kind == "webhooks":
                said = failing(lambda: redelivery.recover(account, client, REPOSITORY, "http://x/", 0.0))
            else:
                said = failing(lambda: forges.write(account, client, COMMIT, DONE))
        assert leaks(token, said + repr(logs)) == [], how
        failed += bool(said)
    assert failed >= len(ANSWERS) - 3


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea", "bitbucket", "bitbucket-data-center"])
def test_no_error_about_a_pull_request_has_the_token(
    hostile: Hostile, client: httpx2.Client, kind: str, name: str
) -> None:
    """Reading it, asking who stands behind it, and commenting below it, as somebody known and as nobody yet."""
    token, hostile.issued = TOKENS[name], ""
    account = Account(kind, hostile.url, lambda: token)
    ours = Account(kind, hostile.url, lambda: token)
    ours.memory[hashlib.sha256(token.encode()).hexdigest()] = Author("id", "1")
    calls: tuple[Callable[[], object], ...] = (
        lambda: pulls.read(account, client, "main", REPOSITORY, "7", 1),
        lambda: consents.consents(account, client, PULL, "plan"),
        lambda: comments.put(account, client, PULL, "hookline/plan", ["x"]),
        lambda: comments.put(ours, client, PULL, "hookline/plan", ["x"], ("1",)),
    )
    failed = 0
    for how, answer in ANSWERS.items():
        hostile.answer = answer
        for call in calls:
            account.memory.clear()
            with structlog.testing.capture_logs() as logs:
                said = failing(call)
            assert leaks(token, said + repr(logs)) == [], how
            failed += bool(said)
    assert failed >= 3 * len(ANSWERS)


def test_no_error_of_an_app_has_its_assertion_or_key(hostile: Hostile, client: httpx2.Client) -> None:
    """Nor a part of either."""
    pem, hostile.issued = github_apps.key()[0], ""
    lines = [line for line in pem.splitlines() if "-----" not in line]
    sent: list[str] = []
    for how, answer in ANSWERS.items():

        def heard(token: str, answer: Answer = answer) -> Response:
            sent.append(token)
            return answer(token)

        hostile.answer = heard
        apps = Installations(hostile.url, "Iv23li", lambda: pem, client)
        said = failing(lambda apps=apps: apps.token(REPOSITORY, REPORTING))  # type: ignore[misc]
        assert said, how
        assert [found for token in sent for found in leaks(token, said)] == [], how
        assert [line for line in lines if line in said] == [], how
    assert len(sent) >= len(ANSWERS)


@pytest.mark.parametrize("app", [False, True])
def test_neither_log_nor_records_have_the_token(
    hostile: Hostile,
    redis_client: redis.Redis,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    app: bool,
) -> None:
    """Through the whole of the reporter: every key of Redis, and every line as it is printed without a last filter."""
    token = f"ghs_123456_{JWT}" if app else SHAPELESS
    hostile.issued = token if app else ""
    monkeypatch.setenv("A_TOKEN", token)
    monkeypatch.setenv("A_KEY", github_apps.key()[0])
    forge: dict[str, Any] = {"kind": "github", "api": hostile.url}
    forge |= {"app": {"id": "Iv23li", "key": "env:A_KEY"}} if app else {"token": "env:A_TOKEN"}
    settings = Settings.model_validate(
        {
            "data": tmp_path,
            "catalog": {"folders": []},
            "hooks": {"main": {"forge": "github", "secrets": ["env:A_TOKEN"]}},
            "forges": {"f": forge},
        }
    )
    records = Records(redis_client, clock)
    counter = Counter(records)
    made = context.create(settings, records, counter)
    for number, answer in enumerate(ANSWERS.values()):
        hostile.answer = answer
        clock.forward(4000)
        counter.accept(None, [], [("myapp", COMMIT, Report(State.FAILURE, f"attempt {number}"))])
        reporting.publish(made, commit_id(COMMIT))
    made.http.close()
    if (own := made.accounts.of("main", REPOSITORY).client) is not None:
        own.close()
    printed = capsys.readouterr()
    stored = contents(redis_client)
    assert leaks(token, printed.out + printed.err) == []
    assert leaks(token, stored) == []
    assert printed.out.count("statuses not written yet") > 10
    assert "attempt" in stored


def contents(client: redis.Redis) -> str:
    """All that Redis holds, as text."""
    reads: dict[str, Callable[[str], object]] = {
        "string": client.get,
        "hash": client.hgetall,
        "set": client.smembers,
        "list": lambda key: client.lrange(key, 0, -1),
        "zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }
    return "\n".join(f"{key} {reads[str(client.type(key))](key)!r}" for key in map(str, client.keys("*")))


EVIL = "https://evil.example/take?"


def evil(request: httpx2.Request) -> httpx2.Response:
    """Answers that look right, and whose every address is somebody else's."""
    path = request.url.path
    links = {
        f"{name}url": EVIL for name in ("", "html_", "access_tokens_", "deliveries_", "statuses_", "repositories_")
    }
    headers = {"link": f'<{EVIL}>; rel="next"', "content-location": EVIL, "refresh": f"0; url={EVIL}"}
    if path.endswith("/access_tokens"):
        body: Any = {**links, "token": "ghs_1", "expires_at": "2999-01-01T00:00:00Z"}
    elif path.endswith("/installation"):
        granted = dict.fromkeys(("checks", "statuses", "repository_hooks"), "write")
        body = {**links, "id": 7, "permissions": granted, "account": links}
    elif path.endswith("/check-runs") and request.method == "GET":
        body = {**links, "total_count": 1, "check_runs": []}
    elif path.endswith("/status"):
        body = {**links, "statuses": [{**links, "context": "hookline", "state": "pending"}]}
    elif path.endswith("/hooks"):
        body = [{**links, "id": 3, "config": {"url": "http://me/"}}]
    elif path.endswith("/deliveries"):
        body = [{**links, "id": 9, "guid": "g", "delivered_at": "1970-01-01T00:00:00Z", "status_code": 500}]
    elif request.method == "GET":
        body = [{**links, "id": 1, "status": "running", "name": "hookline"}]
    else:
        body = links
    code = 200 if request.method == "GET" else 202 if path.endswith("/attempts") else 201
    return httpx2.Response(code, content=iter([json.dumps(body).encode()]), headers=headers)


@pytest.mark.parametrize(
    ("kind", "api", "app"),
    [
        ("github", "https://api.github.com", False),
        ("github", "https://ghes.example/api/v3", False),
        ("github", "https://ghes.example:8443/api/v3", True),
        ("gitlab", "https://gitlab.com/api/v4", False),
        ("gitlab", "https://code.example/gitlab/api/v4", False),
    ],
)
def test_requests_go_to_the_configured_api_only(kind: str, api: str, app: bool) -> None:
    """Whatever addresses its answers name; and below its path, for another service may share the host."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return evil(request)

    with httpx2.Client(transport=httpx2.MockTransport(answer), follow_redirects=True) as client:
        apps = Installations(api, "Iv23li", lambda: github_apps.key()[0], client)
        token = (lambda: apps.token(REPOSITORY, REPORTING)) if app else (lambda: "a-token")
        account = Account(kind, api, token, is_app=app)
        for status in (Status("hookline", State.PENDING, "applying"), DONE):
            forges.write(account, client, COMMIT, status)
        if kind == "github":
            assert redelivery.recover(account, client, REPOSITORY, "http://me/", 100.0) == 1
    there = urlsplit(api)
    assert {(one.url.scheme, one.url.netloc.decode()) for one in seen} == {(there.scheme, there.netloc)}
    assert all(one.url.path.startswith(f"{there.path}/") for one in seen)
    assert all("evil" not in str(one.url) for one in seen)
    assert len(seen) >= 3
