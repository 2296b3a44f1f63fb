"""Which account writes to which repository, and how it gets there: certificates, proxies and addresses of its own."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from pydantic import ValidationError

from deploy.local import pki
from deploy.local.forge.web import Request, Response, Server, json
from tests.fakes import github_apps
from workers.apps import App
from workers.commands import problems
from workers.context import Context
from workers.errors import BadConfiguration, HooklineError, OperatorError, UnknownName
from workers.forges import Account, accounts, http
from workers.forges.accounts import Accounts
from workers.settings import Settings

CLOUD = {"kind": "github", "api": "https://api.github.com", "token": "env:A_TOKEN"}
ENTERPRISE = {"kind": "github", "api": "https://ghes.example/api/v3/", "token": "env:A_TOKEN"}
GITLAB = {"kind": "gitlab", "api": "https://code.example/gitlab/api/v4", "token": "env:A_TOKEN"}
MINE = {**CLOUD, "repositories": ["mine/**"]}
ONE = {**CLOUD, "repositories": ["mine/one", "theirs/two"]}
TEAM = {**GITLAB, "repositories": ["group/team/**"]}


def settings(forges: dict[str, Any], **hook: str) -> Settings:
    """A configuration with one hook, ``main``."""
    hooks: dict[str, Any] = {"main": {"forge": "github", "secrets": ["env:S"], **hook}}
    return Settings(hooks=hooks, forges=forges)


def close(account: Account) -> None:
    """Let go of an account's own connections."""
    assert account.client is not None
    account.client.close()


@pytest.mark.parametrize(
    ("forges", "hook", "repository", "chosen"),
    [
        ({"a": CLOUD}, {}, "any/repo", "a"),
        ({"a": CLOUD, "g": GITLAB}, {"forge": "gitlab"}, "group/sub/repo", "g"),
        ({"a": CLOUD, "e": ENTERPRISE}, {"host": "github.com"}, "any/repo", "a"),
        ({"a": CLOUD, "e": ENTERPRISE}, {"host": "GHES.example"}, "any/repo", "e"),
        ({"a": CLOUD, "e": {**ENTERPRISE, "host": "git.example"}}, {"host": "git.example"}, "any/repo", "e"),
        ({"a": CLOUD, "e": ENTERPRISE}, {"account": "e"}, "any/repo", "e"),
        ({"a": CLOUD, "m": MINE, "o": ONE}, {}, "any/repo", "a"),
        ({"a": CLOUD, "m": MINE, "o": ONE}, {}, "mine/other", "m"),
        ({"a": CLOUD, "m": MINE, "o": ONE}, {}, "mine/one", "o"),
        ({"a": CLOUD, "m": MINE, "o": ONE}, {}, "Theirs/Two", "o"),
        ({"t": TEAM, "g": GITLAB}, {"forge": "gitlab"}, "group/team/sub/repo", "t"),
        ({"t": TEAM, "g": GITLAB}, {"forge": "gitlab"}, "group/other/repo", "g"),
    ],
)
def test_the_account_of_a_repository(
    forges: dict[str, Any], hook: dict[str, str], repository: str, chosen: str
) -> None:
    """The hook's own, else by kind, host and the narrowest glob."""
    assert accounts.choose(settings(forges, **hook), "main", repository) == chosen


@pytest.mark.parametrize(
    ("forges", "hook", "repository", "kind", "words"),
    [
        ({}, {}, "any/repo", UnknownName, "no forge of kind github is configured"),
        ({"g": GITLAB}, {}, "any/repo", UnknownName, "no forge of kind github is configured"),
        ({"a": CLOUD}, {"host": "ghes.example"}, "any/repo", UnknownName, "whose repositories are at ghes.example"),
        ({"m": MINE}, {}, "any/repo", UnknownName, "none of the accounts m is for any/repo"),
        ({"m": MINE}, {"account": "m"}, "any/repo", UnknownName, "none of the accounts m is for any/repo"),
        ({"a": CLOUD, "e": ENTERPRISE}, {}, "any/repo", BadConfiguration, "a and e are both for any/repo"),
    ],
)
def test_a_repository_without_an_account(
    forges: dict[str, Any], hook: dict[str, str], repository: str, kind: type[HooklineError], words: str
) -> None:
    """The operator is told what to write where, and no account is taken on a guess."""
    with pytest.raises(kind, match=words):
        accounts.choose(settings(forges, **hook), "main", repository)
    with pytest.raises(UnknownName, match="no longer configured"):
        accounts.choose(settings(forges, **hook), "gone", repository)


@pytest.mark.parametrize(
    ("url", "hook"),
    [
        ("https://ghes.example/your-org/your-repo.git", "enterprise"),
        ("git@GHES.example:your-org/your-repo.git", "enterprise"),
        ("ssh://git@ghes.example:2222/your-org/your-repo.git", "enterprise"),
        ("https://github.com/your-org/your-repo.git", "cloud"),
        ("https://other.example/your-org/your-repo.git", None),
    ],
)
def test_a_commit_no_delivery_told_of_is_reported_where_its_repository_is(url: str, hook: str | None) -> None:
    """Two forges may have a repository of one name."""
    declared: dict[str, Any] = {"forge": "github", "secrets": ["env:S"]}
    hooks: dict[str, Any] = {
        "cloud": {**declared, "host": "github.com"},
        "enterprise": {**declared, "host": "ghes.example"},
    }
    held = cast("Context", SimpleNamespace(settings=Settings(hooks=hooks)))
    commit = Context.served(held, App("myapp", url, "myapp", "main", "f"), "a" * 40)
    assert (commit.hook if commit else None) == hook


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"api": "http://api.github.com"}, "must be https"),
        ({"api": "https://me:password@api.github.com"}, "without user"),
        ({"api": "https://api.github.com?x=1"}, "without user"),
        ({"api": "https://api.github.com/a/../b"}, r"`\.\.`"),
        ({"api": "ftp://api.github.com"}, "expected a URL"),
        ({"api": "https://[::1"}, "expected a URL"),
        ({"api": "https://host:port"}, "expected a URL"),
        ({"token": None}, "either `token` or `app`"),
        ({"app": {"id": 1, "key": "env:KEY"}}, "either `token` or `app`"),
        ({"kind": "gitlab", "token": None, "app": {"id": 1, "key": "env:KEY"}}, "GitHub App"),
        ({"token": "ghp_0123456789"}, "never written here"),
    ],
)
def test_an_account_that_is_none(change: dict[str, Any], words: str) -> None:
    """Said at the start, and what may be a secret is not repeated."""
    with pytest.raises(ValidationError, match=words) as caught:
        settings({"a": {**CLOUD, **change}})
    said = str([one["msg"] for one in caught.value.errors(include_input=False)])
    assert "password" not in said
    assert "ghp_" not in said


@pytest.mark.parametrize(
    ("api", "plain", "base"),
    [
        ("https://API.github.com/", False, "https://api.github.com"),
        ("http://127.0.0.1:3000/api/v3", False, "http://127.0.0.1:3000/api/v3"),
        ("http://localhost/gitlab/api/v4//", False, "http://localhost/gitlab/api/v4"),
        ("http://forge.lan", True, "http://forge.lan"),
    ],
)
def test_addresses_that_are_fine(api: str, plain: bool, base: str) -> None:
    """Without TLS only within this machine, or where the configuration says that it is meant."""
    assert settings({"a": {**CLOUD, "api": api, "plain_http": plain}}).forges["a"].api == base


def test_a_private_authority_is_trusted_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over real TLS; without `ca` the sentence names it, and nothing was sent."""
    monkeypatch.setenv("A_TOKEN", "a-token")
    authority = pki.Authority()
    pair = authority.server(["127.0.0.1"])
    for name, content in (("ca", authority.certificate), ("cert", pair.certificate), ("key", pair.key)):
        (tmp_path / name).write_bytes(content)
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return json(200, {})

    server = Server(answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    server.start()
    forge = {**CLOUD, "api": f"https://127.0.0.1:{server.port}"}
    try:
        with httpx2.Client(timeout=5, trust_env=False) as client:
            stranger = Accounts(settings({"a": forge})).of("main", "o/r")
            with pytest.raises(OperatorError, match="name the authority's file in `ca`"):
                http.send(stranger, client, http.Call("GET", "/x"))
            assert seen == []
            known = Accounts(settings({"a": {**forge, "ca": str(tmp_path / "ca")}})).of("main", "o/r")
            assert http.send(known, client, http.Call("GET", "/x")).code == 200
            close(known)
    finally:
        server.stop()


def test_a_proxy_is_gone_through_and_its_password_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy sees the call; one that is none is named by its reference only."""
    monkeypatch.setenv("A_TOKEN", "a-token")
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return json(200, {})

    server = Server(answer)
    server.start()
    forge = {**CLOUD, "api": "http://forge.invalid/api", "plain_http": True, "proxy": "env:A_PROXY"}
    try:
        monkeypatch.setenv("A_PROXY", f"http://me:hunter2@127.0.0.1:{server.port}")
        with httpx2.Client(trust_env=False) as client:
            account = Accounts(settings({"a": forge})).of("main", "o/r")
            assert http.send(account, client, http.Call("GET", "/x")).code == 200
            close(account)
    finally:
        server.stop()
    assert [request.headers["host"] for request in seen] == ["forge.invalid"]
    for wrong in ("no-scheme:hunter2@host", "http://me:hunter2@[::1", "smtp://me:hunter2@host"):
        monkeypatch.setenv("A_PROXY", wrong)
        with pytest.raises(BadConfiguration, match="A_PROXY holds is no URL of a proxy") as caught:
            Accounts(settings({"a": forge})).of("main", "o/r")
        assert "hunter2" not in str(caught.value)


def test_check_tells_of_an_account_that_cannot_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is connected to, and without what the references hold."""
    key = github_apps.key()
    for name, value in {"GOOD": key[0], "PUBLIC": key[1], "PROXY": "me:hunter2@host", "A_TOKEN": "a"}.items():
        monkeypatch.setenv(name, value)
    app = {"kind": "github", "api": "https://api.github.com"}
    found = problems.account_problems(
        settings(
            {
                "good": {**app, "app": {"id": 7, "key": "env:GOOD"}},
                "public": {**app, "app": {"id": "Iv23li", "key": "env:PUBLIC"}},
                "missing": {**app, "app": {"id": 7, "key": "env:NOWHERE"}},
                "proxy": {**CLOUD, "proxy": "env:PROXY"},
                "ca": {**CLOUD, "ca": str(tmp_path / "none.pem")},
            }
        )
    )
    assert [one.partition(" ")[0] for one in found] == ["the", "forges.proxy.proxy:", "forges.ca.ca:"]
    assert "the private key of GitHub App Iv23li is a public key" in found[0]
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_are_none(tmp_path: Path, content: str | None) -> None:
    """The field is named."""
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    with pytest.raises(BadConfiguration, match=r"forges\.a\.ca: .* no file of certificates"):
        Accounts(settings({"a": {**CLOUD, "ca": str(file)}})).of("main", "o/r")
