"""Which statuses a commit should have, and which of them are still to be written: pure, so tested with literals."""

from __future__ import annotations

import pytest

from workers.model import Commit, Report, State, Status
from workers.records import coding
from workers.records.commit import CommitRecord, Shown
from workers.stages import report

A = "a" * 40
MAIN, FEATURE = (Commit("main", "o/r", A, f"refs/heads/{branch}") for branch in ("main", "feature"))
DONE, FAILED, OPEN = Report(State.SUCCESS, "ok", 7), Report(State.FAILURE, "bad", 8), Report(State.PENDING, "…")


def link(app: str, number: int) -> str:
    """A link to a sync, if one ended."""
    return f"https://hookline.example/{app}/{number}" if number else ""


def overall(**apps: Report) -> tuple[State, str, str]:
    """State, text and link of the one status for all apps."""
    status = report.overall(apps, link)
    return status.state, status.text, status.url.removeprefix("https://hookline.example/")


def test_a_commit_of_one_app_has_two_statuses() -> None:
    """One for all apps, always posted, and one of its own; both lead to the sync."""
    assert report.wanted({"a": DONE}, link) == [
        Status("hookline", State.SUCCESS, "a: ok", link("a", 7)),
        Status("hookline/a", State.SUCCESS, "ok", link("a", 7)),
    ]
    assert report.wanted({}, link) == []


def test_the_common_status_is_pending_until_the_last_app_ended() -> None:
    """It never turns green before it turns red, and says first what failed."""
    assert overall(a=DONE, b=OPEN) == (State.PENDING, "2 apps, not all done yet", "")
    assert overall(a=FAILED, b=OPEN)[0] is State.PENDING
    assert overall(a=DONE, b=FAILED) == (State.FAILURE, "b: bad", "b/8")
    assert overall(a=DONE, b=FAILED, c=FAILED) == (State.FAILURE, "2 of 3 apps failed; b: bad", "b/8")
    assert overall(a=DONE, b=DONE) == (State.SUCCESS, "all 2 apps: ok", "")


def test_many_apps_share_the_one_status() -> None:
    """Forges allow some eighty writes a minute; while they work, the text stays the same."""
    apps = {f"a{number}": OPEN for number in range(report.MOST_CONTEXTS + 1)}
    [before] = report.wanted(apps, link)
    [after] = report.wanted({**apps, "a3": DONE}, link)
    assert before == after


AWAY = Report(State.SUCCESS, "not affected: the app follows refs/heads/main, not refs/heads/feature", 9)
HELD = Report(State.SUCCESS, "held until 14:00 UTC by ada: the database moves", 10)


@pytest.mark.parametrize(
    ("apps", "text", "to"),
    [
        ({"a": DONE, "b": AWAY}, "a: ok (1 other app well or not affected)", "a/7"),
        ({"a": DONE, "b": HELD, "c": AWAY}, f"b: {HELD.text} (2 other apps well or not affected)", "b/10"),
        ({"a": HELD, "b": HELD, "c": DONE}, f"2 of 3 apps wait; a: {HELD.text}", "a/10"),
        ({"a": AWAY, "b": AWAY}, "not affected: none of 2 apps", ""),
        ({"a": DONE, "b": DONE, "c": AWAY}, "2 of 3 apps: ok; the others are not affected", ""),
        ({"a": DONE, "b": Report(State.SUCCESS, "synced: no changes")}, "all 2 apps: in sync", ""),
        ({"a": Report(State.SUCCESS, "aaaaaaa waits for approval", 3), "b": DONE}, None, "a/3"),
        ({"a": DONE, "b": Report(State.SUCCESS, "bbbbbbb is blocked: rolled back", 4)}, None, "b/4"),
    ],
)
def test_what_is_green_and_not_deployed_is_said_first(apps: dict[str, Report], text: str | None, to: str) -> None:
    """A commit that is held is green: "in sync" would be a lie."""
    state, said, linked = overall(**apps)
    assert (state, linked) == (State.SUCCESS, to)
    assert text is None or said == text


def test_of_many_apps_those_that_are_affected_have_a_status_of_their_own() -> None:
    """A repository of a hundred apps: the two that changed get one, when it is known that they are few."""
    apps = {f"a{number}": AWAY for number in range(100)} | {"a3": DONE, "a4": FAILED}
    assert [one.context for one in report.wanted(apps, link)] == ["hookline", "hookline/a3", "hookline/a4"]
    assert [one.context for one in report.wanted({**apps, "a5": OPEN}, link)] == ["hookline"]
    changed = dict.fromkeys(apps, DONE)
    assert [one.context for one in report.wanted(changed, link)] == ["hookline"]


def test_an_equal_status_is_not_written_again() -> None:
    """Only what differs from what the forge has, or may have been overwritten without an answer."""
    statuses = report.wanted({"a": DONE}, link)
    written = {status.context: coding.encode(status) for status in statuses}
    assert report.unwritten(statuses, Shown(written)) == []
    changed = report.wanted({"a": FAILED}, link)
    assert report.unwritten(changed, Shown(written)) == changed
    assert report.unwritten(statuses, Shown(written, {"hookline": "something else"})) == statuses[:1]


def test_a_context_that_takes_no_more_is_left_alone() -> None:
    """GitHub takes 1,000 statuses of a commit and context; the last of ours has to be an end."""
    ends, pending = report.wanted({"a": DONE}, link), report.wanted({"a": OPEN}, link)
    assert report.unwritten(ends, Shown(full=frozenset({"hookline"}))) == ends[1:]
    counts = {"hookline": report.MOST_PENDING}
    assert report.unwritten(pending, Shown()) == pending[:1]  # an app's own begins with its end
    assert (
        report.unwritten(pending, Shown(written={"hookline/a": coding.encode(ends[1])}, counts=counts)) == pending[1:]
    )
    assert report.unwritten(ends, Shown(counts=counts)) == ends


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(FAILED, AWAY, FAILED), (DONE, AWAY, DONE), (OPEN, FAILED, OPEN), (FAILED, DONE, FAILED), (DONE, OPEN, OPEN)],
)
def test_two_branches_on_one_commit_share_its_statuses(one: Report, other: Report, expected: Report) -> None:
    """How the app fared on its own branch is not hidden by the other one, whichever was told first."""
    for mine, yours in ((one, other), (other, one)):
        records = [CommitRecord(MAIN, {"a": mine}, "1"), CommitRecord(FEATURE, {"a": yours, "b": DONE}, "1")]
        assert report.merged(records) == {"a": expected, "b": DONE}
