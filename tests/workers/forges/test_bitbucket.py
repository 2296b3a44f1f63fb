"""Writing statuses to both Bitbuckets, against stand-ins that refuse what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from deploy.local.forge import DROP, LOST, Forge, faults
from workers import forges
from workers.errors import AccessDenied, AuthorError, ForgeUnreachable, OperatorError, SourceMissing
from workers.forges import bitbucket, bitbucket_data_center
from workers.forges.http import Answer
from workers.forges.refusals import Busy, TokenRefused
from workers.model import Commit, State, Status

REPOSITORY = "TEAM/app"
LINK = "https://hookline.example/apps/myapp"
RUNS = Status("hookline", State.PENDING, "rendering", LINK)
DONE = replace(RUNS, state=State.SUCCESS, text="in sync")
COMMIT = Commit("main", REPOSITORY, "a" * 40, "refs/heads/main")
CLOUD = "https://api.bitbucket.org/2.0"
SERVER = "https://git.example/bitbucket/rest/"


@pytest.fixture(scope="module", params=["bitbucket", "bitbucket-data-center", "bitbucket-server"])
def forge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """Each kind, with a repository; every test writes to a commit of its own."""
    with Forge(tmp_path_factory.mktemp("forge"), kind=request.param) as forge:
        forge.create(REPOSITORY)
        yield forge


@pytest.fixture
def commit(forge: Forge, tmp_path: Path) -> Commit:
    """A commit that is there."""
    checkout = forge.checkout(REPOSITORY, tmp_path / "work", f"branch-{tmp_path.name}")
    sha = checkout.commit({"a.yaml": f"a: {tmp_path.name}\n"}, "first")
    checkout.push()
    return Commit("main", REPOSITORY, sha, "refs/heads/main")


@pytest.fixture
def account(forge: Forge) -> forges.Account:
    """An account with the right token; an old server is configured as any other."""
    kind = "bitbucket" if forge.kind == "bitbucket" else "bitbucket-data-center"
    return forges.Account(kind, forge.api, lambda: forge.token)


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client as the worker has one."""
    with httpx2.Client(timeout=10, trust_env=False) as client:
        yield client


def test_a_status_from_beginning_to_end(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """One key all the way, with text and link; a failure is FAILED; a text without end is cut."""
    for status in (RUNS, replace(RUNS, state=State.FAILURE, text="no " * 200), DONE):
        forges.write(account, client, commit, status)
    written = forge.statuses(sha=commit.revision)
    assert [(one.context, one.state) for one in written] == [
        ("hookline", "INPROGRESS"),
        ("hookline", "FAILED"),
        ("hookline", "SUCCESSFUL"),
    ]
    assert (written[-1].description, written[-1].target_url, written[-1].creator) == ("in sync", LINK, "hookline-bot")
    assert len(written[1].description) <= bitbucket.TEXT_LIMIT


def test_a_status_no_forge_could_take_as_it_is(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """Without a link, with one that is too long, with a context longer than a key: all written, and told apart."""
    contexts = [f"hookline/{'a' * 60}-{number}" for number in range(2)]
    forges.write(account, client, commit, replace(DONE, url=""))
    for context in contexts:
        forges.write(
            account, client, commit, replace(DONE, context=context, url="https://hookline.example/" + "u" * 450)
        )
    written = forge.statuses(sha=commit.revision)
    assert len({one.context for one in written}) == 3
    assert all(one.target_url.endswith(f"{REPOSITORY.split('/')[1]}/commits/{commit.revision}") for one in written)


def test_what_the_forge_says_no_to(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """A wrong token, an unknown repository and an unknown commit are three different errors."""
    with pytest.raises(AccessDenied, match="401"):
        forges.write(replace(account, token=lambda: "wrong"), client, commit, DONE)
    if forge.kind == "bitbucket-server":  # it asks for no repository and believes in any commit
        return
    with pytest.raises(AccessDenied, match="404"):
        forges.write(account, client, replace(commit, repository="TEAM/other"), DONE)
    with pytest.raises(SourceMissing, match="not at the forge"):
        forges.write(account, client, replace(commit, revision="b" * 40), DONE)
    assert forge.statuses(sha=commit.revision) == []


def test_a_forge_in_trouble(forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit) -> None:
    """Each time a later try is asked for, and the last one makes it true."""
    waits = []
    for trouble in (faults.too_many(7), faults.too_many(), faults.broken(503), DROP, LOST):
        forge.fail_next(trouble)
        with pytest.raises(ForgeUnreachable) as refused:
            forges.write(account, client, commit, DONE)
        waits.append(refused.value.retry_after)
    forges.write(account, client, commit, DONE)
    assert waits == [7.0, 60.0, None, None, None]
    assert {(one.context, one.state) for one in forge.statuses(sha=commit.revision)} == {("hookline", "SUCCESSFUL")}


def test_only_an_old_server_is_asked_twice(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """The old resource is used where there is no other."""
    before = len(forge.calls)
    forges.write(account, client, commit, DONE)
    codes = [call.code for call in forge.calls[before:]]
    assert codes == {"bitbucket": [201], "bitbucket-data-center": [204], "bitbucket-server": [404, 204]}[forge.kind]


@pytest.mark.parametrize(
    ("context", "limit", "key"),
    [
        ("hookline", 40, "hookline"),
        ("k" * 40, 40, "k" * 40),
        ("k" * 41, 40, "k" * 31 + "-6510a5e1"),
        ("k" * 300, 255, "k" * 246 + "-17b16d8e"),
    ],
)
def test_keys(context: str, limit: int, key: str) -> None:
    """Itself where it fits, else its beginning and a digest of the whole."""
    assert bitbucket.key(context, limit) == key
    assert len(key) <= limit


@pytest.mark.parametrize("repository", ["app", "a/b/c", "../app", "TEAM/..", "TEAM/a?b", "TEAM/a b", "té/app", "~/x/y"])
def test_a_repository_bitbucket_cannot_have(repository: str) -> None:
    """It is never pasted into a path; nor is a revision that is none."""
    for request, api in ((bitbucket.request, CLOUD), (bitbucket_data_center.request, SERVER)):
        with pytest.raises(SourceMissing):
            request(api, replace(COMMIT, repository=repository), DONE)
        with pytest.raises(SourceMissing):
            request(api, replace(COMMIT, revision="main"), DONE)


def test_addresses() -> None:
    """Of the calls, and of the page a status without a link leads to; a server may live below a path."""
    cloud = bitbucket.request(CLOUD, COMMIT, replace(DONE, url=""))
    server = bitbucket_data_center.request(SERVER, replace(COMMIT, repository="~ada/app"), replace(DONE, url=""))
    old = bitbucket_data_center.old_request(SERVER, COMMIT, DONE)
    sha = COMMIT.revision
    assert cloud.path == f"/repositories/TEAM/app/commit/{sha}/statuses/build"
    assert server.path == f"/api/latest/projects/~ada/repos/app/commits/{sha}/builds"
    assert old.path == f"/build-status/1.0/commits/{sha}"
    assert cloud.body is not None
    assert cloud.body["url"] == f"https://bitbucket.org/TEAM/app/commits/{sha}"
    assert server.body is not None
    assert server.body["url"] == f"https://git.example/bitbucket/projects/~ada/repos/app/commits/{sha}"


def said(*, exception: str = "", message: str = "no") -> dict[str, Any]:
    """An error body of either kind."""
    if exception:
        return {"errors": [{"context": None, "message": message, "exceptionName": f"com.atlassian.{exception}"}]}
    return {"type": "error", "error": {"message": message}}


@pytest.mark.parametrize(
    ("module", "code", "body", "error"),
    [
        (bitbucket, 201, {}, None),
        (bitbucket, 200, {}, None),
        (bitbucket, 403, said(message="Only its creator may"), AccessDenied),
        (bitbucket, 404, said(message="Repository commit/app not found"), AccessDenied),
        (bitbucket, 404, said(message="Commit not found"), SourceMissing),
        (bitbucket, 400, said(), AuthorError),
        (bitbucket, 401, said(), TokenRefused),
        (bitbucket, 409, said(), Busy),
        (bitbucket, 204, {}, OperatorError),
        (bitbucket, 302, {}, OperatorError),
        (bitbucket_data_center, 204, {}, None),
        (bitbucket_data_center, 401, said(exception="IncorrectPasswordAuthenticationException"), TokenRefused),
        (bitbucket_data_center, 401, said(exception="AuthorisationException"), AccessDenied),
        (bitbucket_data_center, 404, said(exception="NoSuchRepositoryException"), AccessDenied),
        (bitbucket_data_center, 404, said(exception="NoSuchCommitException"), SourceMissing),
        (bitbucket_data_center, 404, {}, OperatorError),
        (bitbucket_data_center, 400, said(exception="x"), AuthorError),
        (bitbucket_data_center, 502, {}, ForgeUnreachable),
        (bitbucket_data_center, 200, {}, OperatorError),
    ],
)
def test_what_an_answer_means(module: Any, code: int, body: dict[str, Any], error: type[Exception] | None) -> None:
    """The type of the error decides who is told and whether it is tried again."""
    refusal = module.judge(Answer(code, {}, orjson.dumps(body)), "git.example", COMMIT, 0.0)
    assert (refusal if error is None else type(refusal)) is error
