"""Says what happened, once: recorded in one round trip to Redis, and nothing else. No target is ever contacted here.

Except for :func:`of_sync`, which is part of recording a sync's end, these functions swallow what Redis refuses: an
alert that cannot be recorded is logged, and whoever told it goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import redis
import structlog

from workers.alert import LONGEST_TEXT, MOST_OBJECTS, Alert, Kind, cut
from workers.alerts.routes import routes
from workers.apps import App
from workers.context import Context
from workers.errors import redact
from workers.model import Outcome, Ref, SyncRecord
from workers.records import coding
from workers.records.hooks import Missed

log = structlog.get_logger()

Said = Mapping[Ref, str]
"""Objects, and what is said of each ("" for nothing); secrets are masked."""


def tell(
    context: Context,
    app: App,
    kind: Kind,
    state: str,
    text: str,
    revision: str = "",
    objects: Iterable[Ref] = (),
) -> bool:
    """Record an alert for every target it is for; return whether it was news.

    It is none when the same (app, revision, state) was told within ``alerts.again_after``, or when it ends a trouble
    that was never told.
    """
    alert = made(app, kind, state, text, context.records.clock(), revision, objects)
    try:
        return context.records.alerts.tell(
            alert, routes(context.settings, app, kind), context.settings.alerts.again_after
        )
    except redis.RedisError as error:
        log.warning("alert not recorded", app=app.name, kind=kind.value, error=type(error).__name__)
        return False


def made(app: App, kind: Kind, state: str, text: str, at: float, revision: str, objects: Iterable[Ref]) -> Alert:
    """Return an alert within its bounds. Pure."""
    refs = tuple(sorted(objects)[:MOST_OBJECTS])
    return Alert(kind, app.name, app.project, revision, state, cut(redact(text), LONGEST_TEXT), at, refs)


def of_sync(context: Context, app: App, record: SyncRecord) -> Callable[[Any], None]:
    """Return what is recorded together with a sync's end, on the pipeline that records it: its count and its alert.

    So a sync's failure is told exactly when it is on record, whatever dies when.
    """
    alerts, settings = context.records.alerts, context.settings
    outcome = record.outcome
    news = None
    if outcome is Outcome.FAILED:
        state = f"failed in {record.stage.value}"
        news = made(app, Kind.SYNC_FAILED, state, record.text, record.ended, record.revision, ())
    elif outcome is Outcome.SUCCEEDED:
        news = made(app, Kind.SYNC_RECOVERED, "recovered", record.text, record.ended, record.revision, ())

    def add(pipe: Any) -> None:
        context.records.counts.add("syncs", outcome.value, pipe)
        if news:
            alerts.tell(news, routes(settings, app, news.kind), settings.alerts.again_after, pipe)

    return add


def drift_found(context: Context, app: App, revision: str, objects: Said) -> bool:
    """Tell that live objects are no longer as applied at ``revision``; other objects than before are news."""
    text = f"differs from Git: {said(objects)}"
    return tell(context, app, Kind.DRIFT_FOUND, digest(sorted(objects)), text, revision, objects)


def drift_repaired(context: Context, app: App, revision: str, objects: Said) -> bool:
    """Tell that what drifted is as applied again, if the drift was told."""
    return tell(context, app, Kind.DRIFT_REPAIRED, "repaired", f"as in Git again: {said(objects)}", revision, objects)


def fought_over(context: Context, app: App, revision: str, objects: Said) -> bool:
    """Tell that somebody keeps changing objects back and Hookline has stopped repairing them."""
    text = f"changed again and again, left as it is: {said(objects)}"
    return tell(context, app, Kind.FOUGHT_OVER, digest(sorted(objects)), text, revision, objects)


def degraded(context: Context, app: App, revision: str, objects: Iterable[Ref], text: str = "") -> bool:
    """Tell that an app whose last sync succeeded is no longer healthy; ``text`` is what its health says."""
    refs = sorted(objects)
    said = text or f"no longer healthy: {listed(refs)}"
    return tell(context, app, Kind.APP_DEGRADED, digest(refs), said, revision, refs)


def healthy_again(context: Context, app: App, revision: str) -> bool:
    """Tell that an app is healthy again, if it was told that it was not."""
    return tell(context, app, Kind.APP_HEALTHY, "healthy", "healthy again", revision)


def hold_expired(context: Context, app: App, owner: str, reason: str, ended: float) -> bool:
    """Tell that a hold (of ``owner``, for ``reason``) ended by its expiry, at ``ended`` in seconds since the epoch."""
    text = f"the hold of {owner} has expired ({reason}): the app is served again"
    return tell(context, app, Kind.HOLD_EXPIRED, f"{owner} {ended:.0f}", text)


def exception_ending(context: Context, app: App, text: str, until: float) -> bool:
    """Tell that an exception ends soon, at ``until`` in seconds since the epoch, as ``text`` says."""
    return tell(context, app, Kind.EXCEPTION_ENDING, f"{until:.0f}", f"{text}: the app goes back to its own revision")


def delivery_silence(context: Context, app: App, missed: Missed) -> bool:
    """Tell that a ref moved and that its hook delivered nothing of it."""
    text = f"{missed.ref} moved to {missed.revision[:7]} and hook {missed.hook} told nothing of it: is it set up?"
    return tell(context, app, Kind.DELIVERY_SILENCE, f"{missed.hook} {missed.ref}", text, missed.revision)


def said(objects: Said, most: int = 5) -> str:
    """Return objects in words with what is said of each: the first few, and how many more. Pure."""
    found = [f"{ref}: {text}" if text else str(ref) for ref, text in sorted(objects.items())]
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(found[:most]) + more


def listed(refs: Sequence[Ref], most: int = 5) -> str:
    """Return objects in words: the first few, and how many more. Pure."""
    if not refs:
        return "no object is named"
    more = f" and {len(refs) - most} more" if len(refs) > most else ""
    return ", ".join(str(ref) for ref in refs[:most]) + more


def digest(refs: Iterable[Ref]) -> str:
    """Return a short key of a set of objects. Pure."""
    return hashlib.sha256("\n".join(coding.ref_id(ref) for ref in refs).encode()).hexdigest()[:16]
