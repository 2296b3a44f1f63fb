"""The timed pass: what was recorded and never sent (the tick), and what events missed (the sweep).

Events make Hookline fast; this makes it right. It only ever asks for looks: a worker does the work.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import structlog

from workers import apps, drift
from workers.apps import App
from workers.context import Context
from workers.errors import HooklineError
from workers.model import Request, Why

log = structlog.get_logger()


def tick(context: Context) -> None:
    """Send what is recorded and not under way, what is due, and commits with unwritten statuses. Reads Redis only."""
    ask_declared(context)
    for app in context.records.progress.unsent():
        context.counter.send(app)
    for commit in context.records.commits.dirty(context.records.clock()):
        context.counter.publish(commit)


def sweep(context: Context) -> None:
    """Find commits no delivery told us of and drift no watch saw. What is broken stops nothing else."""
    index = context.catalog.index()
    for problem in look_at_repositories(context, index.apps.values()):
        log.warning("sweep could not look", reason=problem)
    if not context.settings.sync.sweep_drift:
        return
    for name in context.settings.clusters:
        try:
            for app in drift.sweep(context, name):
                ask_repair(context, index.apps[app])
        except HooklineError as error:
            log.warning("sweep could not look", cluster=name, reason=str(error))


def ask_declared(context: Context) -> None:
    """Ask for a look at every app whose declaration is new or has changed."""
    index = context.catalog.index()
    digests = {name: app.digest for name, app in index.apps.items()}
    for name in context.records.progress.declare(digests):
        ask(context, index.apps[name], Why.SWEEP, "declaration")


def look_at_repositories(context: Context, served: Iterable[App]) -> list[str]:
    """Ask every served repository for its refs, one call each, and request what is new. Returns what went wrong."""
    by_clone: dict[str, list[App]] = {}
    for app in served:
        if not app.fault:
            by_clone.setdefault(str(context.mirror(app).path), []).append(app)

    def one(group: list[App]) -> str:
        try:
            refs = context.mirror(group[0]).remote_refs()
        except HooklineError as error:
            return str(error)
        for app in group:
            ref, revision = head(app, refs)
            if revision and revision != context.records.progress.app(app.name).seen:
                ask(context, app, Why.SWEEP, "sweep", ref, revision)
        return ""

    with ThreadPoolExecutor(4) as pool:
        return [problem for problem in pool.map(one, by_clone.values()) if problem]


def head(app: App, refs: dict[str, str]) -> tuple[str, str]:
    """Return the full ref an app follows and its commit, ("", "") when the server has none of that name. Pure."""
    names = (
        ["HEAD"]
        if app.revision == "HEAD"
        else [ref for ref in refs if ref != "HEAD" and apps.follows(app.revision, ref)]
    )
    return next(((name, refs[name]) for name in sorted(names) if name in refs), ("", ""))


def ask_repair(context: Context, app: App) -> None:
    """Ask for a look at an app that drifted."""
    ask(context, app, Why.DRIFT, "drift")


def ask(context: Context, app: App, why: Why, who: str, ref: str = "", revision: str = "") -> None:
    """Record one request and send its message; one that is already wanted is not asked for twice."""
    request = Request(
        app=app.name,
        number=0,
        why=why,
        who=who,
        at=context.records.clock(),
        ref=ref,
        revision=revision,
        commit=context.served(app, revision) if revision else None,
    )
    context.counter.accept(None, [request])
