"""What became of a delivery: its record, the syncs it caused and how they ended, and why other apps were left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

from workers import apps, comments, intake, pulls
from workers.apis import Hook
from workers.apps import App
from workers.model import Accepted, Delivery, Event, EventKind, Ignored, Taken
from workers.pull import Wanted
from workers.records import Records
from workers.records.intake import Kept


@dataclass(frozen=True, slots=True)
class Effect:
    """One app a delivery concerned: the request's number, and its outcome once it has one.

    ``outcome`` is ``waiting`` until then, and ``ended`` when the sync is no longer kept.
    """

    app: str
    number: int
    outcome: str
    text: str = ""
    revision: str = ""
    ended: float | None = None


def effects(records: Records, kept: Kept) -> list[Effect]:
    """Return what a delivery caused, by app. Reads records only."""
    return [effect(records, app, number) for app, number in sorted(kept.requests.items())]


def effect(records: Records, app: str, number: int) -> Effect:
    """Return how the request ``number`` of an app ended: by the first sync at or after it, for the latest wins."""
    if records.progress.app(app).done < number:
        return Effect(app, number, "waiting")
    syncs = [sync for sync in records.progress.syncs(app, 50) if sync.number >= number]
    if not syncs:
        return Effect(app, number, "ended")
    sync = syncs[-1]
    return Effect(app, number, sync.outcome.value, sync.text, sync.revision, sync.ended)


def plans(records: Records, kept: Kept) -> list[str]:
    """Return what the plans say of the heads that a delivery told of, a sentence for each. Reads records only."""
    found = []
    for event in kept.delivery.events:
        if pulls.is_open(event):
            place = (event.repository, event.repository_id, event.number)
            record = records.pulls.read(Wanted(event.hook, *place, (), kept.delivery.at).name)
            made = record.made if record.made and record.made.head == event.after else None
            said = f"{made.state.value}: {made.text}" if made else "no plan of this commit is on record"
            found.append(f"plan of pull request {event.number}: {said}")
    return found


def left_alone(index: apps.Index, delivery: Delivery, hook: Hook | None, known: intake.Names) -> dict[str, str]:
    """Return every app of the catalog that no event of a delivery concerned, with the reason."""
    reasons: dict[str, str] = {}
    places = [(event, _urls(index, event, hook, known)) for event in delivery.events]
    for name, app in index.apps.items():
        found = [why_not(app, event, urls, index, hook) for event, urls in places]
        if found and all(found):
            reasons[name] = found[-1]
    return reasons


def why_not(app: App, event: Event, urls: Sequence[str], index: apps.Index, hook: Hook | None = None) -> str:
    """Return why an event did not concern an app, ``""`` when it did. Pure; for the ledger."""
    if reason := intake.nothing_to_do(event, hook):
        return reason
    if app not in {one for url in urls for one in index.by_repository.get(url, ())}:
        return f"repository: it reads {' and '.join(dict.fromkeys(view.url for view in app.views))}"
    if event.kind is EventKind.COMMENT:
        return comments.why_not(app, event)
    return apps.why_not(app, event.ref)


def _urls(index: apps.Index, event: Event, hook: Hook | None, known: intake.Names) -> tuple[str, ...]:
    urls = intake.addresses(hook, event) if hook else ()
    return urls if any(url in index.by_repository for url in urls) else tuple(known(event))


def shown(records: Records, kept: Kept) -> dict[str, Any]:
    """Return a delivery as the API and ``--json`` show it."""
    delivery = kept.delivery
    return {
        "id": delivery.id,
        "hook": delivery.hook,
        "at": delivery.at,
        "verdict": delivery.verdict.value,
        "reason": delivery.reason,
        "replays": delivery.replays,
        "events": [_event(event) for event in delivery.events],
        "syncs": [asdict(found) for found in effects(records, kept)],
    }


def _event(event: Event) -> dict[str, Any]:
    names = ("repository", "repository_id", "ref", "before", "after", "action", "merged", "fork", "number", "sender")
    return {"kind": event.kind.value} | {name: getattr(event, name) for name in names}


def replay(
    kept: Kept, hook: Hook, index: apps.Index, counter: intake.Counter, known: intake.Names, at: float
) -> tuple[Delivery, Accepted]:
    """Take a delivery on record in once more, under a new id; the same rules decide, so an old one changes nothing.

    Raises :class:`workers.errors.RecordsUnavailable`.
    """
    old = kept.delivery
    key = f"replay-{uuid4().hex[:12]}"
    blank = Delivery(old.hook, key, at, Taken.ACCEPTED, replays=old.id)
    read = tuple(replace(event, key=key) for event in old.events) or Ignored(key, old.reason)
    return intake.take(hook, read, index, counter, known, at, blank)


def chosen(
    found: Iterable[Kept],
    hook: str = "",
    app: str = "",
    verdict: str = "",
    visible: Callable[[str], bool] | None = None,
) -> list[Kept]:
    """Return the deliveries of a hook, app or verdict ("" for any), of those that concern a visible app. Pure."""
    return [
        kept
        for kept in found
        if hook in ("", kept.delivery.hook)
        and (not app or app in kept.requests)
        and verdict in ("", kept.delivery.verdict.value)
        and (visible is None or any(visible(name) for name in kept.requests))
    ]
