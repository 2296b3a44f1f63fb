"""Sync windows: when the apps of a project may be synced. Pure: times come in as seconds since the epoch.

The rules are Argo CD's ("Sync Windows" in its user guide). A window lasts ``duration`` seconds from each start; starts
are told by a cron schedule on the wall clock of its zone, as Debian's cron does: a start that the clock skips comes
when the clock goes on, one that the clock shows twice comes once; a schedule with ``*`` as hour or minute counts the
minutes that there really are.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

LONGEST: Final = 366 * 86400.0
"""Seconds one window may last."""
MOST_BOUNDARIES: Final = 300
"""How many beginnings and ends are looked at for the moment when a sync may go on."""
_LONGEST_SCHEDULE: Final = 100
_NAMED: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_VALUE: Final = "([0-9]{1,2}|[a-zA-Z]{3})"
_PART: Final = rf"(\*|\?|{_VALUE}(-{_VALUE})?)(/[0-9]{{1,3}})?"
_FIELD: Final = re.compile(rf"{_PART}(,{_PART})*")
_STEP: Final = re.compile(r"\*/0*([2-9]|[1-9][0-9]+)")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")


class _Turns(CronSim):
    """The starts of a schedule. The library steps by whole hours, and so past half of one where the clock jumps by 30
    minutes (Lord Howe); this one steps to the next full hour."""

    def advance_hour(self) -> bool:
        """Go on to an hour of the schedule; say whether that was needed."""
        if self.dt.hour in self.hours:
            return False
        while self.dt.hour not in self.hours:
            self.tick(3600 - self.dt.minute * 60 - self.dt.second)
            if self.dt.hour == 0:
                break
        return True


@dataclass(frozen=True, slots=True)
class Window:
    """One window: ``schedule`` as :func:`schedule` returns it, ``duration`` in seconds, globs over what it is for.

    ``manual`` lets a sync by hand pass, ``overrun`` one that is under way; ``every`` asks for all of the given globs to
    match instead of any.
    """

    kind: Literal["allow", "deny"]
    schedule: str
    duration: float
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    manual: bool = False
    overrun: bool = False
    every: bool = False
    zone: str = "UTC"
    description: str = ""

    def __str__(self) -> str:
        zone = "" if self.zone == "UTC" else f" ({self.zone})"
        said = f", {self.description}" if self.description else ""
        return f"{self.kind} `{self.schedule}`{zone} for {dt.timedelta(seconds=self.duration)}{said}"

    def matches(self, name: str, namespace: str, clusters: Iterable[str]) -> bool:
        """Whether the window is for an app of that name and destination; ``clusters`` are the names of its cluster."""
        there = [text for text in clusters if text]
        said = [
            any(_matches(glob, text) for glob in globs for text in texts)
            for globs, texts in ((self.applications, [name]), (self.namespaces, [namespace]), (self.clusters, there))
            if globs
        ]
        return bool(said) and (all(said) if self.every else any(said))

    def next(self, after: float) -> float:
        """Return the first start later than ``after``, infinity when there is none within fifty years."""
        for start in _Turns(self.schedule, dt.datetime.fromtimestamp(after, _zone(self.zone))):
            # Of an hour that comes twice, cronsim gives the first one even when asked in the second.
            if start.timestamp() > after:
                return start.timestamp()
        return math.inf

    def active(self, now: float) -> bool:
        """Whether the window is on: from its start, up to and not including its end."""
        return self.next(now - self.duration) <= now

    def boundary(self, after: float) -> float:
        """Return when one of its turns next begins or ends."""
        return min(self.next(after), self.next(after - self.duration) + self.duration)


def schedule(text: str) -> str:
    """Return a schedule in five fields, as cron reads them. Raises ``ValueError`` with a sentence.

    Takes what Argo CD takes: five fields, ``?`` for ``*``, and names such as ``@daily``. A day of the month with a step
    restricts, as everything but ``*`` does: with a day of the week besides, either is enough.
    """
    text = _NAMED.get(text.strip(), text.strip())
    fields = text.split()
    if len(text) > _LONGEST_SCHEDULE or len(fields) != len(("minute", "hour", "day", "month", "day of the week")):
        raise ValueError("expected five cron fields such as `0 22 * * 1-5`: minute, hour, day, month, day of the week")
    for field in fields:
        if not _FIELD.fullmatch(field):
            raise ValueError(f"{field} is no cron field: expected numbers, ranges, steps and lists such as 1-5 or */15")
    fields = [field.replace("?", "*") for field in fields]
    fields[2], fields[4] = _STEP.sub(r"1-31/\1", fields[2]), _STEP.sub(r"0-6/\1", fields[4])
    found = " ".join(fields)
    try:
        _Turns(found, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    except CronSimError as error:
        raise ValueError(f"{text} is no cron schedule: {str(error)[:1].lower()}{str(error)[1:]}") from None
    return found


def zone(name: str) -> str:
    """Return the name of a time zone, UTC for "". Raises ``ValueError`` with a sentence."""
    try:
        _zone(name or "UTC")
    except (ValueError, KeyError, OSError):
        raise ValueError(f"{name[:60]} is no time zone: expected a name such as Europe/Amsterdam") from None
    return name or "UTC"


@functools.lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _matches(glob: str, text: str) -> bool:
    """Match as Argo CD does: ``*`` crosses everything, ``{a,b}`` is a choice."""
    found = _BRACES.search(glob)
    if found is None:
        return fnmatchcase(text, glob)
    head, tail = glob[: found.start()], glob[found.end() :]
    return any(_matches(f"{head}{choice}{tail}", text) for choice in found[1].split(",")[:100])


def digest(windows: Iterable[Window]) -> str:
    """Return a name of these very windows: another one when any of them changes."""
    return hashlib.sha256(repr([*windows]).encode()).hexdigest()[:16]


def blocking(windows: Sequence[Window], now: float, *, by_hand: bool, under_way: bool = False) -> tuple[Window, ...]:
    """Return the windows (all for one app) that keep a sync from going on, none when it may.

    An active ``deny`` closes; without one, windows that ``allow`` close while none of them is active. A sync by hand
    passes where all of those say ``manual``, one under way where all say ``overrun``.
    """
    on = {window: window.active(now) for window in windows}
    closing = tuple(window for window in windows if window.kind == "deny" and on[window])
    if not closing:
        allowing = tuple(window for window in windows if window.kind == "allow")
        closing = () if any(on[window] for window in allowing) else allowing
    if by_hand and all(window.manual for window in closing):
        return ()
    if under_way and all(window.overrun for window in closing):
        return ()
    return closing


def opens(windows: Sequence[Window], now: float) -> tuple[float, bool]:
    """Return when a sync that nobody asks for by hand may go on, and whether that is sure.

    It is not where that is too many turns away: then the moment is one to look again. Infinity says never.
    """
    at = now
    for _ in range(MOST_BOUNDARIES):
        at = min((window.boundary(at) for window in windows), default=math.inf)
        if math.isinf(at) or not blocking(windows, at, by_hand=False):
            return at, True
    return at, False
