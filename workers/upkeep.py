"""Looks after the mirrors of this machine: packs them, keeps them within their budget, and says how much there is.

Beat asks for it with the last queue, so only a worker without other work takes it; the work itself goes on beside the
worker's slots, once at a time on a machine. Of several machines each does its own.
"""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Final

import structlog

from workers.context import Context
from workers.git import budget, upkeep
from workers.git.place import held
from workers.records.mirrors import Held

log = structlog.get_logger()

PASS_SECONDS: Final = 900.0
"""Seconds after which no further mirror is begun."""
MIRROR_SECONDS: Final = 600.0
"""Seconds that one mirror may take."""


def start(context: Context) -> None:
    """Look after the mirrors in a thread, unless this machine is at it already."""

    def run() -> None:
        try:
            look(context)
        except Exception as error:
            log.exception("mirrors not looked after", error=type(error).__name__)

    threading.Thread(target=run, daemon=True, name="upkeep").start()


def look(context: Context) -> bool:
    """Look after the mirrors of this machine once; return whether nobody else was at it."""
    folder = context.settings.data / "mirrors"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "upkeep.lock").open("w") as file:
        if not held(file.fileno()):
            return False
        for _ in range(budget.sweep(folder)):
            context.records.counts.add("mirror_upkeep", "swept")
        left = trimmed(context, folder)
        tended(context, sorted(folder.glob("*.git"), key=budget.used, reverse=True))
        context.records.mirrors.note(socket.gethostname(), left, context.records.clock())
    return True


def tended(context: Context, mirrors: list[Path]) -> None:
    """Do what mirrors need, those used last first, as long as there is time."""
    until, now = time.monotonic() + PASS_SECONDS, context.records.clock
    for mirror in mirrors:
        begun, before = time.monotonic(), upkeep.counted(mirror)
        if begun >= until:
            return
        did = upkeep.tend(mirror, now(), context.settings.mirrors.grace, min(until - begun, MIRROR_SECONDS))
        if did not in (upkeep.Did.NOTHING, upkeep.Did.BUSY):
            context.records.counts.add("mirror_upkeep", did.value)
            seconds, after = round(time.monotonic() - begun, 1), upkeep.counted(mirror)
            log.info("mirror tended", mirror=mirror.name, did=did.value, seconds=seconds, before=before, after=after)


def trimmed(context: Context, folder: Path) -> Held:
    """Remove what exceeds the budget; return what is left. Say so when that is more than the budget."""
    most = context.settings.mirrors.disk_budget
    found = budget.trim(folder, float("inf") if most is None else most)
    for path in found.gone:
        context.records.counts.add("mirror_upkeep", "evicted")
        log.info("mirror removed from disk", mirror=path.name)
    if most is not None and found.size > most:
        words = f"mirrors.disk_budget is {most >> 20} MiB, and {found.size >> 20} MiB of mirrors are in use"
        log.error("mirrors exceed their budget", reason=f"{words}: raise it, or serve fewer repositories here")
    return Held(found.count, found.size, found.in_use, most or 0)
