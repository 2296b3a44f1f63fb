"""How much of the disk unpacked archives may take: what was not used for longest goes first."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import structlog

from workers.git import budget

log = structlog.get_logger()

YOUNG: Final = 3600.0
"""Seconds for which what was used stays, whatever it takes: somebody may be reading it."""


def use(path: Path) -> None:
    """Note that a repository is used."""
    with contextlib.suppress(OSError):
        path.with_suffix(".used").touch()


def trim(folder: Path, most: int, keep: Path, now: float | None = None) -> list[Path]:
    """Remove repositories until all together take no more than ``most`` bytes; return those that went."""
    gone = list(budget.trim(folder, most, now=now, young=YOUNG, keep=keep).gone)
    for path in gone:
        log.info("chart removed from disk", path=path.name)
    return gone
