"""What the apps own on one cluster, in memory: read from the records once, and again only where they changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from sys import intern
from typing import Final, NamedTuple

from workers.model import Owned, Ref
from workers.records.drift import Drift, Saved

Kind = tuple[str, str]
"""Group and kind."""

BATCH: Final = 200
"""Apps whose digests are read in one round trip."""


class Known(NamedTuple):
    """Whose an object is and how it was accepted; what does not ``drift`` is watched for its health only.

    ``ownership`` is "" in records of before there was one: then what is seen first counts.
    """

    app: str
    version: str
    ownership: str
    drifts: bool


class Owners:
    """Every object owned on ``cluster``. Refreshed by one thread, asked by all."""

    def __init__(self, drift: Drift, cluster: str) -> None:
        self._drift = drift
        self._cluster = cluster
        self._lock = threading.Lock()
        self._number = -1
        self._of: dict[Kind, dict[Ref, Known]] = {}
        self._refs: dict[str, tuple[Ref, ...]] = {}
        self._applysets: dict[str, str] = {}

    def refresh(self) -> tuple[set[Ref], set[Ref]]:
        """Read what was saved since the last time; return the objects known anew, otherwise or no more, and all saved.

        One round trip when nothing changed. Raises what Redis raises; then the next time reads it all.
        """
        number, apps = self._drift.saved_since(self._number)
        if self._number < 0:
            self._applysets = self._drift.applysets(self._cluster)
            apps = sorted({*apps, *self._applysets.values()})
        changed, everything = set[Ref](), set[Ref]()
        for first in range(0, len(apps), BATCH):
            for saved in self._drift.saved(apps[first : first + BATCH]):
                changed |= self._take(saved)
                everything.update(saved.owned)
        self._number = max(number, 0)
        return changed, everything

    def of(self, ref: Ref) -> Known | None:
        """Return what is known of an object, ``None`` for one that nobody owns."""
        return self._of.get(ref[:2], {}).get(ref)

    def app_of(self, applyset: str) -> str | None:
        """Return the app of an ApplySet."""
        return self._applysets.get(applyset)

    def kinds(self) -> set[Kind]:
        """Return the kinds of which anything is owned."""
        with self._lock:
            return {kind for kind, known in self._of.items() if known}

    def all_of(self, kind: Kind) -> dict[Ref, Known]:
        """Return all that is owned of a kind."""
        with self._lock:
            return dict(self._of.get(kind, {}))

    def learn(self, ref: Ref, ownership: str) -> None:
        """Take what is seen first for what was accepted, of an object whose record does not say."""
        with self._lock:
            if known := self.of(ref):
                self._of[ref[:2]][ref] = known._replace(ownership=ownership)

    def _take(self, saved: Saved) -> set[Ref]:
        mine = saved.owned if saved.cluster in ("", self._cluster) else {}
        new = {_shared(ref): _known(saved.app, owned) for ref, owned in mine.items()}
        with self._lock:
            changed = self._drop(saved.app, (ref for ref in self._refs.get(saved.app, ()) if ref not in new))
            if new:
                self._refs[saved.app] = tuple(new)
            else:
                self._refs.pop(saved.app, None)
            if mine and saved.applyset:
                self._applysets[saved.applyset] = saved.app
            for ref, known in new.items():
                if not _same(self.of(ref), known):
                    self._of.setdefault(ref[:2], {})[ref] = known
                    changed.add(ref)
        return changed

    def _drop(self, app: str, refs: Iterable[Ref]) -> set[Ref]:
        dropped = {ref for ref in refs if (known := self.of(ref)) and known.app == app}  # others changed hands
        for ref in dropped:
            del self._of[ref[:2]][ref]
        return dropped


def _same(before: Known | None, now: Known) -> bool:
    return before is not None and (before == now or (not now.ownership and before._replace(ownership="") == now))


def _known(app: str, owned: Owned) -> Known:
    return Known(intern(app), intern(owned.version), owned.ownership, bool(owned.accepted))


def _shared(ref: Ref) -> Ref:
    """Return the same with texts that all objects share."""
    return Ref(intern(ref.group), intern(ref.kind), intern(ref.namespace), ref.name)
