"""Who is told of drift, and of holds and exceptions that end: the log and the alerts.

Nothing here decides anything, and nothing told may stop a sync.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog

from workers.alerts import telling
from workers.apps import App
from workers.context import Context
from workers.exceptions import AppException
from workers.holds import Hold, moment
from workers.model import Ref

log = structlog.get_logger()

Told = Mapping[Ref, str]
"""Object to what is said of it; secrets are masked."""


def drift_found(context: Context, app: App, revision: str, objects: Told) -> None:
    """Say that objects differ from what was applied of ``revision``, and stay so for now."""
    log.warning("drift found", app=app.name, revision=revision, objects=_plain(objects))
    telling.drift_found(context, app, revision, objects)


def drift_repaired(context: Context, app: App, revision: str, objects: Told, seconds: float) -> None:
    """Say that objects were put back, ``seconds`` after that was noticed; what nobody heard of before is told, too."""
    log.info("drift repaired", app=app.name, revision=revision, objects=_plain(objects), seconds=round(seconds, 3))
    telling.drift_found(context, app, revision, objects)
    telling.drift_repaired(context, app, revision, objects)


def drift_gone(context: Context, app: App, revision: str, objects: Told) -> None:
    """Say that objects are as in Git again without our doing."""
    log.info("drift gone", app=app.name, revision=revision, objects=_plain(objects))
    telling.drift_repaired(context, app, revision, objects)


def fought_over(context: Context, app: App, revision: str, objects: Told) -> None:
    """Say that objects are left alone because somebody changes them back again and again."""
    log.error("drift fought over", app=app.name, revision=revision, objects=_plain(objects))
    telling.fought_over(context, app, revision, objects)


def hold_ended(context: Context, hold: Hold, apps: Iterable[App]) -> None:
    """Say that a hold ended; if nobody ended it, everybody who hears of the ``apps`` it covered is told."""
    what = "hold released" if hold.released else "hold expired"
    log.warning(what, hold=hold.what, owner=hold.who, reason=hold.reason)
    for app in () if hold.released else apps:
        telling.hold_expired(context, app, hold.who, hold.reason, hold.until)


def exception_ending(context: Context, exception: AppException) -> None:
    """Say that an exception ends soon, and with it what its app follows."""
    until = moment(exception.until, context.records.clock())
    text = f"exception {exception.revision} of {exception.who} ends at {until}"
    log.warning("exception ending", app=exception.app, text=text)
    if app := context.catalog.index().apps.get(exception.app):
        telling.exception_ending(context, app, text, exception.until)


def exception_ended(exception: AppException) -> None:
    """Say that an app goes back to its declared revision."""
    what = "exception released" if exception.released else "exception expired"
    log.warning(what, app=exception.app, revision=exception.revision, owner=exception.who, reason=exception.reason)


def _plain(objects: Told) -> dict[str, str]:
    return {str(ref): text for ref, text in objects.items()}
