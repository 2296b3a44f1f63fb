"""Apps that were well when their last sync ended and are not any more: seen by the sweep, told as alerts.

An object that has failed is told at once. One that is merely not ready is told when that lasts as long as a sync would
wait for it: a Pod that moves to another node is no news. Nothing here writes to a cluster or asks it anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from workers import health
from workers.alerts import telling
from workers.apps import App
from workers.context import Context
from workers.model import Ref, Verdict

Unwell = Mapping[Ref, Verdict]
"""Objects of an app that are not well, and why."""


def is_degraded(unwell: Unwell, since: float, now: float, patience: float) -> bool:
    """Whether objects that are not well ``since`` then are worth telling of at ``now``, in seconds. Pure."""
    return any(one.done for one in unwell.values()) or (bool(unwell) and now - since >= patience)


def notice(context: Context, found: Mapping[str, Unwell]) -> None:
    """Tell of the apps that a sweep ``found`` unwell, and of those that are well again.

    ``found`` names every app that was looked at, with an empty mapping for one that is well.
    """
    records = context.records
    known = records.unwell.all()
    for name, unwell in found.items():
        app = context.catalog.index().apps.get(name)
        if app is None or not (unwell or name in known):
            continue
        if not unwell:
            records.unwell.end(name)
            telling.healthy_again(context, app, records.progress.app(name).revision)
        else:
            _tell(context, app, unwell)


def _tell(context: Context, app: App, unwell: Unwell) -> None:
    """Tell of one app, unless a sync has yet to bring it about, or ended by saying so itself."""
    records, now = context.records, context.records.clock()
    record = records.progress.app(app.name)
    if not record.inputs or record.wanted > record.done or records.progress.flight(app.name):
        return
    patience = app.timeout or context.settings.sync.health_timeout
    if is_degraded(unwell, records.unwell.since(app.name, now), now, patience):
        said = health.worst(sorted(unwell.items())).message
        telling.degraded(context, app, record.revision, unwell, f"no longer healthy: {said}")
