"""How much of the disk unpacked archives may take: what was not used for longest goes first."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger()

YOUNG: Final = 3600.0
"""Seconds for which what was used stays, whatever it takes: somebody may be reading it."""


def use(path: Path) -> None:
    """Note that a repository is used."""
    with contextlib.suppress(OSError):
        path.with_suffix(".used").touch()


def trim(folder: Path, most: int, keep: Path, now: float | None = None) -> list[Path]:
    """Remove repositories until all together take no more than ``most`` bytes; return those that went."""
    now = time.time() if now is None else now
    every = [(_used(path), _size(path), path) for path in folder.glob("*.git")]
    total, gone = sum(size for _, size, _ in every), []
    for used, size, path in sorted(every):
        if total <= most:
            break
        if path == keep or now - used < YOUNG:
            continue
        with path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            away = path.with_suffix(".gone")
            path.rename(away)
            shutil.rmtree(away, ignore_errors=True)
        total -= size
        gone.append(path)
        log.info("chart removed from disk", path=path.name, bytes=size)
    return gone


def _used(path: Path) -> float:
    try:
        return path.with_suffix(".used").stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    total = 0
    for one in path.rglob("*"):
        with contextlib.suppress(OSError):
            total += one.lstat().st_size
    return total
