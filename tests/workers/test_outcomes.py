"""Every waiting commit is told how it ended: by its own sync, or by the one that overtook it."""

from __future__ import annotations

import pytest

from workers import outcomes, retries
from workers.groups import Sync
from workers.model import Action, Change, Commit, Outcome, Ref, Report, Request, Stage, State, SyncRecord, Why

A, B = "a" * 40, "b" * 40


def commit(revision: str) -> Commit:
    """A commit on main."""
    return Commit("github", "your-org/your-repo", revision, "refs/heads/main")


def request(number: int, revision: str) -> Request:
    """A push of a commit; "" for a request nobody waits for."""
    where = commit(revision) if revision else None
    return Request("myapp", number, Why.PUSH, "me", 1.0, "refs/heads/main", revision, "d", where)


def told(outcome: Outcome, revision: str, requests: list[Request], included: bool = True) -> dict[Commit, Report]:
    """What the commits are told."""
    return outcomes.reports(requests, outcome, "text", revision, None, lambda _old: included)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_terminal(outcome: Outcome) -> None:
    """None leaves a commit pending."""
    assert told(outcome, A, [request(1, A)])[commit(A)].state in (State.SUCCESS, State.FAILURE)


def test_an_overtaken_commit_says_which_one_includes_it() -> None:
    """Ten pushes, one sync: nine are superseded."""
    found = told(Outcome.SUCCEEDED, B, [request(1, A), request(2, B)])
    assert found == {
        commit(A): Report(State.SUCCESS, "superseded: included in bbbbbbb"),
        commit(B): Report(State.SUCCESS, "text"),
    }


def test_a_commit_included_in_a_failed_one_did_not_succeed() -> None:
    """Nothing of it is deployed, so it is not green."""
    assert told(Outcome.FAILED, B, [request(1, A), request(2, B)])[commit(A)] == Report(
        State.FAILURE, "superseded: included in bbbbbbb, which failed: text"
    )


def ended(number: int, revision: str, outcome: Outcome) -> SyncRecord:
    """A sync on record."""
    return SyncRecord("myapp", number, "push", "me", revision, outcome, f"text {number}", Stage.HEALTH, 1.0, 2.0)


@pytest.mark.parametrize("good", [Outcome.SUCCEEDED, Outcome.NOT_AFFECTED])
def test_a_commit_that_is_told_of_again_keeps_its_own_good_end(good: Outcome) -> None:
    """Unless the app went on from it meanwhile, or it never ended well; the failed commit itself stays red."""
    red = told(Outcome.FAILED, B, [request(3, A), request(4, B)])
    well, failed = ended(1, A, good), ended(2, B, Outcome.FAILED)
    assert outcomes.kept(red, B, lambda: [failed, well]) == {commit(A): Report(State.SUCCESS, "text 1", 1)}
    for syncs in ([], [failed], [ended(3, "c" * 40, Outcome.SUCCEEDED), well], [ended(1, A, Outcome.HELD)]):
        assert outcomes.kept(red, B, lambda syncs=syncs: syncs) == {}  # type: ignore[misc]
    assert outcomes.kept(told(Outcome.FAILED, "", [request(3, A)]), "", lambda: [well]) == {}


def test_the_syncs_are_read_only_where_a_commit_is_red_for_another() -> None:
    """The common ends cost nothing."""
    for outcome, asked in ((Outcome.FAILED, [request(1, B)]), (Outcome.SUCCEEDED, [request(1, A), request(2, B)])):
        assert outcomes.kept(told(outcome, B, asked), B, lambda: pytest.fail("read")) == {}


@pytest.mark.parametrize(("included", "text"), [(True, "superseded: included in bbbbbbb"), (False, "held: exception")])
def test_a_commit_of_the_declared_branch_is_included_in_a_hotfix_or_waits_for_its_end(
    included: bool, text: str
) -> None:
    """A hotfix branch may have begun after it; then it is deployed with the hotfix."""
    found = outcomes.reports(
        [request(1, A)], Outcome.SUCCEEDED, "text", B, None, lambda _: included, "refs/heads/hotfix", "held: exception"
    )
    assert found[commit(A)] == Report(State.SUCCESS, text)


def test_a_commit_that_was_forced_away_is_not_called_included() -> None:
    """The branch moved to something that does not hold it."""
    found = told(Outcome.SUCCEEDED, B, [request(1, A), request(2, B)], included=False)
    assert found[commit(A)].state is State.FAILURE
    assert "does not include this commit" in found[commit(A)].text


def test_a_sync_that_never_read_git_ends_every_commit() -> None:
    """The revision is bound at receipt: no commit is left without an end."""
    found = told(Outcome.FAILED, "", [request(1, A), request(2, B)])
    assert found == {commit(A): Report(State.FAILURE, "text"), commit(B): Report(State.FAILURE, "text")}


def test_the_synced_commit_is_told_even_if_only_older_ones_were_delivered() -> None:
    """A push whose delivery never came is reported beside the one that did."""
    assert told(Outcome.SUCCEEDED, B, [request(1, A)])[commit(B)] == Report(State.SUCCESS, "text")


def test_a_request_nobody_waits_for_tells_nobody() -> None:
    """Drift has no commit."""
    assert told(Outcome.SUCCEEDED, A, [request(1, "")]) == {}


def test_changes_are_counted_in_words() -> None:
    """Unchanged objects are not mentioned."""
    ref = Ref("", "Service", "default", "a")
    changes = [
        Change(ref, Action.CREATED),
        Change(ref, Action.CONFIGURED),
        Change(ref, Action.CREATED),
        Change(ref, Action.UNCHANGED),
    ]
    assert outcomes.counted(changes) == "2 created, 1 configured"
    assert outcomes.counted([]) == "no changes"


def test_waits_double_up_to_a_limit_and_then_end() -> None:
    """Five retries by default, as in Argo CD."""
    settings = Sync(retry_first=1, retry_most=5, retry_limit=5)
    assert [retries.delay(settings, attempts) for attempts in range(1, 8)] == [1, 2, 4, 5, 5, None, None]


@pytest.mark.parametrize(
    ("came_on", "follows"),
    [
        ("refs/heads/feature", "refs/heads/main"),
        ("refs/tags/main", "refs/heads/main"),
        ("refs/tags/v1.0.9", "refs/tags/v1.1.0"),
    ],
)
def test_a_commit_of_another_ref_is_not_the_app_s(came_on: str, follows: str) -> None:
    """A feature branch beside HEAD, a tag of the branch's name, an older tag of a range: not affected."""
    commit = Commit("main", "your-org/your-repo", "c" * 40, came_on)
    request = Request("myapp", 1, Why.PUSH, "ada", 1.0, came_on, "c" * 40, "", commit)
    for outcome in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.NOT_AFFECTED):
        told = outcomes.reports([request], outcome, "text", "d" * 40, None, lambda _old: False, follows)
        assert told[commit] == Report(State.SUCCESS, f"not affected: the app follows {follows}, not {came_on}")
