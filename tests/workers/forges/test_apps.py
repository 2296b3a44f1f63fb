"""Tokens of a GitHub App, against the stand-in: made for one repository, kept while good, renewed once, never told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import orjson
import pytest
from jose import jwt

from deploy.local.forge import Forge
from deploy.local.forge.github.apps import App, Installation
from tests.fakes import github_apps
from workers.errors import AccessDenied, BadConfiguration, ForgeUnreachable, HooklineError, OperatorError
from workers.forges import http
from workers.forges.accounts import Accounts
from workers.forges.apps import EARLY, REDELIVERY, REPORTING, Installations, Token, installation, refusal, token
from workers.forges.assertions import assertion
from workers.forges.http import Answer
from workers.settings import Settings

REPOSITORY = "your-org/your-repo"


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client as an App's account has one."""
    with httpx2.Client(timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
def app(forge: Forge) -> App:
    """An App that is installed nowhere yet."""
    return github_apps.register(forge)


@pytest.fixture
def place(forge: Forge, app: App) -> Installation:
    """It is installed for all of an owner's repositories."""
    return forge.state.apps.install(app, "your-org", github_apps.GRANTED)


def installations(forge: Forge, app: App, client: httpx2.Client, ahead: float = 0.0) -> Installations:
    """The App's tokens, by a clock that is ahead of the forge's."""
    return Installations(
        forge.api, app.client_id, lambda: github_apps.key()[0], client, clock=lambda: time.time() + ahead
    )


def asked(forge: Forge) -> list[str]:
    """The paths that were asked for, oldest first."""
    return [call.path for call in forge.calls]


def test_the_assertion_is_what_github_asks_for() -> None:
    """RS256, issued a minute ago, good for less than ten minutes, by the App's id."""
    private, public = github_apps.key()
    now = 1_800_000_000.7
    for pem in (private, private.replace("\n", "\\n")):
        made = assertion("Iv23li", pem, now)
        claims = jwt.decode(made, public, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False})
        assert claims == {"iat": 1_799_999_940, "exp": 1_800_000_540, "iss": "Iv23li"}
        assert jwt.get_unverified_header(made) == {"alg": "RS256", "typ": "JWT"}


@pytest.mark.parametrize("pem", ["", "hunter2", github_apps.key()[1], github_apps.key()[0][:400]])
def test_a_key_that_cannot_sign_is_not_repeated(pem: str) -> None:
    """The App is named instead."""
    with pytest.raises(BadConfiguration, match="the private key of GitHub App 7") as caught:
        assertion("7", pem, 0.0)
    assert "hunter2" not in str(caught.value)
    assert "MII" not in str(caught.value)


def test_a_token_is_made_for_one_repository_and_purpose_and_kept(
    forge: Forge, app: App, place: Installation, client: httpx2.Client
) -> None:
    """Down-scoped to what is needed; two calls to make it, none to have it again, another purpose gets another."""
    tokens = installations(forge, app, client)
    first = tokens.token(REPOSITORY, REPORTING)
    assert tokens.token(REPOSITORY, REPORTING) == first
    assert asked(forge) == [f"/repos/{REPOSITORY}/installation", f"/app/installations/{place.number}/access_tokens"]
    [held] = forge.state.apps.tokens
    assert (held.names, held.permissions) == ((REPOSITORY,), {"checks": "write", "statuses": "write"})
    assert tokens.token(REPOSITORY, REDELIVERY) != first
    assert forge.state.apps.tokens[-1].permissions == {"repository_hooks": "write"}


def test_many_threads_make_one_token(forge: Forge, app: App, place: Installation, client: httpx2.Client) -> None:
    """Who comes second waits for the first."""
    tokens = installations(forge, app, client)
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: tokens.token(REPOSITORY, REPORTING), range(16)))) == 1
    assert len(forge.state.apps.tokens) == 1


def test_a_token_is_replaced_before_it_ends() -> None:
    """By the forge's own clock where it tells the time, five minutes early."""
    body = orjson.dumps({"token": "ghs_1", "expires_at": "2026-11-25T11:00:00Z"})
    ten = 1_795_600_800.0  # 2026-11-25T10:00:00Z
    assert token(Answer(201, {}, body), "h", ten) == Token("ghs_1", ten + 3600 - EARLY)
    headers = {"date": "Wed, 25 Nov 2026 10:00:00 GMT"}
    assert token(Answer(201, headers, body), "h", ten - 500).until == ten - 500 + 3600 - EARLY
    assert "ghs_" not in repr(Token("ghs_1", 0.0))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"token": "ghs_1"}', b'{"token": "ghs_1", "expires_at": "soon"}'])
def test_what_is_no_token_is_said_without_it(body: bytes) -> None:
    """As is what is no installation."""
    with pytest.raises(OperatorError, match="did not answer with a token") as caught:
        token(Answer(201, {}, body), "h", 0.0)
    assert "ghs_1" not in str(caught.value)
    with pytest.raises(OperatorError, match="did not answer with an installation"):
        installation(Answer(200, {}, body), "h")


def test_a_lapsed_token_is_made_anew(forge: Forge, app: App, place: Installation, client: httpx2.Client) -> None:
    """Without a call that would be refused."""
    ahead = [0.0]
    clock = lambda: time.time() + ahead[0]  # noqa: E731
    tokens = Installations(forge.api, app.client_id, lambda: github_apps.key()[0], client, clock)
    first = tokens.token(REPOSITORY, REPORTING)
    ahead[0] = forge.state.apps.ahead = 3600 - EARLY - 5
    assert tokens.token(REPOSITORY, REPORTING) == first
    ahead[0] = forge.state.apps.ahead = 3600 - EARLY + 5
    assert tokens.token(REPOSITORY, REPORTING) != first


def test_a_revoked_token_is_renewed_once(
    forge: Forge, app: App, place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the account, as a writer sees it; the second refusal is the answer."""
    monkeypatch.setenv("APP_KEY", github_apps.key()[0])
    settings = Settings(
        hooks={"main": {"forge": "github", "secrets": ["env:S"]}},  # type: ignore[dict-item]
        forges={"g": {"kind": "github", "api": forge.api, "app": {"id": app.number, "key": "env:APP_KEY"}}},  # type: ignore[dict-item]
    )
    account = Accounts(settings).of("main", REPOSITORY)
    call = http.Call(
        "GET", f"/repos/{REPOSITORY}/commits/main/check-runs", None, {"x-github-api-version": "2022-11-28"}
    )
    assert account.is_app
    assert account.client is not None
    with account.client as client:
        http.send(account, client, call)
        forge.state.apps.revoke()
        assert http.send(account, client, call).code == 422  # let in: there is no such branch
        assert [one.code for one in forge.calls[-4:]] == [401, 200, 201, 422]
        forge.state.apps.uninstall(place.number)
        with pytest.raises(AccessDenied, match="not installed there, or no longer"):
            http.send(account, client, call)


def test_a_renamed_repository_gets_its_token_by_number(
    forge: Forge, app: App, place: Installation, client: httpx2.Client
) -> None:
    """The old name leads to the installation, and means nothing in the request for a token."""
    forge.state.rename(REPOSITORY, "your-org/renamed")
    installations(forge, app, client).token(REPOSITORY, REPORTING)
    [held] = forge.state.apps.tokens
    assert held.names == ("your-org/renamed",)


def test_what_the_operator_is_told(forge: Forge, app: App, client: httpx2.Client) -> None:
    """Each cause has a sentence of its own, none has a token or key."""
    tokens = installations(forge, app, client)

    def said(source: Installations = tokens) -> str:
        with pytest.raises(AccessDenied) as caught:
            source.token(REPOSITORY, REPORTING)
        assert "eyJ" not in str(caught.value)
        return str(caught.value)

    assert "the App is not installed there" in said()
    weak = forge.state.apps.install(app, "your-org", {"statuses": "write", "checks": "read"})
    assert f"lacks the permission to write checks of {REPOSITORY}" in said()
    forge.state.apps.uninstall(weak.number)
    place = forge.state.apps.install(app, "your-org", github_apps.GRANTED)
    forge.state.apps.suspend(place.number)
    assert "is suspended: its owner has to end that" in said()
    forge.state.apps.suspend(place.number, on=False)
    assert "there is no such App, check `app.id`" in said(
        Installations(forge.api, "Iv-nobody", lambda: github_apps.key()[0], client)
    )
    assert "this machine's clock" in said(
        Installations(forge.api, app.client_id, lambda: github_apps.key(1)[0], client)
    )
    assert "this machine's clock" in said(installations(forge, app, client, ahead=900))
    assert tokens.token(REPOSITORY, REPORTING)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(403, {"retry-after": "7"}, b""), ForgeUnreachable, "the next try is in 7 s"),
        (Answer(429, {}, b""), ForgeUnreachable, "the next try is in 60 s"),
        (Answer(502, {}, b""), ForgeUnreachable, "answered 502"),
        (Answer(403, {}, b'{"message": "This installation has been suspended"}'), AccessDenied, "suspended"),
        (Answer(422, {}, b'{"message": "not granted"}'), AccessDenied, "lacks a permission or the repository"),
        (Answer(418, {}, b""), OperatorError, "check that `api`"),
    ],
)
def test_judging_an_answer(answer: Answer, kind: type[HooklineError], words: str) -> None:
    """What passes by itself, and what somebody has to change."""
    error = refusal(answer, "api.github.com", "7", REPOSITORY, 0.0)
    assert type(error) is kind
    assert words in str(error)
