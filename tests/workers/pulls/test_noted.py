"""Which pull requests a delivery lets a worker look at, and what is recorded of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.workers.test_intake import CANONICAL, A, app, hook, push, taken
from workers.apis import Hook
from workers.model import Event, EventKind, Sighting, Taken

NAME = "main|7|9"
LABEL = "hookline/plan"


def pull(action: str, **named: Any) -> Event:
    """A pull request into main."""
    base = push(kind=EventKind.PULL_REQUEST, action=action, number=9, sender_id="41", merged=False)
    return replace(base, **named)


def seen(event: Event, name: str, *apps: Any, named: Hook | None = None) -> list[Sighting]:
    """What is recorded under a name beside a delivery."""
    [(_, _, _, sightings)] = taken((event,), *apps, named=named).said
    return [one for one in sightings if one.name[0] == name]


@pytest.mark.parametrize("action", ["opened", "updated", "reopened", "retargeted", "labeled", "approved", "dismissed"])
def test_an_open_pull_request_is_to_be_looked_at_and_syncs_nothing(action: str) -> None:
    """With where it is, and no more: the forge says how it stands."""
    event = pull(action)
    [(delivery, requests, reports, _)] = taken((event,)).said
    assert delivery is not None
    assert (delivery.verdict, delivery.reason, requests, reports) == (Taken.ACCEPTED, "a plan is asked for", [], [])
    [wanted] = seen(event, "pulls")
    assert wanted.field == NAME
    told = orjson.loads(wanted.value)
    assert (told["hook"], told["repository_id"], told["number"], told["urls"]) == ("main", "7", 9, [CANONICAL])
    assert not seen(event, "missed")


@pytest.mark.parametrize(
    ("event", "looked_at"),
    [
        (pull("closed"), True),
        (pull("closed", merged=True), True),
        (pull("closed", ref="refs/heads/other"), True),
        (pull("retargeted", ref="refs/heads/other"), True),
        (pull("updated", ref="refs/heads/other"), False),
        (pull("opened", urls=("https://github.com/your-org/another.git",), repository="your-org/another"), False),
        (pull("closed", urls=("https://github.com/your-org/another.git",), repository="your-org/another"), False),
        (pull("opened", repository="stranger/your-repo"), False),
        (pull("assigned"), False),
    ],
)
def test_one_that_may_have_a_plan_is_looked_at_until_the_end(event: Event, looked_at: bool) -> None:
    """Whatever its branch is now; one of a branch that no app follows never begins."""
    assert bool(seen(event, "pulls")) is looked_at


def test_a_hook_that_wants_no_plans_gets_none() -> None:
    """The delivery says which setting decides."""
    off = hook(plans=False)
    [(delivery, _, _, sightings)] = taken((pull("opened"),), named=off).said
    assert delivery is not None
    assert (delivery.verdict, "hooks.main.plans is off" in delivery.reason) == (Taken.IGNORED, True)
    assert not [one for one in sightings if one.name[0] in ("pulls", "words")]
    assert seen(push(), "moved", named=off) == []


def test_a_push_makes_the_plans_for_its_branch_old() -> None:
    """Only to a branch that an app follows."""
    [moved] = seen(push(), "moved")
    assert (moved.field, moved.value) == ("main|your-org/your-repo|refs/heads/main", f"{A} 5.0")
    assert seen(push(ref="refs/heads/other"), "moved") == []
    assert seen(push(action="deleted", after=""), "moved") == []


@pytest.mark.parametrize(
    ("event", "field", "how"),
    [
        (pull("labeled", labels=(LABEL,)), "label", "label"),
        (pull("opened", labels=("a", LABEL)), "label", "label"),
        (pull("labeled", labels=("a",)), "", ""),
        (pull("approved"), "approval:41", "approval"),
        (pull("dismissed"), "approval:41", None),
        (pull("unlabeled", labels=(LABEL,)), "label", None),
        (pull("unlabeled", labels=("a",)), "", ""),
        (pull("approved", after=""), "", ""),
        (pull("labeled", labels=(LABEL,), sender=""), "", ""),
    ],
)
def test_who_said_what_of_which_head(event: Event, field: str, how: str | None) -> None:
    """So that a later push is not what was meant; what is taken back is forgotten (an empty value)."""
    words = seen(event, "words")
    assert [(one.name, one.field) for one in words] == ([(("words", NAME), field)] if field else [])
    for one in words:
        told = orjson.loads(one.value) if one.value else {"how": None}
        assert told["how"] == how
        assert how is None or (told["who"], told["person"], told["head"]) == ("ada", "41", A)


def test_the_label_is_a_setting() -> None:
    """As teams have labels already."""
    named = hook(plan_label="ok-to-plan")
    assert seen(pull("labeled", labels=("ok-to-plan",)), "words", named=named)
    assert not seen(pull("labeled", labels=(LABEL,)), "words", named=named)


def test_a_pull_request_is_looked_at_once_for_all_its_apps() -> None:
    """One plan tells of all of them."""
    assert len(seen(pull("opened"), "pulls", app(), app("other"))) == 1
