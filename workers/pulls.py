"""Which pull requests are looked at that a forge's delivery tells of, and what is recorded of them. Pure.

Nothing of a delivery is believed: a worker asks the forge how the pull request stands, and who let a fork be planned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

import orjson

from workers.apis import Hook
from workers.apps import Index
from workers.model import Commit, Event, EventKind, Report, Sighting, State
from workers.pull import Wanted, Word
from workers.records.intake import PLAN, WANTED

OPEN: Final = frozenset(
    {"opened", "updated", "reopened", "retargeted", "labeled", "unlabeled", "approved", "dismissed"}
)
"""What happens to a pull request that is open afterwards."""
MOVED: Final = ("moved",)
"""The record of branches with a newer commit."""
LABEL: Final = "label"
APPROVAL: Final = "approval"
PLANNED: Final = "a plan is asked for"
QUEUED: Final = Report(State.SUCCESS, "merge queue: planned on the pull request")
"""What a merge group is told at once: a required check that never comes would block the queue."""


def is_open(event: Event) -> bool:
    """Whether an event is about a pull request that was open when it was sent."""
    return event.kind is EventKind.PULL_REQUEST and event.action in OPEN


def why_not(event: Event, hook: Hook | None) -> str:
    """Return why an open pull request is not planned, "" where it may be."""
    if event.action not in OPEN:
        return f"pull request {event.number} was {event.action}"
    if hook is not None and hook.plans:
        return ""
    return (
        f"pull request {event.number} was {event.action}, and gets no plan:"
        f" hooks.{event.hook}.plans is off, or no account under `forges` is for the hook"
    )


def noted(hook: Hook, event: Event, urls: Iterable[str], index: Index, *, touched: bool, at: float) -> list[Sighting]:
    """Return what is recorded beside the delivery; a worker takes it from there.

    ``urls`` are the repository's (canonical), ``touched`` is whether an app follows the branch. One that is closed or
    got another target may have a plan, also when no app follows that.
    """
    places = tuple(urls)
    if not hook.plans or not any(url in index.by_repository for url in places):
        return []
    if event.kind is EventKind.PUSH:
        return [moved(event, at)] if touched and event.after and event.action != "deleted" else []
    if event.kind is not EventKind.PULL_REQUEST or not (touched or event.action in ("closed", "retargeted")):
        return []
    place = (event.repository, event.repository_id, event.number)
    wanted = Wanted(event.hook, *place, places, at, f"{event.hook}:{event.key}")
    return [*_words(hook, event, wanted.name, at), Sighting(WANTED, wanted.name, orjson.dumps(asdict(wanted)).decode())]


def moved(event: Event, at: float) -> Sighting:
    """Return the record of a branch that has a newer commit: plans for it are old."""
    return Sighting(MOVED, branch(event.hook, event.repository, event.ref), f"{event.after} {at}")


def branch(hook: str, repository: str, ref: str) -> str:
    """Return the name of a branch that pull requests go into."""
    return f"{hook}|{repository}|{ref}"


def _words(hook: Hook, event: Event, name: str, at: float) -> list[Sighting]:
    """What the event lets a worker ask about: who labelled this head, or approved it."""
    field = f"{APPROVAL}:{event.sender_id}"
    labelled = hook.plan_label.casefold() in [label.casefold() for label in event.labels]
    if event.action == "unlabeled":
        return [Sighting(("words", name), LABEL, "")] if labelled else []
    if event.action == "dismissed":
        return [Sighting(("words", name), field, "")]
    how = APPROVAL if event.action == "approved" else LABEL if labelled else ""
    if not how or not event.sender or not event.after:
        return []
    word = Word(how, event.sender, event.sender_id, event.after, at)
    return [Sighting(("words", name), LABEL if how == LABEL else field, orjson.dumps(asdict(word)).decode())]


def queued(hook: Hook, event: Event) -> list[tuple[str, Commit, Report]]:
    """Return what is said of a merge group's head for the plans of its pull requests."""
    commit = Commit(event.hook, event.repository, event.after, event.ref)
    return [(f"{PLAN}queue", commit, QUEUED)] if hook.plans else []
