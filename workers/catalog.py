"""Reads app declarations from the catalog's folders. One broken document harms itself only."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from workers import apps, documents
from workers.declared import declared
from workers.errors import BadDeclaration, BadDocument

log = structlog.get_logger()

SUFFIXES = (".yaml", ".yml", ".json")
Signature = tuple[tuple[str, int, int], ...]


CHEAP = 0.005
"""Seconds a walk over the folders may take where somebody waits for an answer; a longer one goes to a thread."""
SHARE = 20
"""A walk may take one part in so many of the time: large catalogs are looked at less often."""


@dataclass(frozen=True, slots=True)
class Read:
    """What one file declared, and the apps and faults in it."""

    stamp: tuple[int, int]
    apps: tuple[apps.App, ...]
    faults: tuple[str, ...]


class Catalog:
    """The apps of some folders, read again when a file in them changed. Safe to share between threads.

    A small catalog is up to date at every call. One whose folders take long to walk is refreshed beside the calls, at
    most :data:`SHARE` times its walk late.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._lock = threading.Lock()
        self._read: dict[Path, Read] = {}
        self._signature: Signature | None = None
        self._index = apps.index(())
        self._cost = 0.0
        self._walked = 0.0

    def index(self) -> apps.Index:
        """Return the present index. Costs a directory walk at most; files are read only when they changed."""
        if self._signature is not None and self._cost > CHEAP:
            due = time.monotonic() - self._walked >= SHARE * self._cost
            if due and self._lock.acquire(blocking=False):
                threading.Thread(target=self._refresh_and_release, daemon=True).start()
            return self._index
        with self._lock:
            self._refresh()
        return self._index

    def _refresh_and_release(self) -> None:
        try:
            self._refresh()
        finally:
            self._lock.release()

    def _refresh(self) -> None:
        began = time.monotonic()
        signature = _signature(self._folders)
        self._cost = time.monotonic() - began
        if signature != self._signature:
            self._read = read(self._folders, self._read)
            self._index = joined(self._folders, self._read.values())
            self._signature = signature
        self._walked = time.monotonic()


def load(folders: Sequence[Path]) -> apps.Index:
    """Read every document of every folder. Never raises for a document: its app carries the fault."""
    return joined(folders, read(folders, {}).values())


def read(folders: Sequence[Path], known: Mapping[Path, Read]) -> dict[Path, Read]:
    """Return what every file declares, taking from ``known`` what did not change since."""
    found = {}
    for path, shown in _files(folders):
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            before = known.get(path)
            found[path] = before if before and before.stamp == stamp else _file(path.read_bytes(), shown, stamp)
        except OSError as error:
            found[path] = Read((0, 0), (), (f"{shown}: cannot be read ({error.strerror})",))
    return found


def _file(text: bytes, shown: str, stamp: tuple[int, int]) -> Read:
    found: list[apps.App] = []
    faults: list[str] = []
    try:
        for document in documents.read(text, shown):
            try:
                found.append(declared(document))
            except BadDeclaration as error:
                faults.append(str(error))
    except BadDocument as error:
        faults.append(str(error))
    return Read(stamp, tuple(found), tuple(faults))


def joined(folders: Sequence[Path], files: Iterable[Read]) -> apps.Index:
    """Return the index of all files together; what is wrong with them is in it and in the log."""
    files = list(files)
    faults = [fault for file in files for fault in file.faults]
    faults += [
        f"{folder}: the catalog folder does not exist: create it, or correct catalog.folders"
        for folder in folders
        if not folder.is_dir()
    ]
    for fault in faults:
        log.warning("catalog fault", fault=fault)
    return apps.index([app for file in files for app in file.apps], faults)


def _files(folders: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return every file with the name it goes by in statuses: from its catalog folder's name on, no machine's path."""
    return sorted(
        (path, str(path.relative_to(folder.parent)))
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in SUFFIXES and path.is_file()
    )


def _signature(folders: Sequence[Path]) -> Signature:
    found = []
    for path, _ in _files(folders):
        try:
            status = path.stat()
        except OSError:
            continue
        found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)
