"""How much of the disk mirrors may take: what was not used for longest goes first, never what is in use."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workers.git import place

IN_USE: Final = 900.0
"""Seconds for which what was used stays, whatever it takes: somebody may be reading it. No look takes as long."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One mirror on disk: when it was last used, by the clock of the disk, and its bytes."""

    path: Path
    used: float
    size: int


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What went, and what is left: the bytes of all, and of those that are in use."""

    gone: tuple[Path, ...]
    size: int
    in_use: int
    count: int


def leaving(kept: Sequence[Kept], most: float, now: float, young: float = IN_USE) -> list[Kept]:
    """Return what has to go for the rest to take no more than ``most`` bytes, the longest unused first. Pure.

    It may not be enough: what was used in the last ``young`` seconds stays.
    """
    over, found = sum(one.size for one in kept) - most, []
    for one in sorted(kept, key=lambda one: (one.used, str(one.path))):
        if over > 0 and now - one.used >= young:
            found.append(one)
            over -= one.size
    return found


def trim(
    folder: Path, most: float, *, now: float | None = None, young: float = IN_USE, keep: Path | None = None
) -> Trimmed:
    """Remove mirrors of ``folder`` until all together take no more than ``most`` bytes.

    One whose lock somebody holds stays, and so does ``keep``.
    """
    now = time.time() if now is None else now
    kept = seen(folder)
    chosen = leaving([one for one in kept if one.path != keep], most - _size_of(kept, keep), now, young)
    gone = [one.path for one in chosen if _removed(one.path, now - young)]
    left = [one for one in kept if one.path not in gone]
    in_use = sum(one.size for one in left if now - one.used < young)
    return Trimmed(tuple(gone), sum(one.size for one in left), in_use, len(left))


def seen(folder: Path) -> list[Kept]:
    """Return the mirrors below a folder."""
    return [Kept(path, used(path), size(path)) for path in folder.glob("*.git")]


def sweep(folder: Path) -> int:
    """Remove mirrors that were taken away and whose deletion was cut short; return how many there were."""
    found = [path for path in folder.glob("*.gone*") if place.is_away(path)]
    for path in found:
        shutil.rmtree(path, ignore_errors=True)
    return len(found)


def used(path: Path) -> float:
    """Return when a mirror was last used, 0.0 for never."""
    try:
        return path.with_suffix(".used").stat().st_mtime
    except OSError:
        return 0.0


def size(path: Path) -> int:
    """Return the bytes of all files in and below a folder."""
    total = 0
    for one in path.rglob("*"):
        with contextlib.suppress(OSError):
            total += one.lstat().st_size
    return total


def _size_of(kept: Sequence[Kept], path: Path | None) -> int:
    return sum(one.size for one in kept if one.path == path)


def _removed(path: Path, before: float) -> bool:
    """Take a mirror away, unless somebody works on it, or used it since it was looked at."""
    with place.trying(path, ".upkeep") as tending, place.trying(path) as changing:
        if tending is None or changing is None or used(path) > before:
            return False
        place.take_away(path)
        return True
