"""The timed pass: what was recorded and never sent (the tick), and what events missed (the sweep).

Events make Hookline fast; this makes it right. It only ever asks for looks: a worker does the work.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace

import structlog

from workers import atonce, deployed, drift, endings, pulls, reopening, replanning, revisions
from workers.alerts import telling
from workers.apps import App, Index, decoded
from workers.context import Context
from workers.endings import ask_again
from workers.errors import HooklineError
from workers.git.refs import Refs
from workers.model import Request, Why
from workers.queues import TURNS
from workers.records.hooks import Missed

log = structlog.get_logger()

GONE_SECONDS = 10.0
"""How long a declaration has to be missing before its app is taken for gone."""


def tick(context: Context) -> None:
    """Send what is recorded and not under way, what is due, unwritten statuses and alerts. Asks Redis only."""
    ask_declared(context)
    endings.see_off(context)
    reopening.reopen(context)
    for app in context.records.progress.due_again():
        ask_again(context, app, "retry")
    ask_due(context)
    for app in context.records.watchers.nudge(context.records.progress.unsent()):
        context.counter.send(app)
    for commit in context.records.commits.dirty(context.records.clock()):
        context.counter.publish(commit)
    for delivery in context.records.comments.due(context.records.clock()):
        context.counter.comment(delivery)
    context.records.pulls.outdate(context.records.clock())
    replanning.ask(context)
    deployed.send_due(context)
    for outbox in context.records.alerts.due():
        context.counter.alert(outbox)


def sweep(context: Context, turn: int | None = None) -> None:
    """Find commits no delivery told us of and drift no watch saw. What is broken stops nothing else.

    ``turn`` counts the parts that a pass is done in, so that a Git server with many repositories is asked evenly over
    the time and not all at once; ``None`` does all of it.
    """
    index = context.catalog.index()
    for problem in look_at_repositories(context, index.apps.values(), turn):
        log.warning("sweep could not look", reason=problem)
    if turn is None:
        sweep_clusters(context)


def sweep_clusters(context: Context, task_every: float = 0.0) -> None:
    """Ask for a look at every app with drift that was not judged yet, on each cluster whose turn it is.

    ``task_every`` is how often somebody calls this, in seconds; 0 for a call out of turn.
    """
    if not context.settings.sync.sweep_drift:
        return
    index = context.catalog.index()
    for name in context.settings.clusters:
        every = drift.every(context.settings, index, name)
        if task_every and not context.records.repairs.turn(name, every - task_every / 2):
            continue
        try:
            for app in drift.sweep(context, name):
                ask_repair(context, index.apps[app])
        except HooklineError as error:
            log.warning("sweep could not look", cluster=name, reason=str(error))


def ask_declared(context: Context) -> None:
    """Ask for a look at every app whose declaration is new or has changed."""
    index = context.catalog.index()
    digests = {name: app.digest for name, app in index.apps.items()}
    for name in context.records.declarations.declare(digests):
        ask(context, index.apps[name], Why.SWEEP, "declaration")
    ask_gone(context, index)


def ask_due(context: Context) -> None:
    """Ask for a look at the apps whose drift was to be looked at again by now: it had to last, or was fought over."""
    now, apps = context.records.clock(), context.catalog.index().apps
    for name in context.records.repairs.due(now):
        if name in apps:
            ask_repair(context, apps[name])
        context.records.repairs.asked(name, now)  # after the request is recorded: a crash asks twice, not never


def ask_gone(context: Context, index: Index) -> None:
    """Ask for a look at every app whose declaration is gone for good.

    What cannot be read looks just like what is gone, and so does a folder whose files are being written: nothing is
    asked while the catalog has a fault, within :data:`GONE_SECONDS`, or when the folders declare nothing at all and
    more than one app would go.
    """
    declarations, now = context.records.declarations, context.records.clock()
    missing = declarations.missing(index.apps, now)
    gone = sorted(app for app, since in missing.items() if now - since >= GONE_SECONDS)
    if not gone or index.faults:
        return
    roots = [app for app in gone if not (last := declarations.last(app)) or not decoded(last).parent]
    if len(roots) > 1 and all(app.parent for app in index.apps.values()):
        log.warning("the catalog is empty: nothing is deleted before it declares something", apps=gone)
        return
    declarations.gone(gone)
    for name in gone:
        ask_again(context, name, "declaration is gone")


def in_turn(name: str, count: int, turn: int | None) -> bool:
    """Whether a repository is looked at in this turn: a few all in the first, of many each in its own. Pure."""
    if turn is None:
        return True
    mine = zlib.crc32(name.encode()) % TURNS if count > TURNS else 0
    return mine == turn % TURNS


def look_at_repositories(context: Context, served: Iterable[App], turn: int | None = None) -> list[str]:
    """Ask the served repositories whose turn it is for their refs, one call each, and request what is new.

    Returns what went wrong.
    """
    by_clone: dict[str, list[App]] = {}
    now = context.records.clock()
    for app in served:
        if app.url and not app.fault and not app.suspended:
            for view in app.views:
                by_clone.setdefault(str(context.mirror(view).path), []).append(view)

    exceptions = context.records.exceptions.all()

    def following(app: App) -> App:
        found = exceptions.get(app.name)
        return replace(app, revision=found.revision) if found and found.in_force(app.url, now) else app

    def one(group: list[App]) -> str:
        try:
            refs = context.mirror(group[0]).remote_refs()
        except HooklineError as error:
            return str(error)
        for app in group:
            compare(context, app, *head(following(app), refs))
        return ""

    mine = [group for name, group in by_clone.items() if in_turn(name, len(by_clone), turn)]
    return [problem for problem in atonce.each(one, mine, 4) if problem]


def compare(context: Context, app: App, ref: str, revision: str) -> None:
    """Request a commit nobody told us of, and note that its hook was silent. A delivery that comes late ends that."""
    record = context.records.progress.app(app.name)
    known = (record.seen, record.revision, *(context.records.sources.of(app.name) if app.more else ()))
    if not revision or revision in known:
        return
    ask(context, app, Why.SWEEP, "sweep", ref, revision)
    served = context.served(app, revision, ref)
    # The first look at an app is no move: nobody could have told of it. Of several sources only one is `seen`.
    if served:
        branch = pulls.branch(served.hook, served.repository, ref)
        context.records.pulls.move(branch, revision, context.records.clock())
    if served and record.seen and not app.more:
        at = context.records.clock()
        missed = Missed(app.name, ref, served.hook, served.repository, revision, at)
        if context.records.hooks.miss(missed):
            log.warning("no delivery told of a move", app=app.name, hook=served.hook, ref=ref, revision=revision)
            telling.delivery_silence(context, app, missed)


def head(app: App, refs: Refs) -> tuple[str, str]:
    """Return the full ref an app follows and its commit, ("", "") when the server has none of that name. Pure."""
    name = refs.head if app.revision == revisions.HEAD else revisions.pick(app.revision, refs.commits)
    return (name, refs.commits[name]) if name in refs.commits else ("", "")


def ask_repair(context: Context, app: App) -> None:
    """Ask for a look at an app that drifted; where the gate is closed to repairs, that look notes the drift."""
    ask(context, app, Why.DRIFT, "drift")


def ask(context: Context, app: App, why: Why, who: str, ref: str = "", revision: str = "") -> None:
    """Record one request and send its message; one that is already wanted is not asked for twice."""
    commit = context.served(app, revision) if revision else None
    request = Request(app.name, 0, why, who, context.records.clock(), ref, revision, commit=commit)
    context.counter.accept(None, [request])
