"""Holds: "leave this alone", with owner, reason and expiry. Pure.

Times are seconds since the epoch. A hold ends by itself: it is in force before its end and never after.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workers.model import Ref

LONGEST_REASON: Final = 500
"""Letters of a reason that are kept."""
PREFIX: Final = "hookline.dev/hold"
UNTIL: Final = f"{PREFIX}-until"
OWNER: Final = f"{PREFIX}-owner"
REASON: Final = f"{PREFIX}-reason"
LONGEST: Final = f"{PREFIX}-longest"
"""The annotation of an AppProject that says how long a hold or an exception of its apps may last."""


class Scope(StrEnum):
    """What a hold is of."""

    APP = "app"
    PROJECT = "project"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Declared:
    """A hold as the annotations of an app declare it."""

    until: float
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold: of an app (or of one ``object`` in it, ``KIND/NAME`` or ``KIND/NAMESPACE/NAME``), project or cluster.

    ``origin`` is where it came from: the command line, an address, or the file and line that declare it. ``released``
    names who ended it early, ``declared`` says that a declaration in Git has it.
    """

    scope: Scope
    target: str
    who: str
    reason: str
    since: float
    until: float
    object: str = ""
    origin: str = ""
    released: str = ""
    declared: bool = False

    @property
    def id(self) -> str:
        """What it goes by: a second hold of the same thing takes the first one's place."""
        return f"{self.scope}|{self.target}|{self.object}"

    @property
    def what(self) -> str:
        """What it is of, for people."""
        return f"{self.object} of {self.target}" if self.object else f"{self.scope} {self.target}"

    def in_force(self, now: float) -> bool:
        """Whether it holds at a moment."""
        return now < self.until

    def covers(self, app: str, project: str, cluster: str) -> bool:
        """Whether it concerns an app, or an object of it, by the app's name, project and configured cluster."""
        return self.target == {Scope.APP: app, Scope.PROJECT: project, Scope.CLUSTER: cluster}[self.scope]

    def is_of(self, ref: Ref) -> bool:
        """Whether it is a hold of this very object."""
        return self.object in (f"{ref.kind}/{ref.name}", f"{ref.kind}/{ref.namespace}/{ref.name}")


def sentence(hold: Hold, now: float) -> str:
    """Return what everybody is told: ``held until 14:00 UTC by ada: reason``."""
    whole = "" if hold.scope is Scope.APP else f" (all of {hold.what})"
    return f"held{whole} until {moment(hold.until, now)} by {hold.who}: {hold.reason}"


def moment(at: float, now: float) -> str:
    """Return a moment in UTC, without its day where that is today's."""
    then, today = dt.datetime.fromtimestamp(at, dt.UTC), dt.datetime.fromtimestamp(now, dt.UTC)
    return then.strftime("%H:%M UTC" if then.date() == today.date() else "%Y-%m-%d %H:%M UTC")


def last(holds: Iterable[Hold]) -> Hold | None:
    """Return the hold that ends last, ``None`` for none."""
    return max(holds, key=lambda hold: hold.until, default=None)
