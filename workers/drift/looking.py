"""Whether what a watch or a sweep suspects is worth a worker's look: not while a sync has the app, not twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from workers import gate, standing
from workers.alerts import telling
from workers.apps import App
from workers.context import Context
from workers.drift import suspects
from workers.model import Manifest, Ref, Request, Why
from workers.policies import DriftMode


def is_looked_for(app: App) -> bool:
    """Whether anybody wants to know of an app's drift. Pure."""
    return not app.fault and not app.suspended and app.drift is not DriftMode.OFF


def is_busy(context: Context, app: str) -> bool:
    """Whether a sync of an app is wanted or under way: that sync will see what is live.

    One that has applied and waits for health is not: it looks at health only, and would wait for a deleted object.
    """
    if context.records.leases.held(f"app:{app}"):
        return True
    record = context.records.progress.app(app)
    return record.wanted > record.done and context.records.progress.flight(app) is None


def judge(context: Context, app: App, live: Mapping[Ref, Manifest], only: Iterable[Ref] | None = None) -> bool:
    """Return whether a look is to be asked for at what of an app is ``live`` (of ``only`` these objects, if given).

    Forgets the drift of what is as accepted again.
    """
    if not is_looked_for(app) or is_busy(context, app.name):
        return False
    owned = context.records.drift.owned(app.name)
    checked = {*owned, *live} if only is None else set(only)
    mine = {ref: known for ref, known in owned.items() if ref in checked}
    found = {ref: suspects.seen(live.get(ref), app.ignored, ref) for ref in suspects.differing(mine, live, app.ignored)}
    for ref in checked - owned.keys():
        if ref in live and suspects.is_extra(ref, live[ref]):
            found[ref] = suspects.seen(live[ref], app.ignored, ref)
    noted, judged = context.records.repairs.known(app.name)
    return weighed(context, app, found, checked, noted, judged, thorough=only is None)


def weighed(
    context: Context,
    app: App,
    found: Mapping[Ref, str],
    checked: Collection[Ref] | None,
    noted: Collection[Ref],
    judged: Mapping[Ref, str],
    *,
    thorough: bool,
) -> bool:
    """Return whether any of the suspects ``found`` (by what they are remembered) was not judged as it is now.

    Of the objects ``checked`` (``None``: all), those that are no suspects have not drifted any more.
    """
    settled = [ref for ref in {*noted, *judged} if ref not in found and (checked is None or ref in checked)]
    context.records.repairs.clear(app.name, settled)
    if not found and (back := {ref: "put back by somebody else" for ref in settled if ref in noted}):
        telling.drift_repaired(context, app, context.records.progress.app(app.name).revision, back)
    news = any(suspects.is_news(judged.get(ref, ""), now, thorough=thorough) for ref, now in found.items())
    if news and context.records.progress.flight(app.name) and not _may_write(context, app):
        return False  # a look now would go on with the sync that waits, and write; the sweep asks when that is over
    return news


def _may_write(context: Context, app: App) -> bool:
    """Whether the gate would let a repair of an app pass now."""
    records, index = context.records, context.catalog.index()
    request = Request(app.name, 0, Why.DRIFT, "drift", records.clock())
    closed = gate.closed(app, request, standing.read(app, index, context.settings, records))
    return app.drift is DriftMode.REPAIR and closed is None
