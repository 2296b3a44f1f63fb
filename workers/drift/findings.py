"""What a look found out about suspects, by dry-run: what really drifted, and in which words that is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from workers import changing, ignored
from workers.drift import naming, suspects
from workers.model import Action, Change, Manifest, Owned, Ref, Rendered
from workers.options import Options


class What(StrEnum):
    """How an object differs from what was applied."""

    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"
    LEAVING = "leaving"
    """Somebody deleted it and a finalizer holds it: nothing can be done before it is gone."""
    HELD = "held"
    """It is as in Git, and somebody else owns some of our fields: no drift, but its next change would not be seen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One object that drifted: what is said of it, by which manager, in which fields."""

    ref: Ref
    what: What
    text: str
    manager: str = ""
    fields: tuple[str, ...] = ()


def found(
    objects: Iterable[Rendered],
    changes: Mapping[Ref, Change],
    live: Mapping[Ref, Manifest],
    known: Mapping[Ref, Owned],
    how: Mapping[Ref, Options],
    *,
    moved: bool,
) -> dict[Ref, Finding]:
    """Return what drifted of the ``objects`` that were applied before.

    ``moved`` is whether Git may want something else by now: then an object it writes otherwise is no drift.
    """
    result = {}
    for one in objects:
        before = known.get(one.ref)
        if before is None or how[one.ref].once or (not before.accepted and not how[one.ref].replace):
            continue
        if moved and before.rendered != ignored.rendered_digest(one):
            continue
        if finding := _one(one.ref, changes.get(one.ref), live.get(one.ref)):
            result[one.ref] = finding
    return result


def _one(ref: Ref, change: Change | None, live: Manifest | None) -> Finding | None:
    if live is not None and "deletionTimestamp" in live["metadata"]:
        return Finding(ref, What.LEAVING, naming.leaving(live))
    if change is None or change.action is Action.UNCHANGED:
        return None
    if change.action is Action.CREATED:
        return Finding(ref, What.MISSING, "is missing")
    paths = tuple(field for field in change.fields if changing.is_value(field))
    if not paths:
        return Finding(ref, What.HELD, naming.few(change.fields), naming.last_writer(live or {}), change.fields)
    if live is None:  # it lost our label, so that the list did not bring it
        return Finding(ref, What.CHANGED, f"{naming.few(paths)} changed", "", paths)
    text, manager = naming.changed(live, paths)
    return Finding(ref, What.CHANGED, text, manager, paths)


def by_digest(
    objects: Iterable[Rendered], known: Mapping[Ref, Owned], live: Mapping[Ref, Manifest]
) -> dict[Ref, Change]:
    """Return the changes that digests alone suggest, for when no dry-run can be had (its namespace is gone)."""
    refs = [one.ref for one in objects if one.ref in known and known[one.ref].accepted]
    return {ref: Change(ref, Action.UNCHANGED if ref in live else Action.CREATED) for ref in refs}


def copies(live: Mapping[Ref, Manifest], owned: Iterable[Ref]) -> dict[Ref, Finding]:
    """Return the copies: objects that carry the app's label, and that neither Git nor the app's list names."""
    mine = set(owned)
    return {
        ref: Finding(
            ref,
            What.EXTRA,
            f"is not in Git and carries this app's label, written by {naming.last_writer(manifest)}",
            naming.last_writer(manifest),
        )
        for ref, manifest in live.items()
        if ref not in mine and suspects.is_extra(ref, manifest)
    }
