"""Keeps one mirror small, off the way of those who fetch and read: packs become few, what nobody leads to goes.

Every fetch leaves a pack or loose objects, and a force push leaves commits without a branch. Packs are joined while
others fetch and read, which git allows; only what takes milliseconds is done under the mirror's lock. A commit goes
once no branch and no tag has led to it for the grace time: refs of our own keep it until then, for git itself counts
from the time an object came here. Field facts: git-repack(1), gitformat-pack(5) ("cruft packs").
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import structlog

from workers.git import damage, place
from workers.git.lacking import is_partial
from workers.git.packing import Packing, Stopped

log = structlog.get_logger()

MOST_PACKS: Final = 12
MOST_LOOSE: Final = 1_000
"""Objects that are files of their own."""
COLLECT_EVERY: Final = 24 * 3600.0
"""Seconds between two times that a mirror which is fetched is searched for what nobody leads to."""
LATELY: Final = "refs/hookline-lately"


class Did(StrEnum):
    """What was done to a mirror."""

    NOTHING = "nothing"
    PACKED = "packed"
    COLLECTED = "collected"
    BUSY = "busy"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of a mirror: which fetch was seen last, when garbage was last collected, and when each tip was
    last seen.
    """

    fetched: float = 0.0
    collected: float = 0.0
    tips: Mapping[str, float] = field(default_factory=dict)


def due(state: State, fetched: float, packs: int, loose: int, now: float, *, partial: bool) -> Did:
    """Return what a mirror needs, of which the last fetch was at ``fetched``. Pure.

    Git keeps all that a partial clone ever got, so there is nothing to collect.
    """
    if not partial and now - state.collected >= COLLECT_EVERY and fetched > state.collected:
        return Did.COLLECTED
    return Did.PACKED if packs > MOST_PACKS or loose > MOST_LOOSE else Did.NOTHING


def seen(state: State, tips: set[str], fetched: float, now: float, grace: float) -> State:
    """Return the state once these tips were seen; those not seen for the grace time are forgotten. Pure."""
    kept = {tip: at for tip, at in state.tips.items() if now - at < grace}
    # An empty state is that of a mirror just made: there is nothing in it yet that nobody leads to.
    return State(fetched, state.collected or now, kept | dict.fromkeys(tips, now))


def tend(mirror: Path, now: float, grace: float, seconds: float) -> Did:
    """Do what a mirror needs, within some seconds, unless others are at it. A process that dies harms nothing."""
    state, fetched = _read(mirror), _fetched(mirror)
    packs, loose = counted(mirror)
    if fetched == state.fetched and due(state, fetched, packs, loose, now, partial=is_partial(mirror)) is Did.NOTHING:
        return Did.NOTHING
    with place.trying(mirror) as changing:
        if changing is None or damage.marked(mirror):
            return Did.BUSY
        if left := damage.tidy(mirror):
            log.info("mirror tidied", mirror=mirror.name, left=left[:10])
    with place.trying(mirror, ".upkeep") as lock:
        if lock is None:
            return Did.BUSY
        packing = Packing(mirror, lock, seconds)
        try:
            return _tended(packing, state, now, grace)
        except Stopped as error:
            log.warning("mirror not packed", mirror=mirror.name, reason=str(error))
            if damage.is_sign(str(error)):
                damage.found(mirror, str(error))
            return Did.STOPPED


def _tended(packing: Packing, state: State, now: float, grace: float) -> Did:
    mirror = packing.mirror
    with place.trying(mirror) as changing:
        if changing is None:
            return Did.BUSY
        tips = packing.tips("refs/heads", "refs/tags")
        state = seen(state, tips, _fetched(mirror), now, grace)
        packing.keep(LATELY, set(state.tips) - tips)
        packing.join_refs()
    packs, loose = counted(mirror)
    what = due(state, state.fetched, packs, loose, now, partial=is_partial(mirror))
    if what is Did.COLLECTED:
        # Noted before: what takes too long is not begun again at once, nor is what kills us.
        state = State(state.fetched, now, state.tips)
    _write(mirror, state)
    if what is Did.COLLECTED:
        packing.collect(grace)
        _check(packing, tips)
    elif what is Did.PACKED:
        packing.join(partial=is_partial(mirror))
    return what


def _check(packing: Packing, before: set[str]) -> None:
    """See to it that what came meanwhile does not need what went: then the mirror is made anew."""
    with place.trying(packing.mirror) as changing:
        if changing is not None and (fresh := packing.tips("refs/heads", "refs/tags") - before):
            packing.whole(fresh, before)


def counted(mirror: Path) -> tuple[int, int]:
    """Return how many packs a mirror has, and how many objects that are files of their own."""
    packs = sum(1 for _ in (mirror / "objects/pack").glob("*.pack"))
    return packs, sum(1 for _ in (mirror / "objects").glob("[0-9a-f][0-9a-f]/*"))


def _fetched(mirror: Path) -> float:
    with contextlib.suppress(OSError, ValueError):
        return float(mirror.with_suffix(".fetched").read_text())
    return 0.0


def _read(mirror: Path) -> State:
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        read: Any = json.loads(mirror.with_suffix(".tended").read_text())
        if read.get("mirror") == _born(mirror):
            return State(float(read["fetched"]), float(read["collected"]), dict(read["tips"]))
    return State()


def _write(mirror: Path, state: State) -> None:
    text = {"mirror": _born(mirror), "fetched": state.fetched, "collected": state.collected, "tips": dict(state.tips)}
    fresh = mirror.with_suffix(".tending")
    fresh.write_text(json.dumps(text))
    fresh.replace(mirror.with_suffix(".tended"))


def _born(mirror: Path) -> str:
    with contextlib.suppress(OSError):
        return (mirror / "hookline").read_text()
    return ""
