"""Reads app declarations from the catalog's folders. One broken document harms itself only."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import structlog

from workers import apps, documents, joining
from workers.apps import App
from workers.declared import Declared, declared
from workers.errors import BadDeclaration, RecordsUnavailable
from workers.filed import Read, Signature, read, signature_of
from workers.policies import Ignored

log = structlog.get_logger()


CHEAP = 0.005
"""Seconds a walk over the folders may take where somebody waits for an answer; a longer one goes to a thread."""
CHILDREN_SECONDS = 0.2
"""How often it is asked whether apps declare something else."""
SHARE = 20
"""A walk may take one part in so many of the time: large catalogs are looked at less often."""


class Held(Protocol):
    """Where declarations found in apps are kept: `workers.records.children.Children`."""

    def version(self) -> int:
        """Return how often anything there changed."""

    def all(self) -> dict[str, list[documents.Document]]:
        """Return parent to what it declares."""


class Catalog:
    """The apps of some folders and Git catalogs, and those declared in apps; read again when something changed.

    Safe to share between threads. A small catalog is up to date at every call, but for what apps declare, which is
    asked for every :data:`CHILDREN_SECONDS`. One whose folders take long to walk is refreshed beside the calls, at
    most :data:`SHARE` times its walk late; so is every one that is ``beside`` from the start.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        git: Sequence[Declared] = (),
        children: Held | None = None,
        ignored: Sequence[Ignored] = (),
        *,
        beside: bool = False,
    ) -> None:
        self._folders = tuple(folders)
        self._git = tuple(git)
        self._held = children
        self._ignored = tuple(ignored)
        self._beside = beside
        self._lock = threading.Lock()
        self._read: dict[Path, Read] = {}
        self._children: tuple[Declared, ...] = ()
        self._version = -1
        self._asked = float("-inf")
        self._signature: Signature | None = None
        self._index = apps.index(())
        self._walks: deque[float] = deque(maxlen=4)
        self._walked = 0.0

    @property
    def _cost(self) -> float:
        """Seconds a walk takes: the quickest of the last few, for one may be slow because the machine is busy."""
        return min(self._walks, default=0.0)

    def index(self) -> apps.Index:
        """Return the present index. Costs a directory walk at most; files are read only when they changed."""
        if self._signature is not None and self._cost > CHEAP:
            due = time.monotonic() - self._walked >= SHARE * self._cost
            if due and self._lock.acquire(blocking=False):
                threading.Thread(target=self._refresh_and_release, daemon=True).start()
            return self._index
        if self._beside and self._signature is not None and self._is_due():
            threading.Thread(target=self._refresh_beside, daemon=True).start()
        with self._lock:
            self._refresh(children=not self._beside and self._is_due(), strict=False)
        return self._index

    def refresh(self) -> apps.Index:
        """Return the index as it is now, whatever it costs.

        Raises :class:`RecordsUnavailable` when nobody can say what apps declare; :meth:`index` keeps what it knew.
        """
        with self._lock:
            self._refresh(children=True, strict=True)
        return self._index

    def _refresh_beside(self) -> None:
        with self._lock:
            self._refresh(children=True, strict=False)

    def _is_due(self) -> bool:
        if self._held is None or time.monotonic() - self._asked < CHILDREN_SECONDS:
            return False
        self._asked = time.monotonic()
        return True

    def _refresh_and_release(self) -> None:
        try:
            self._refresh(children=self._is_due(), strict=False)
        finally:
            self._lock.release()

    def _refresh(self, *, children: bool, strict: bool) -> None:
        began = time.monotonic()
        signature = signature_of(self._folders)
        self._walks.append(time.monotonic() - began)
        try:
            changed = children and self._read_children()
        except RecordsUnavailable as error:
            if strict:
                raise
            changed = False
            log.warning("what apps declare is not known to be up to date", reason=str(error))
        if changed or signature != self._signature:
            self._read = read(self._folders, self._read)
            more = (*self._git, *self._children)
            self._index = joined(self._folders, self._read.values(), more, self._ignored)
            self._signature = signature
        self._walked = time.monotonic()

    def _read_children(self) -> bool:
        if self._held is None:
            return False
        version = self._held.version()
        if version == self._version:
            return False
        self._children = tuple(
            replace(one, parent=parent)
            for parent, found in self._held.all().items()
            for document in found
            if (one := _child(document)) is not None
        )
        self._version = version
        return True


def _child(document: documents.Document) -> Declared | None:
    try:
        return declared(document)
    except BadDeclaration as error:
        log.warning("catalog fault", fault=str(error))
        return None


def load(folders: Sequence[Path]) -> apps.Index:
    """Read every document of every folder. Never raises for a document: its app carries the fault."""
    return joined(folders, read(folders, {}).values())


def joined(
    folders: Sequence[Path], files: Iterable[Read], more: Sequence[Declared] = (), ignored: Sequence[Ignored] = ()
) -> apps.Index:
    """Return the index of all files together; what is wrong with them is in it and in the log.

    Every app ignores what ``ignored`` names, too.
    """
    files = list(files)
    faults = [fault for file in files for fault in file.faults]
    faults += [
        f"{folder}: the catalog folder does not exist: create it, or correct catalog.folders"
        for folder in folders
        if not folder.is_dir()
    ]
    for fault in faults:
        log.warning("catalog fault", fault=fault)
    found = [*(one for file in files for one in file.declared), *more]
    if ignored:
        found = [replace(one, ignored=(*one.ignored, *ignored)) if isinstance(one, App) else one for one in found]
    return joining.joined(found, faults)
