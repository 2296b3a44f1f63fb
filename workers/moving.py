"""Objects that move from one app to another: they change hands and are never deleted on the way.

Each app says which objects it wants and does not own; who would delete one of those lets go of it instead. Before an
app deletes anything, the other apps of its repository have to have said what they want of the same push.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from workers import clusters, inventory, repositories
from workers.apps import App
from workers.errors import HooklineError, ObjectAwaited, ObjectClaimed
from workers.flight import Flight, Mode
from workers.model import Ref, Rendered
from workers.run import Run

MARGIN: Final = 5.0
"""Seconds before its deadline at which a sync waits for nobody."""
PATIENCE: Final = 60.0
"""Seconds from the begin of a sync for which its deletions wait for other apps to say what they want."""


def say(run: Run, wanted: Collection[Ref], owned: Collection[Ref]) -> None:
    """Say what the app wants and does not own, and what it owns and does not want any more."""
    new = [ref for ref in wanted if ref not in owned]
    leaving = [ref for ref in owned if ref not in wanted]
    run.context.records.wishes.say(run.cluster, run.app.name, run.request.number, new, leaving)


def wanted_elsewhere(run: Run, refs: Iterable[Ref]) -> dict[Ref, str]:
    """Return those of ``refs`` that another app of this cluster wants now, with that app."""
    apps = run.index.apps
    found = run.context.records.wishes.who(run.cluster, list(refs))
    return {ref: app for ref, app in found.items() if app != run.app.name and app in apps}


def unsaid(run: Run, flight: Flight) -> str:
    """Return an app of the same repository whose wishes are still to come, "" when deletions need not wait."""
    if run.context.records.clock() > min(flight.began + PATIENCE, flight.deadline - MARGIN):
        return ""
    try:
        siblings = run.index.by_repository.get(repositories.canonical(run.app.url), ())
    except ValueError:
        return ""
    names = [one.name for one in siblings if one.name != run.app.name and _same_cluster(run, one)]
    progress = run.context.records.progress
    for name in run.context.records.wishes.unsaid(names):
        waits = progress.flight(name)
        if waits is None or waits.mode not in (Mode.DEPEND, Mode.RETRY):
            return name
    return ""


def _same_cluster(run: Run, app: App) -> bool:
    if app.fault or app.suspended:
        return False
    try:
        return clusters.name_for(run.context.settings, app) == run.cluster
    except HooklineError:
        return False


def wake(run: Run, flight: Flight) -> None:
    """Send the apps that wait for what this one lets go of."""
    for name in set(wanted_elsewhere(run, [one.ref for one in flight.stale]).values()):
        run.context.counter.send(name)


def take(run: Run, rendered: Rendered, owner: str) -> None:
    """Return when an object with the label of another ApplySet may become ours.

    Raises :class:`ObjectClaimed` when its app wants it, too, and :class:`ObjectAwaited` when that app may let go of it
    with the sync it has before it.
    """
    context, ref = run.context, rendered.ref
    name = context.records.drift.app_of(run.cluster, owner)
    if not name:
        raise ObjectClaimed(
            f"{rendered.origin}: {ref} already belongs to another ApplySet (label {inventory.PART_OF}={owner}): "
            "remove the label there, or take the object out of one of them"
        )
    wishes, other = context.records.wishes, context.catalog.index().apps.get(name)
    if wishes.leaves(name, ref):
        return
    if wishes.unsaid([name]) and name != run.app.name:
        waits = context.records.progress.flight(name)
        if other is None or waits is None or waits.mode not in (Mode.DEPEND, Mode.RETRY):
            raise ObjectAwaited(f"waits for app {name} to be looked at, to which {ref} still belongs")
    if other is not None and ref in inventory.load(run.client, other).refs:
        raise ObjectClaimed(
            f"{rendered.origin}: {ref} already belongs to app {name} ({other.origin}): remove it from one of them"
        )
