"""Who changed an object, from what is on record: syncs, their commits, and the live object's field managers.

Reads records, mirrors as they are and one object; changes and fetches nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workers import drift, kube, witness
from workers.apps import App
from workers.errors import UnknownName
from workers.fields import managed, names
from workers.git import history
from workers.git.mirror import Mirror
from workers.model import Change, Manifest, Owned, Ref, SyncRecord
from workers.records import Records
from workers.records.progress import MOST_SYNCS


@dataclass(frozen=True, slots=True)
class Place:
    """An object, the app it is or was of, and the version it was applied in ("" for one that is no longer owned)."""

    ref: Ref
    app: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """One sync that changed the object: what it did, who asked, why, and the commits it brought."""

    sync: SyncRecord
    change: Change
    commits: tuple[history.Made, ...]
    request: int
    reason: str
    address: str

    def shown(self) -> dict[str, Any]:
        """Return it as ``--json`` shows it."""
        sync, change = self.sync, self.change
        return {
            "at": sync.ended,
            "action": change.action.value,
            "fields": list(change.fields),
            "number": sync.number,
            "outcome": sync.outcome.value,
            "why": sync.why,
            "who": sync.who,
            "reason": self.reason,
            "address": self.address,
            "delivery": sync.delivery,
            "revision": sync.revision,
            "request": self.request,
            "commits": [
                {"revision": one.revision, "author": one.author, "at": one.at, "subject": one.subject}
                | {"request": one.request}
                for one in self.commits
            ],
        }


@dataclass(frozen=True, slots=True)
class Manager:
    """One entry of the live object's managedFields; ``later``: it may have written after the last sync that did.

    An entry may have no time: the API server gives none to the one of the scale subresource.
    """

    name: str
    operation: str
    subresource: str
    time: str
    fields: tuple[str, ...]
    later: bool


def places(records: Records, apps: Iterable[str], kind: str, namespace: str, name: str) -> list[Place]:
    """Return every object on record that is called so, owned ones first. ``namespace`` "" stands for any."""
    found: dict[tuple[Ref, str], Place] = {}
    for app in apps:
        for ref, owned in records.drift.owned(app).items():
            if _is(ref, kind, namespace, name):
                found[ref, app] = Place(ref, app, owned.version)
    for app in apps:
        for sync in records.progress.syncs(app, MOST_SYNCS):
            for change in sync.changes:
                if _is(change.ref, kind, namespace, name):
                    found.setdefault((change.ref, app), Place(change.ref, app))
    return list(found.values())


def only(found: Sequence[Place], asked: str) -> Place:
    """Return the one object meant: one that is owned goes before one that was. Pure.

    Raises :class:`UnknownName` when there is none, or several: then they are named.
    """
    meant = [place for place in found if place.version] or list(found)
    if not meant:
        raise UnknownName(f"no app owns {asked} or changed it lately: it is not Hookline's, or its name differs")
    if len(meant) > 1:
        names = sorted(f"{place.ref} of app {place.app}" for place in meant)
        raise UnknownName(f"{asked} may be {', or '.join(names[:10])}: say which with -n or --app")
    return meant[0]


def causes(records: Records, place: Place, app: App | None, mirror: Mirror | None) -> list[Cause]:
    """Return the syncs that changed an object, newest first."""
    syncs = records.progress.syncs(place.app, MOST_SYNCS)
    found = []
    for number, sync in enumerate(syncs):
        change = next((one for one in sync.changes if one.ref == place.ref), None)
        if change is None:
            continue
        before = next((one.revision for one in syncs[number + 1 :] if one.revision not in ("", sync.revision)), "")
        commits = history.since(mirror, before, sync.revision, app.path) if mirror and app else []
        entry = records.audit.entry(line) if (line := witness.line_of(sync.delivery)) else None
        found.append(
            Cause(
                sync,
                change,
                tuple(commits),
                _request(records, sync.delivery) or next((one.request for one in commits if one.request), 0),
                str((entry or {}).get("reason", "")),
                str((entry or {}).get("address", "")),
            )
        )
    return found


def live(client: kube.Client, place: Place) -> Manifest | None:
    """Return the object as it is now, ``None`` when there is none. Raises as the client does."""
    resource = client.resource(place.ref.group, place.ref.kind, place.version)
    return client.get(resource, place.ref.namespace, place.ref.name)


def managers(manifest: Manifest, last: float) -> list[Manager]:
    """Return who manages which fields of an object, latest first; ``last`` is when a sync last changed it. Pure."""
    found = []
    for entry in managed.entries(manifest):
        name, time, subresource = (str(entry.get(field, "")) for field in ("manager", "time", "subresource"))
        later = name != kube.MANAGER and bool(last) and (not time or _seconds(time) > last)
        fields = tuple(names(entry["fieldsV1"]))
        found.append(Manager(name, str(entry.get("operation", "")), subresource, time, fields, later))
    return sorted(found, key=lambda one: one.time, reverse=True)


def drifted(records: Records, place: Place, app: App | None, manifest: Manifest | None) -> str:
    """Return what differs from what was applied, "" when nothing does."""
    owned: Owned | None = records.drift.owned(place.app).get(place.ref)
    if owned is None:
        return ""
    objects = {} if manifest is None else {place.ref: manifest}
    return drift.differing({place.ref: owned}, objects, app.ignored if app else ()).get(place.ref, "")


def _is(ref: Ref, kind: str, namespace: str, name: str) -> bool:
    """Whether an object is called so; kinds as kubectl takes them: any case, plural, with the group behind a dot."""
    wanted, _, group = kind.lower().partition(".")
    known = ref.kind.lower()
    spelt = {known, f"{known}s", f"{known}es", f"{known[:-1]}ies"}
    return wanted in spelt and group in ("", ref.group) and ref.name == name and namespace in ("", ref.namespace)


def _request(records: Records, delivery: str) -> int:
    kept = records.intake.delivery(delivery) if delivery and not witness.line_of(delivery) else None
    return next((event.number for event in kept.delivery.events if event.number), 0) if kept else 0


def _seconds(time: str) -> float:
    try:
        return dt.datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0
