"""How often an object is repaired that somebody keeps changing back: later each time, and not for ever. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

WINDOW: Final = 600.0
"""Seconds within which repairs of one object count as one fight."""
QUIET: Final = 3600.0
"""Seconds without a change after which a fight is over."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """The fight over one object: when it was repaired, oldest first, and since when it is left alone (0: it is not)."""

    repaired: tuple[float, ...] = ()
    stopped: float = 0.0

    @property
    def last(self) -> float:
        """When anything happened last, 0 for never."""
        return max(self.stopped, *self.repaired, 0.0)


NO_FIGHT: Final = Rounds()
"""Nobody changed it back yet."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``most`` repairs within :data:`WINDOW`; ``first`` is the wait in seconds after one repair, doubled after each."""

    most: int = 5
    first: float = 1.0

    def delay(self, repairs: int) -> float:
        """Return the seconds to wait after so many repairs: never so long that the fight would not end."""
        return float(min(self.first * 2.0 ** min(repairs - 1, 64), WINDOW / (2 * self.most))) if repairs else 0.0


class Step(StrEnum):
    """What is next for an object that differs."""

    REPAIR = "repair"
    WAIT = "wait"
    STOP = "stop"


def decide(fight: Rounds, now: float, pace: Pace) -> tuple[Step, float]:
    """Return what is done about an object that differs now, and when to look again (0 for at once)."""
    if fight.last and now - fight.last >= QUIET:
        return Step.REPAIR, 0.0
    if fight.stopped:
        return Step.STOP, fight.stopped + QUIET
    recent = [at for at in fight.repaired if now - at < WINDOW]
    if not recent:
        return Step.REPAIR, 0.0
    if len(recent) >= pace.most:
        return Step.STOP, now + QUIET
    due = recent[-1] + pace.delay(len(recent))
    return (Step.REPAIR, 0.0) if now >= due else (Step.WAIT, due)


def after(fight: Rounds, step: Step, now: float) -> Rounds:
    """Return the fight once that was done."""
    if step is Step.REPAIR:
        return Rounds((*(at for at in fight.repaired if now - at < WINDOW), now))
    if step is Step.STOP and not fight.stopped:
        return replace(fight, stopped=now)
    return fight
