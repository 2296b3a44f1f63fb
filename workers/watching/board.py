"""What was seen of one cluster's objects, and what of it has to be judged. Filled by many threads, emptied by one.

Everything here is bounded by the number of objects: a thousand events of one object are one entry.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from workers import fields, inventory
from workers.model import Ref
from workers.watching.owners import Kind, Known, Owners

GOING: Final = "going "
"""Before the digest of an object that is being deleted."""

Seen = dict[Ref, str]
"""Object to its ownership digest as last seen; one that is not there is not in it."""


class Taken(NamedTuple):
    """Objects to judge by app, the apps of which anything changed, and the ApplySets of those that are not known."""

    suspects: dict[str, set[Ref]]
    touched: set[str]
    strangers: set[str]


def look_of(metadata: Mapping[str, Any]) -> str:
    """Return what counts of an object's metadata. Pure."""
    digest = fields.ownership({"metadata": metadata})
    return GOING + digest if "deletionTimestamp" in metadata else digest


def ref_of(kind: Kind, metadata: Mapping[str, Any]) -> Ref:
    """Return the identity of an object of which the metadata is known. Pure."""
    return Ref(*kind, metadata.get("namespace", ""), metadata["name"])


class Board:
    """The state of one cluster, as far as the watch knows it."""

    def __init__(self, owners: Owners) -> None:
        self.owners = owners
        self.arrived = threading.Event()
        self._lock = threading.Lock()
        self._seen: dict[Kind, Seen] = {}
        self._cleared: dict[Ref, str | None] = {}
        self._drifted: set[Ref] = set()
        self._taken = Taken({}, set(), set())

    def saw(self, kind: Kind, metadata: Mapping[str, Any], *, gone: bool = False) -> None:
        """Note an event: an object as it is now, or that it is gone."""
        ref = ref_of(kind, metadata)
        seen = self._seen.get(kind)
        if seen is None:
            return  # the kind was let go meanwhile
        known = self.owners.of(ref)
        if gone:
            seen.pop(ref, None)
        else:
            look = look_of(metadata)
            seen[ref] = known.ownership if known and known.ownership == look else look
        with self._lock:
            if known:
                self._taken.touched.add(known.app)
                if self._doubts(ref, known):
                    self._taken.suspects.setdefault(known.app, set()).add(ref)
            elif applyset := (metadata.get("labels") or {}).get(inventory.PART_OF):
                self._taken.strangers.add(applyset)
            else:
                return
        self.arrived.set()

    def listed(self, kind: Kind, seen: Seen) -> None:
        """Note all objects of a kind that there are. What is owned and not among them is gone."""
        self._seen[kind] = seen
        owned = self.owners.all_of(kind)
        with self._lock:
            self._taken.touched.update(known.app for known in owned.values())
            for ref, known in owned.items():
                if self._doubts(ref, known):
                    self._taken.suspects.setdefault(known.app, set()).add(ref)
        self.arrived.set()

    def refresh(self) -> None:
        """Read what changed in the records; what was seen before it was recorded is compared now, for the next take.

        Raises what Redis raises.
        """
        changed, saved = self.owners.refresh()
        self._drifted -= saved | changed  # a sync has been at them: it noted what is true
        for ref in changed:
            known = self.owners.of(ref)
            self._cleared.pop(ref, None)
            if known and self._doubts(ref, known):
                with self._lock:
                    self._taken.suspects.setdefault(known.app, set()).add(ref)
                self.arrived.set()

    def let_go(self, kind: Kind) -> None:
        """Forget a kind of which nothing is owned any more."""
        self._seen.pop(kind, None)

    def take(self) -> Taken:
        """Return all that has to be looked into, and forget it."""
        with self._lock:
            self.arrived.clear()
            taken, self._taken = self._taken, Taken({}, set(), set())
        return taken

    def put_back(self, taken: Taken) -> None:
        """Have these looked into again. Wakes nobody: whoever puts back says when."""
        with self._lock:
            self._taken.touched.update(taken.touched)
            self._taken.strangers.update(taken.strangers)
            for app, refs in taken.suspects.items():
                self._taken.suspects.setdefault(app, set()).update(refs)

    def doubted(self, app: str, refs: Iterable[Ref]) -> dict[Ref, Known]:
        """Return which of an app's suspects still are: what was recorded or seen since may have settled them."""
        found = {ref: self.owners.of(ref) for ref in refs}
        return {ref: known for ref, known in found.items() if known and known.app == app and self._doubts(ref, known)}

    def look(self, ref: Ref) -> str | None:
        """Return what was last seen of an object, ``None`` when it is not there."""
        return self._seen.get(ref[:2], {}).get(ref)

    def judged(self, ref: Ref, look: str | None, *, drifted: bool) -> None:
        """Note what came of a suspicion that was raised by ``look``: as long as it looks like that, it is settled."""
        if drifted:
            self._drifted.add(ref)
            self._cleared.pop(ref, None)
        else:
            self._drifted.discard(ref)
            self._cleared[ref] = look

    def _doubts(self, ref: Ref, known: Known) -> bool:
        """Whether an object may not be as accepted."""
        seen = self._seen.get(ref[:2])
        if seen is None or not known.drifts:
            return False  # its list tells soon, or its drift is nobody's
        look = seen.get(ref)
        if not known.ownership and look:
            self.owners.learn(ref, look)
            return False
        if ref in self._drifted:
            return True  # back as it was, or not: what is noted of it has to be right
        return look != known.ownership and self._cleared.get(ref, "?") != look
