"""Writing statuses to GitHub, against the stand-in over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from deploy.local.forge import DROP, LATE, Fault, Forge, faults
from deploy.local.forge.github import contract
from deploy.local.forge.web import Request
from workers import forges
from workers.errors import AccessDenied, AuthorError, ForgeUnreachable, OperatorError, SourceMissing
from workers.forges import github
from workers.forges.http import Answer
from workers.forges.refusals import Busy, Full, TokenRefused
from workers.model import Commit, State, Status

REPOSITORY = "your-org/your-repo"
DONE = Status("hookline/myapp", State.SUCCESS, "in sync", "https://hookline.example/apps/myapp")


@pytest.fixture
def commit(forge: Forge, tmp_path: Path) -> Commit:
    """A commit that is there."""
    checkout = forge.checkout(REPOSITORY, tmp_path / "work")
    sha = checkout.commit({"a.yaml": "a: 1\n"}, "first")
    checkout.push()
    return Commit("main", REPOSITORY, sha, "refs/heads/main")


@pytest.fixture
def account(forge: Forge) -> forges.Account:
    """An account with the right token."""
    return forges.Account("github", forge.api, lambda: forge.token)


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client as the worker has one."""
    with httpx2.Client(timeout=10, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("state", "word"), [(State.PENDING, "pending"), (State.SUCCESS, "success"), (State.FAILURE, "failure")]
)
def test_a_status_arrives(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit, state: State, word: str
) -> None:
    """Every state, with text and link, on the right commit and context."""
    forges.write(account, client, commit, replace(DONE, state=state))
    [written] = forge.statuses()
    assert (written.repository, written.sha) == (REPOSITORY, commit.revision)
    assert (written.context, written.state) == ("hookline/myapp", word)
    assert (written.description, written.target_url) == ("in sync", "https://hookline.example/apps/myapp")


@pytest.mark.parametrize("path", ["", "/api/v3", "/api/v3/"])
def test_a_path_before_the_api_is_kept(forge: Forge, client: httpx2.Client, commit: Commit, path: str) -> None:
    """As api.github.com has it and as GitHub Enterprise Server has it."""
    forges.write(forges.Account("github", forge.url + path, lambda: forge.token), client, commit, DONE)
    assert [one.state for one in forge.statuses()] == ["success"]


def test_every_request_is_one_that_github_describes(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """Each state, with and without link, with every kind of text: all pass GitHub's own description."""
    texts = ["in sync", "", "x" * 500, "wörter " * 50, "a\r\nb", "🚀" * 200]
    for state in State:
        for text in texts:
            for url in ("", "https://hookline.example/"):
                forges.write(account, client, commit, Status("hookline", state, text, url))
    calls = forge.calls
    assert [call.code for call in calls] == [201] * (len(State) * len(texts) * 2)
    for call in calls:
        request = Request(call.method, call.path, {}, "", call.headers, call.body)
        assert contract.problem(request, call.path) is None
        assert call.headers["x-github-api-version"] == github.API_VERSION
    assert all(len(one.description) <= 140 for one in forge.statuses())


def test_the_token_is_read_for_each_call(forge: Forge, client: httpx2.Client, commit: Commit) -> None:
    """A token that is replaced while the worker runs is used at once."""
    tokens = iter(["old-token", forge.token])
    account = forges.Account("github", forge.api, lambda: next(tokens))
    with pytest.raises(AccessDenied):
        forges.write(account, client, commit, DONE)
    forges.write(account, client, commit, DONE)
    assert len(forge.statuses()) == 1


def test_a_wrong_token_is_the_operators_to_replace(forge: Forge, client: httpx2.Client, commit: Commit) -> None:
    """And no part of it is in the message."""
    account = forges.Account("github", forge.api, lambda: "wrong-token-value")
    with pytest.raises(AccessDenied, match="put a valid one") as caught:
        forges.write(account, client, commit, DONE)
    assert "wrong-token-value" not in str(caught.value)


def test_an_unknown_repository_names_the_token_as_a_cause(
    account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """GitHub answers 404 for what a token cannot see."""
    with pytest.raises(AccessDenied, match="no such repository or the token cannot see it"):
        forges.write(account, client, replace(commit, repository="your-org/other"), DONE)


def test_an_unknown_commit_is_missing(account: forges.Account, client: httpx2.Client, commit: Commit) -> None:
    """422 "No commit found": no later try will find it."""
    with pytest.raises(SourceMissing, match="No commit found"):
        forges.write(account, client, replace(commit, revision="d" * 40), DONE)


@pytest.mark.parametrize(
    ("repository", "revision"),
    [
        ("no-owner", "a" * 40),
        ("a/b/c", "a" * 40),
        ("../..", "a" * 40),
        ("your-org/..", "a" * 40),
        ("your-org/repo?x=1", "a" * 40),
        ("your-org/repo#", "a" * 40),
        ("your-org/rëpo", "a" * 40),
        (REPOSITORY, "main"),
        (REPOSITORY, "a" * 39),
        (REPOSITORY, "A" * 40),
        (REPOSITORY, "../" + "a" * 40),
    ],
)
def test_what_github_cannot_have_is_never_asked_for(
    forge: Forge, account: forges.Account, client: httpx2.Client, repository: str, revision: str
) -> None:
    """Neither a repository nor a revision becomes part of a path unchecked."""
    with pytest.raises(SourceMissing):
        forges.write(account, client, Commit("main", repository, revision), DONE)
    assert forge.calls == []


def test_too_many_statuses_is_final(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """1000 of one commit and context: the 1001st is refused and must not be tried again."""
    for _ in range(1000):
        forge.note(commit.repository, commit.revision, DONE.context, "pending")
    with pytest.raises(Full, match="maximum number of statuses"):
        forges.write(account, client, commit, DONE)
    forges.write(account, client, commit, replace(DONE, context="hookline/other"))


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (faults.secondary_limit(17), 17.0),
        (faults.too_many(9), 9.0),
        (faults.too_many(), 60.0),
        (Fault(403, "You have exceeded a secondary rate limit."), 60.0),
        (faults.broken(500), None),
        (faults.broken(502), None),
        (faults.broken(503), None),
        (Fault(503, headers={"retry-after": "4"}), 4.0),
        (faults.locked(), None),
        (DROP, None),
    ],
)
def test_trouble_that_passes(
    forge: Forge,
    account: forges.Account,
    client: httpx2.Client,
    commit: Commit,
    fault: Fault,
    seconds: float | None,
) -> None:
    """A rate limit, a server error or a lost connection asks for another try, which works."""
    forge.fail_next(fault)
    with pytest.raises(ForgeUnreachable) as caught:
        forges.write(account, client, commit, DONE)
    assert caught.value.retry_after == seconds
    assert forge.statuses() == []
    forges.write(account, client, commit, DONE)
    assert [one.state for one in forge.statuses()] == ["success"]


def test_a_used_up_quota_waits_until_it_renews(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """403 with nothing remaining is about the hour, not about rights."""
    forge.fail_next(faults.quota_used_up(time.time() + 1800))
    with pytest.raises(ForgeUnreachable) as caught:
        forges.write(account, client, commit, DONE)
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 1800


def test_403_without_a_limit_is_about_rights(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """The operator is told which right the token lacks."""
    forge.fail_next(Fault(403, "Resource not accessible by personal access token"))
    with pytest.raises(AccessDenied, match="repo:status"):
        forges.write(account, client, commit, DONE)


def test_a_lost_answer_is_made_good_by_another_try(forge: Forge, account: forges.Account, commit: Commit) -> None:
    """The status was written but the answer timed out: after the retry the newest one is still the right one."""
    forge.fail_next(LATE)
    with (
        httpx2.Client(timeout=httpx2.Timeout(10, read=0.2), trust_env=False) as impatient,
        pytest.raises(ForgeUnreachable, match="did not answer"),
    ):
        forges.write(account, impatient, commit, DONE)
    forge.wait_for_status(commit.revision, DONE.context, "success")
    with httpx2.Client(timeout=10, trust_env=False) as client:
        forges.write(account, client, commit, DONE)
        combined = client.get(
            f"{forge.api}/repos/{REPOSITORY}/commits/{commit.revision}/status",
            headers={"authorization": f"Bearer {forge.token}", "x-github-api-version": github.API_VERSION},
        ).json()
    assert (combined["state"], combined["total_count"]) == ("success", 1)


def test_a_status_is_read_back(forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit) -> None:
    """What arrived is known by all of its fields, and of its context only the newest counts."""
    status = replace(DONE, url="https://hookline.example/apps/myapp/syncs/3")
    assert not forges.shows(account, client, commit, status)
    forges.write(account, client, commit, status)
    forges.write(account, client, commit, replace(DONE, context="hookline/other"))
    assert forges.shows(account, client, commit, status)
    assert not forges.shows(account, client, commit, replace(status, text="other words"))
    assert not forges.shows(account, client, commit, replace(status, url=""))
    forges.write(account, client, commit, replace(status, state=State.PENDING))
    assert not forges.shows(account, client, commit, status)


def test_many_threads_may_write_at_once(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """One account and one client serve them all, and every status arrives."""
    contexts = [f"hookline/app-{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: forges.write(account, client, commit, replace(DONE, context=name)), contexts))
    assert sorted(one.context for one in forge.statuses()) == sorted(contexts)


def test_a_renamed_repository_is_followed(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """GitHub redirects to the new place on the same host."""
    forge.fail_next(faults.moved(f"{forge.api}/repos/{REPOSITORY}/statuses/{commit.revision}", 301))
    forges.write(account, client, commit, DONE)
    assert [(call.method, call.code) for call in forge.calls] == [("POST", 301), ("POST", 201)]


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (200, b"<html>", OperatorError),
        (405, b"", OperatorError),
        (418, b"", OperatorError),
        (422, b'{"message": "Validation Failed"}', AuthorError),
        (400, b'{"message": "Problems parsing JSON"}', AuthorError),
        (408, b"", ForgeUnreachable),
        (504, b"", ForgeUnreachable),
        (401, b'{"message": "ghp_abcdefghij0123456789 is bad"}', TokenRefused),
        (409, b"", Busy),
    ],
)
def test_judging_an_answer(code: int, body: bytes, kind: type[Exception]) -> None:
    """Each answer means one thing, and no credential of any forge survives in the words."""
    error = github.judge(Answer(code, {}, body), "api.github.com", Commit("h", REPOSITORY, "a" * 40), 0.0)
    assert type(error) is kind
    assert "ghp_" not in str(error)
    assert f"answered {code}" in str(error)
