"""What follows when a hold or an exception ends: Git wins again. Asks for looks; a worker does the work.

The end itself needs nobody: a hold is in force before it and not after. What has to follow is found here from the
records by whoever runs next, also when every process was down at the end. Nothing is let go of before it was asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from workers import noticing, standing
from workers.apps import App
from workers.context import Context
from workers.exceptions import AppException, Approval
from workers.holds import Hold, Scope
from workers.model import Request, Why
from workers.policies import DriftMode
from workers.records import Records
from workers.rollbacks import Rollback
from workers.stages import lock


def see_off(context: Context) -> None:
    """See to all that ended by now, and remind of what ends soon. One process at a time."""
    records, now = context.records, context.records.clock()
    records.holds.note({name: app.hold for name, app in context.catalog.index().apps.items() if app.hold}, now)
    soon = records.exceptions.to_remind(now)
    if not (soon or ended(context, now) or records.exceptions.ended(now)):
        return
    with lock.hold(records.leases, "endings", context.settings.sync.lease) as held:
        if held is None:
            return
        for exception in soon:
            noticing.exception_ending(context, exception)
        for hold in ended(context, now):
            end_hold(context, hold)
        for exception in records.exceptions.ended(now):
            end_exception(context, exception)


def ended(context: Context, now: float) -> list[Hold]:
    """Return the holds that ended and were not seen off, of people and of declarations."""
    records, settings, index = context.records, context.settings, context.catalog.index()
    found = records.holds.ended(now)
    for app in index.apps.values():
        if app.hold and not records.holds.is_seen_off(app.name):
            found += [one for one in standing.declared(app, index, settings, records, now) if not one.in_force(now)]
    return found


def end_hold(context: Context, hold: Hold) -> None:
    """Ask for a look at every app a hold covered, and let go of it."""
    records, index = context.records, context.catalog.index()
    what = "hold released" if hold.released else "hold expired"
    names = [
        name
        for name, app in index.apps.items()
        if hold.covers(name, app.project, standing.cluster_of(context.settings, app))
    ]
    if hold.scope is Scope.APP and hold.target not in index.apps:
        names.append(hold.target)  # its removal may have waited
    ask_all(context, names, what)
    app = hold.target if hold.scope is Scope.APP else ""
    records.audit.add(
        what, app=app, who=hold.released or "hookline", what=hold.what, owner=hold.who, reason=hold.reason
    )
    noticing.hold_ended(context, hold, [index.apps[name] for name in names if name in index.apps])
    records.holds.forget(hold)


def end_exception(context: Context, exception: AppException) -> None:
    """Bring an app back to its declared revision; one that syncs by hand only, to the commit it had before."""
    records, name = context.records, exception.app
    app = context.catalog.index().apps.get(name)
    if app and not app.automated and exception.before:
        records.exceptions.approve(name, Approval(exception.before, exception.who, records.clock()))
    what = "exception released" if exception.released else "exception expired"
    ask_all(context, [name], what)
    records.audit.add(
        what,
        app=name,
        who=exception.released or "hookline",
        revision=exception.revision,
        owner=exception.who,
        reason=exception.reason,
    )
    noticing.exception_ended(exception)
    records.exceptions.forget(exception)


def ask_again(context: Context, name: str, who: str) -> None:
    """Ask for a look at an app at whatever its revision is, declared or not."""
    ask_all(context, [name], who)


def ask_all(context: Context, names: Iterable[str], who: str) -> None:
    """Ask for a look at each of these apps, declared or not.

    Where drift is not repaired it counts as a push: what is new in Git is written, and drift stays reported; unless
    something that Git wants was left out. An app that syncs by hand only is asked for where something of it waits, and
    its drift is looked at; one that was kept from going back goes back.
    """
    records, index, requests = context.records, context.catalog.index(), []
    left = records.holds.left_out()
    for name in names:
        app = index.apps.get(name)
        waits = records.exceptions.approved(name) or records.exceptions.held(name)
        back = records.rollbacks.of(name)
        if app and (app.suspended or app.fault):
            continue
        if app and not app.automated and back and _is_to_go_back(records, app, back):
            requests.append(Request(app=name, number=0, why=Why.ROLLBACK, who=back.who, at=records.clock()))
            continue
        if app and not (app.automated or waits):
            records.repairs.later(name, records.clock())
            continue
        reports = app and app.automated and app.drift is not DriftMode.REPAIR and name not in left
        why = Why.PUSH if reports else Why.SWEEP
        requests.append(Request(app=name, number=0, why=why, who=who, at=records.clock()))
    if requests:
        context.counter.accept(None, requests)


def _is_to_go_back(records: Records, app: App, rollback: Rollback) -> bool:
    """Whether something kept an app from going back that has ended now."""
    return rollback.in_force(app.url) and records.progress.app(app.name).revision != rollback.to
