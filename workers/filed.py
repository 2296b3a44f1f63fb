"""What the files of catalog folders declare; a file that did not change is not read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers import documents
from workers.declared import Declared, declared
from workers.errors import BadDeclaration, BadDocument

SUFFIXES = (".yaml", ".yml", ".json")
Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What one file declared, and what is wrong with it."""

    stamp: tuple[int, int]
    declared: tuple[Declared, ...]
    faults: tuple[str, ...]


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
    found: list[Declared] = []
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


def _files(folders: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return every file with the name it goes by in statuses: from its catalog folder's name on, no machine's path."""
    return sorted(
        (path, str(path.relative_to(folder.parent)))
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in SUFFIXES and path.is_file()
    )


def signature_of(folders: Sequence[Path]) -> Signature:
    """Return what changes when any file of the folders does."""
    found = []
    for path, _ in _files(folders):
        try:
            status = path.stat()
        except OSError:
            continue
        found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)
