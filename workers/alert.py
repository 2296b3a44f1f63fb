"""One alert: what people are told about one app, as a frozen value. Nothing here does I/O or knows who is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workers.model import Ref


class Kind(StrEnum):
    """What an alert is about; a closed list, the same words in messages, Events, metrics and the configuration."""

    SYNC_FAILED = "sync failed"
    APP_DEGRADED = "app degraded"
    FOUGHT_OVER = "fought over"
    DRIFT_FOUND = "drift found"
    DELIVERY_SILENCE = "delivery silence"
    HOLD_EXPIRED = "hold expired"
    EXCEPTION_ENDING = "exception ending"
    ROLLED_BACK = "rolled back"
    SYNC_RECOVERED = "sync recovered"
    APP_HEALTHY = "app healthy again"
    DRIFT_REPAIRED = "drift repaired"


class Severity(StrEnum):
    """How bad it is, in the words of `apprise`'s notification types, the worst first."""

    FAILURE = "failure"
    WARNING = "warning"
    SUCCESS = "success"
    INFO = "info"


SEVERITY: Final = {
    Kind.SYNC_FAILED: Severity.FAILURE,
    Kind.APP_DEGRADED: Severity.FAILURE,
    Kind.FOUGHT_OVER: Severity.FAILURE,
    Kind.DRIFT_FOUND: Severity.WARNING,
    Kind.DELIVERY_SILENCE: Severity.WARNING,
    Kind.HOLD_EXPIRED: Severity.WARNING,
    Kind.EXCEPTION_ENDING: Severity.WARNING,
    Kind.ROLLED_BACK: Severity.WARNING,
    Kind.SYNC_RECOVERED: Severity.SUCCESS,
    Kind.APP_HEALTHY: Severity.SUCCESS,
    Kind.DRIFT_REPAIRED: Severity.SUCCESS,
}

CLOSES: Final = {
    Kind.SYNC_RECOVERED: (Kind.SYNC_FAILED,),
    Kind.APP_HEALTHY: (Kind.APP_DEGRADED,),
    Kind.DRIFT_REPAIRED: (Kind.DRIFT_FOUND, Kind.FOUGHT_OVER),
}
"""Good news, and the bad news it ends: without any of that told before, it is no news."""

MOST_OBJECTS: Final = 20
LONGEST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Alert:
    """What is told of one app.

    ``revision`` is the commit it is about, "" for none. ``state`` is what makes it different from another alert of its
    kind at the same commit: equal ones are told once. ``text`` is one sentence, already masked. ``objects`` are the
    objects concerned, the first :data:`MOST_OBJECTS` of them.
    """

    kind: Kind
    app: str
    project: str
    revision: str
    state: str
    text: str
    at: float
    objects: tuple[Ref, ...] = ()


def cut(text: str, most: int) -> str:
    """Return a text of at most ``most`` characters, cut on a word if it has one to cut on. Pure."""
    if len(text) <= most:
        return text
    head = text[: most - 1]
    return (head.rpartition(" ")[0] if " " in head[most // 2 :] else head).rstrip() + "…"
