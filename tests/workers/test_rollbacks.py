"""What a rollback goes back to, what it blocks, when it is over, and when an app goes back by itself."""

from __future__ import annotations

import dataclasses

import pytest

from workers import outcomes, rollbacks
from workers.model import Outcome, Request, Stage, SyncRecord, Why
from workers.rollbacks import Rollback, Way

A, B, C, D, E = (letter * 40 for letter in "abcde")
LINE = [A, B, C, D]
"""One branch, oldest first; E is on none."""
URL = "https://example.com/a.git"
BACK = Rollback("app", C, A, URL, "ada", "logins fail", 1.0, (C,))
OK, FAILED, HELD, SAME = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.HELD, Outcome.NOT_AFFECTED


def syncs(*found: tuple[str, Outcome]) -> list[SyncRecord]:
    """A history, newest first."""
    return [SyncRecord("app", 1, "push", "ada", one, how, "", Stage.HEALTH, 0.0, 0.0) for one, how in found]


def is_part(old: str, new: str) -> bool:
    """Whether a commit is part of another's history."""
    return old == new or (old in LINE and new in LINE and LINE.index(old) < LINE.index(new))


@pytest.mark.parametrize(
    ("revision", "like", "newest", "leads"),
    [
        (C, "", "", Way.BACK),  # what was left
        (B, "", "", Way.BACK),  # what lies between
        (A, "", "", Way.OLDER),  # the branch was forced back to it
        (D, "", "", Way.NEWER),
        (E, "", "", Way.NEWER),  # forced to something else
        (D, C, "", Way.BACK),  # a commit elsewhere in the repository
        (E, C, "", Way.BACK),  # the same under another message
        (E, A, "", Way.NEWER),  # a revert by force
        (D, "", D, Way.BACK),  # it was there before the rollback
        (E, B, "", Way.BACK),  # what was tried between, under another id
        (E, A + B, "", Way.NEWER),  # a revert of what was tried: what is there now
    ],
)
def test_where_the_revision_leads(revision: str, like: str, newest: str, leads: Way) -> None:
    """Back until a newer commit brings something else; what is older than the way back is deployed."""
    rollback = dataclasses.replace(BACK, newest=newest, blocked=(C, B))
    assert rollbacks.way(rollback, revision, is_part, lambda other: bool(like) and other in like) is leads


@pytest.mark.parametrize(
    ("url", "counts"),
    [
        (URL, True),
        ("https://EXAMPLE.com/a", True),
        ("git@example.com:a.git", True),
        ("https://example.com/b.git", False),
        ("oci://example.com/a", False),
    ],
)
def test_another_spelling_of_the_repository_is_no_way_out(url: str, counts: bool) -> None:
    """What was left stays blocked; another repository has commits of its own."""
    assert BACK.in_force(url) is counts
    assert not dataclasses.replace(BACK, ended=2.0).in_force(url)


@pytest.mark.parametrize(
    ("automated", "whys", "meant"),
    [
        (True, [Why.ROLLBACK], True),
        (True, [Why.PUSH, Why.ROLLBACK], True),
        (True, [Why.ROLLBACK, Why.PUSH], False),
        (True, [Why.SWEEP], False),
        (False, [Why.ROLLBACK], True),
        (False, [Why.ROLLBACK, Why.PUSH], True),
        (False, [Why.DRIFT], True),
        (False, [Why.MANUAL], False),
        (False, [Why.ROLLBACK, Why.EMERGENCY], False),
        (False, [Why.MANUAL, Why.ROLLBACK], True),
        (False, [Why.MANUAL, Why.DRIFT], False),
    ],
)
def test_who_means_the_commit_gone_back_to(automated: bool, whys: list[Why], meant: bool) -> None:
    """A rollback, without asking Git for anything newer; and whoever did not ask for the newest of a manual app."""
    requests = [Request("app", number, why, "ada", 1.0) for number, why in enumerate(whys)]
    assert rollbacks.is_meant(automated, requests) is meant


@pytest.mark.parametrize(
    ("flying", "history", "at", "to"),
    [
        ("", [(B, OK), (A, OK)], B, A),
        ("", [(C, FAILED), (B, OK), (A, OK)], C, B),
        ("", [(C, FAILED), (C, FAILED), (B, FAILED), (A, OK)], C, A),
        ("", [(B, OK), (B, OK), (A, OK)], B, A),
        ("", [(B, FAILED), (B, OK), (A, OK)], B, A),
        ("", [(C, SAME), (B, OK), (A, OK)], C, A),  # C brought nothing, so B is what it is at
        ("", [("", HELD), (D, HELD), (B, OK), (A, OK)], B, A),
        (C, [(B, OK), (A, OK)], C, B),
        (B, [(B, OK), (A, OK)], B, A),
        ("", [(A, OK)], A, ""),
        ("", [("", FAILED)], "", ""),
        ("", [], "", ""),
    ],
)
def test_the_last_good_commit_before_the_present_one(
    flying: str, history: list[tuple[str, Outcome]], at: str, to: str
) -> None:
    """By content: a commit that did not affect the app is not what it is at."""
    present, same = rollbacks.present(flying, syncs(*history))
    assert (present, rollbacks.previous(syncs(*history), same)) == (at, to)


def test_what_is_blocked() -> None:
    """All that was tried since, and what a rollback in force had blocked; never what is gone back to."""
    history = syncs((B, OK), (C, OK), (C, FAILED), ("", HELD), (B, OK), (A, OK))
    assert rollbacks.since(history, A) == [B, C]
    assert rollbacks.since(history, E) == []
    assert rollbacks.blocking(None, A, [D, "", B, C, D]) == (D, B, C)
    assert rollbacks.blocking(BACK, B, [B]) == (C,)
    assert len(rollbacks.blocking(None, A, [str(number) for number in range(99)])) == rollbacks.MOST_BLOCKED


ENDED = dataclasses.replace(BACK, ended=2.0)


@pytest.mark.parametrize(
    ("known", "revision", "history", "to", "says"),
    [
        (None, C, [(B, OK), (A, OK)], B, ""),
        (None, C, [(B, FAILED), (A, OK)], A, ""),
        (None, C, [(C, FAILED), (C, OK), (B, OK)], "", ""),  # it was well before: no new commit
        (None, C, [(B, FAILED)], "", "no commit before it ended well"),
        (BACK, A, [(C, OK), (A, OK)], "", "is what it was rolled back to"),  # never loops
        (BACK, C, [(A, OK), (C, FAILED), (A, OK)], A, ""),  # a worker died in between
        (ENDED, D, [(A, OK), (C, OK), (A, OK)], A, ""),
        (ENDED, D, [(C, OK), (B, OK)], B, ""),  # C was left once
    ],
)
def test_when_an_app_goes_back_by_itself(
    known: Rollback | None, revision: str, history: list[tuple[str, Outcome]], to: str, says: str
) -> None:
    """From new commits, to what ended well and was never left; otherwise it stops, and says so where that matters."""
    found, why_not = rollbacks.automatic(known, revision, syncs(*history))
    assert (found, says in why_not, bool(says) or not why_not) == (to, True, True)


def test_failed_health_is_told_from_other_failures() -> None:
    """By the words of the stage it failed in; attempts that ended otherwise are none."""
    assert outcomes.is_unwell(outcomes.failure(Stage.HEALTH, "Deployment web: gone"))
    assert not outcomes.is_unwell(outcomes.failure(Stage.APPLY, "health failed: no"))
    assert not outcomes.is_unwell("health failed 3 times: the API server does not answer")
