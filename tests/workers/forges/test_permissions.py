"""What a forge says of a person and of a merge, asked of the stand-ins by the published calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.forge import Forge
from deploy.local.forge.github import contract, objects
from deploy.local.forge.gitlab import payloads
from deploy.local.forge.web import Request
from workers.errors import AccessDenied, BadConfiguration, ForgeUnreachable, OperatorError, SourceMissing
from workers.forges import Account, http, permissions

REPOSITORY = "your-org/your-repo"
A, B, C = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client as the worker has one."""
    with httpx2.Client(timeout=10, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_people_and_merges_are_told_as_they_are(kind: str, tmp_path: Path, client: httpx2.Client) -> None:
    """By role, by number, and the very commit that a merge made; nothing for strangers and open requests."""
    number = {"github": objects.number, "gitlab": payloads.number}[kind]
    with Forge(tmp_path / "forge", kind=kind) as forge:
        repository = forge.create(REPOSITORY)
        account, place = Account(kind, forge.api, lambda: forge.token), (REPOSITORY, str(repository.number))
        for who, role in {"ada": "write", "grace": "admin", "eve": "read", "tim": "triage", "mia": "maintain"}.items():
            forge.state.people[who] = role
        found = {
            who: permissions.may_write(account, client, *place, who, str(number(who)))
            for who in ("ada", "grace", "eve", "tim", "mia", "nobody")
        }
        assert found == {"ada": True, "grace": True, "eve": False, "tim": False, "mia": True, "nobody": False}
        assert not permissions.may_write(account, client, *place, "ada", str(number("nobody")))
        work = forge.checkout(REPOSITORY, tmp_path / "work")
        work.commit({"a": "1"}, "first")
        work.push()
        work.switch("change")
        work.commit({"a": "2"}, "second")
        work.push()
        pull = forge.open_pull(REPOSITORY, "change")
        assert permissions.merge_of(account, client, *place, pull.number) == ""
        commit = forge.merge(REPOSITORY, pull.number)
        assert permissions.merge_of(account, client, *place, pull.number) == commit
        assert permissions.merge_of(account, client, *place, 99) == ""
        wrong = Account(kind, forge.api, lambda: "wrong")
        with pytest.raises(AccessDenied, match="members and pull requests"):
            permissions.may_write(wrong, client, *place, "ada", str(number("ada")))


def test_every_question_to_github_is_one_that_it_describes() -> None:
    """Its description comes from GitHub itself; a path beside it would be refused."""
    for call in (
        permissions.permission_of("github", REPOSITORY, "7", "ada", "4"),
        permissions.pull_of("github", REPOSITORY, "7", 12),
    ):
        assert contract.problem(Request(call.method, call.path, {}, "", call.headers, b""), call.path) is None
    assert contract.problem(Request("GET", "/repos/a/b/people/ada", {}, "", {}, b""), "/repos/a/b/people/ada")


@pytest.mark.parametrize(
    ("kind", "found", "may"),
    [
        ("github", {"permission": "write", "user": {"id": 4}}, True),
        ("github", {"permission": "admin", "user": {"id": 4}}, True),
        ("github", {"permission": "read", "role_name": "write", "user": {"id": 4}}, False),
        ("github", {"permission": "none", "user": {"id": 4}}, False),
        ("github", {"permission": "write", "user": {"id": 5}}, False),
        ("github", {"permission": "write", "user": None}, False),
        ("github", {"permission": "write"}, False),
        ("github", {}, False),
        ("gitea", {"permission": "owner", "user": {"id": 4}}, True),
        ("gitea", {"permission": "read", "user": {"id": 4}}, False),
        ("gitlab", {"id": 4, "state": "active", "access_level": 30}, True),
        ("gitlab", {"id": 4, "state": "active", "access_level": 50, "membership_state": "active"}, True),
        ("gitlab", {"id": 4, "state": "active", "access_level": 20}, False),
        ("gitlab", {"id": 4, "state": "blocked", "access_level": 50}, False),
        ("gitlab", {"id": 4, "state": "active", "access_level": 30, "membership_state": "awaiting"}, False),
        ("gitlab", {"id": 5, "state": "active", "access_level": 30}, False),
        ("gitlab", {"id": 4, "state": "active", "access_level": "50"}, False),
        ("gitlab", {"id": 4, "state": "active", "access_level": True}, False),
    ],
)
def test_who_may_write(kind: str, found: dict[str, Any], may: bool) -> None:
    """Whatever is not said for sure is no permission."""
    assert permissions.writes(kind, found, "4") is may


@pytest.mark.parametrize(
    ("kind", "found", "commit"),
    [
        ("github", {"merged": True, "merge_commit_sha": A}, A),
        ("github", {"merged": False, "merge_commit_sha": A}, ""),  # the trial merge of an open one
        ("github", {"merged": "yes", "merge_commit_sha": A}, ""),
        ("github", {"merged": True, "merge_commit_sha": None}, ""),
        ("github", {"merged": True, "merge_commit_sha": "main"}, ""),
        ("gitea", {"merged": True, "merge_commit_sha": A}, A),
        ("gitlab", {"state": "merged", "merge_commit_sha": A, "squash_commit_sha": B, "sha": C}, A),
        ("gitlab", {"state": "merged", "merge_commit_sha": None, "squash_commit_sha": B, "sha": C}, B),
        ("gitlab", {"state": "merged", "merge_commit_sha": None, "squash_commit_sha": None, "sha": C}, C),
        ("gitlab", {"state": "opened", "merge_commit_sha": A, "sha": C}, ""),
        ("gitlab", {"state": "closed", "sha": C}, ""),
        ("gitlab", {}, ""),
    ],
)
def test_the_commit_of_a_merge(kind: str, found: dict[str, Any], commit: str) -> None:
    """Merged, squashed or fast-forwarded; none for what is not merged."""
    assert permissions.merged(kind, found) == commit


@pytest.mark.parametrize(
    ("kind", "repository", "who", "person", "error"),
    [
        ("github", "your-org/../x", "ada", "4", SourceMissing),
        ("github", "your-org", "ada", "4", SourceMissing),
        ("github", REPOSITORY, "../../x", "4", SourceMissing),
        ("github", REPOSITORY, "..", "4", SourceMissing),
        ("github", REPOSITORY, "ada/permission?x=", "4", SourceMissing),
        ("github", REPOSITORY, "", "4", SourceMissing),
        ("gitlab", REPOSITORY, "ada", "4/../5", SourceMissing),
        ("gitlab", REPOSITORY, "ada", "", SourceMissing),
        ("gitlab", REPOSITORY, "ada", "\u0664", SourceMissing),
        ("bitbucket", REPOSITORY, "ada", "4", BadConfiguration),
    ],
)
def test_no_name_leads_to_another_path(
    kind: str, repository: str, who: str, person: str, error: type[Exception]
) -> None:
    """Names come from a signed payload and are checked all the same."""
    with pytest.raises(error):
        permissions.permission_of(kind, repository, "7", who, person)


def test_a_gitlab_project_goes_by_its_number() -> None:
    """A rename between comment and question changes nothing; without a number by its quoted path."""
    assert permissions.pull_of("gitlab", "g/sub/p", "15", 8).path == "/projects/15/merge_requests/8"
    assert permissions.pull_of("gitlab", "g/sub/p", "../1", 8).path == "/projects/g%2Fsub%2Fp/merge_requests/8"


@pytest.mark.parametrize(
    ("code", "headers", "body", "error"),
    [
        (401, {}, b"{}", AccessDenied),
        (403, {}, b"{}", AccessDenied),
        (403, {"retry-after": "7"}, b"{}", ForgeUnreachable),
        (403, {}, b'{"message":"API rate limit exceeded"}', ForgeUnreachable),
        (429, {}, b"", ForgeUnreachable),
        (502, {}, b"<html>", ForgeUnreachable),
        (200, {}, b"<html>", OperatorError),
        (200, {}, b"[]", OperatorError),
        (302, {}, b"", OperatorError),
    ],
)
def test_an_answer_that_is_none_lets_nobody_write(
    monkeypatch: pytest.MonkeyPatch,
    client: httpx2.Client,
    code: int,
    headers: dict[str, str],
    body: bytes,
    error: type[Exception],
) -> None:
    """Transient, or for the operator; never a permission."""
    monkeypatch.setattr(http, "send", lambda *_: http.Answer(code, headers, body))
    account = Account("github", "https://api.github.com", lambda: "t")
    with pytest.raises(error):
        permissions.may_write(account, client, REPOSITORY, "7", "ada", "4")
