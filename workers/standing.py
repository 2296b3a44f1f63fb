"""How an app stands: what keeps Hookline from syncing it now, or makes it follow something else. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workers import destinations, holds, packaged, repositories, revisions
from workers.errors import BadDeclaration
from workers.exceptions import AppException, Approval
from workers.holds import Hold, Scope
from workers.model import Ref
from workers.rollbacks import Rollback
from workers.windows import Window

if TYPE_CHECKING:
    from workers.apps import App, Index
    from workers.records import Records
    from workers.records.exceptions import Known
    from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gate has to know of an app at the moment ``now``.

    ``holds`` are in force and concern it as a whole, ``objects`` are those of single objects in it. ``windows`` are its
    project's that are for it. ``approved`` is the commit a person said yes to, ``awaiting`` the newest that waits for
    that. ``rollback`` is in force, and ``blocked`` are its commits, which must not be deployed again.
    """

    now: float
    holds: tuple[Hold, ...] = ()
    objects: tuple[Hold, ...] = ()
    windows: tuple[Window, ...] = ()
    exception: AppException | None = None
    approved: Approval | None = None
    awaiting: str = ""
    rollback: Rollback | None = None
    blocked: frozenset[str] = frozenset()

    def hold_of(self, ref: Ref) -> Hold | None:
        """Return the hold of one object, ``None`` for an object that nobody holds."""
        return holds.last(hold for hold in self.objects if hold.is_of(ref))


def read(app: App, index: Index, settings: Settings, records: Records) -> Standing:
    """Return how an app stands now, from the records and its project."""
    return of(app, index, settings, records, records.clock(), *records.exceptions.standing(app.name))


def of(
    app: App,
    index: Index,
    settings: Settings,
    records: Records,
    now: float,
    every: Iterable[Hold],
    known: Known,
) -> Standing:
    """Return how an app stands when ``every`` hold and what else is ``known`` were read already, for many apps."""
    found = [*every, *declared(app, index, settings, records, now)]
    cluster = cluster_of(settings, app)
    found = [hold for hold in found if hold.in_force(now) and hold.covers(app.name, app.project, cluster)]
    exception, rollback = known.exceptions.get(app.name), known.rollbacks.get(app.name)
    rollback = rollback if rollback and rollback.in_force(app.url) else None
    return Standing(
        now=now,
        holds=tuple(hold for hold in found if not hold.object),
        objects=tuple(hold for hold in found if hold.object),
        windows=windows_of(app, index, cluster),
        exception=exception if exception and exception.in_force(app.url, now) else None,
        approved=known.approvals.get(app.name),
        awaiting=known.awaiting.get(app.name, ""),
        rollback=rollback,
        blocked=frozenset(rollback.blocked if rollback else ()),
    )


def longest(index: Index, settings: Settings, project: str = "") -> float:
    """Return how many seconds a hold or an exception may last: the least of configuration and project. Pure."""
    found = index.projects.get(project)
    return min(settings.holds.longest, found.longest) if found else settings.holds.longest


def declared(app: App, index: Index, settings: Settings, records: Records, now: float) -> list[Hold]:
    """Return the hold an app's own declaration has, in force or not; it lasts no longer than any other may."""
    if app.hold is None:
        return []
    since = records.holds.declared(app.name, app.hold, now)
    until = min(app.hold.until, since + longest(index, settings, app.project))
    return [Hold(Scope.APP, app.name, app.hold.who, app.hold.reason, since, until, origin=app.origin, declared=True)]


def cluster_of(settings: Settings, app: App) -> str:
    """Return the configured cluster of an app, "" when its destination means none."""
    try:
        return destinations.name_for(settings, app)
    except BadDeclaration:
        return ""


def windows_of(app: App, index: Index, cluster: str) -> tuple[Window, ...]:
    """Return the sync windows of an app's project that are for it. Pure."""
    try:
        project = index.project(app)
    except KeyError:
        return ()
    names = (app.server, app.cluster, cluster)
    return tuple(one for one in project.windows if one.matches(app.name, app.namespace or "default", names))


def followed(index: Index, exceptions: Mapping[str, AppException], now: float) -> Index:
    """Return the index in which a move of an exception's ref concerns its app, too. Pure."""
    more: dict[tuple[str, str], tuple[App, ...]] = {}
    for name, exception in exceptions.items():
        app = index.apps.get(name)
        if app is None or not exception.in_force(app.url, now):
            continue
        if packaged.is_packaged(app.url, app.chart):
            continue
        url = repositories.canonical(app.url)
        for ref in revisions.names(exception.revision):
            known: Sequence[App] = more.get((url, ref)) or index.by_ref.get((url, ref), ())
            more[url, ref] = tuple(dict.fromkeys((*known, app)))
    return replace(index, by_ref={**index.by_ref, **more}) if more else index
