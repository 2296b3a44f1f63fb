"""The worker's spine: one look at one app, the stages in order, under the lease.

The message said only "look at this app"; what is wanted is read from the records here, so a lost, doubled or
late message changes nothing but time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from workers import advance, apps, beginning, gating, giving, planning, removal, repairing, resuming
from workers.context import Context
from workers.errors import BadDeclaration, HooklineError, LeaseLost, ObjectAwaited, TransientError
from workers.flight import Flight, Mode
from workers.model import Outcome, Request, Stage
from workers.run import Run
from workers.stages import lock, render
from workers.stages.lock import Held

log = structlog.get_logger()


REMOVED_AGAIN = 60.0
"""Seconds after which a deletion that failed is tried again."""


def look(context: Context, name: str) -> None:
    """Bring the app ``name`` one step further: a sync, the next look at one that waits, or nothing.

    Returns at once when another worker has the app: whoever holds it looks again at the end. Never raises for
    what is wrong with the app, its repository or its cluster: that becomes the outcome.
    """
    records, settings = context.records, context.settings
    with structlog.contextvars.bound_contextvars(app=name):
        records.watchers.arrived(name)
        with lock.hold(records.leases, f"app:{name}", settings.sync.lease) as held:
            if held is None:
                return
            began = time.perf_counter()
            try:
                handled = _step(context, name, held)
            except LeaseLost as error:
                log.warning("sync stopped", reason=str(error))
                return
            log.debug("looked", seconds=round(time.perf_counter() - began, 4))
        # After the release, not before: a request recorded while we held the lease found nobody to take it.
        if records.progress.app(name).wanted > handled:
            context.counter.send(name)


def _step(context: Context, name: str, held: Held) -> int:
    """Do what is next for the app; return the number of the newest request seen."""
    progress = context.records.progress
    requests, flight = progress.open_requests(name), progress.flight(name)
    if not requests:
        return progress.app(name).done
    number = requests[-1].number
    app = context.catalog.index().apps.get(name)
    due = progress.due(name) <= context.records.clock()
    if app is None:
        app = context.catalog.refresh().apps.get(name)
    if app is not None and flight and flight.removing:
        flight = None  # it came back: what was deleted is made anew
    if app is None:
        _gone(context, name, held, requests, flight)
    elif flight and number <= flight.number and flight.mode is Mode.DEPEND:
        _attempt(Run(context, app, held, requests), flight)
    elif flight and number <= flight.number and flight.mode is Mode.RETRY:
        if due:
            _attempt(Run(context, app, held, requests, progress.begin(name, number)), flight)
    elif flight and number <= flight.number:
        _guarded(Run(context, app, held, requests), flight, resuming.resume)
    elif not progress.attempts(name, number) or due:
        # Otherwise it backs off; a newer request would have a number without attempts.
        _attempt(Run(context, app, held, requests, progress.begin(name, number)), flight)
    return number


def _gone(context: Context, name: str, held: Held, requests: Sequence[Request], flight: Flight | None) -> None:
    """End the requests of an app that is no longer declared: by its finalizer's rule, if it was ever synced."""
    last = context.records.declarations.last(name)
    if not last:
        undeclared = apps.App(name=name, url="", path="", revision="", file="")
        text = "no longer declared in the catalog: nothing was changed"
        Run(context, undeclared, held, requests).finish(Outcome.NOT_AFFECTED, text)
    elif context.catalog.index().faults:
        fault = context.catalog.index().faults[0]
        text = f"no longer declared in the catalog, which is broken ({fault}): nothing is deleted until it can be read"
        run = Run(context, apps.decoded(last), held, requests)
        run.removing = True
        run.finish(Outcome.FAILED, text)
    else:
        attempts = 1 if flight else context.records.progress.begin(name, requests[-1].number)
        run = Run(context, apps.decoded(last), held, requests, attempts)
        run.removing = True
        if not flight and gating.held(run):
            return
        _guarded(run, flight, removal.remove)
    progress = context.records.progress
    declarations = context.records.declarations
    if declarations.last(name) and not declarations.held(name) and progress.app(name).done >= requests[-1].number:
        progress.again(name, context.records.clock() + REMOVED_AGAIN)


def _attempt(run: Run, flight: Flight | None) -> None:
    """Begin a sync, or go on with one that a newer request found under way."""
    limit = run.context.settings.sync.retry_limit + 1
    if run.attempts > limit:
        run.finish(
            Outcome.FAILED,
            f"gave up: {limit} attempts ended without a word, as when a worker is killed; see its log",
            inputs="",
        )
        return
    _guarded(run, flight, _stages)


def _guarded(run: Run, flight: Flight | None, act: Callable[[Run, Any], None]) -> None:
    """Run ``act``; every way it can end is an outcome or a stored wait."""
    try:
        act(run, flight)
    except LeaseLost:
        raise
    except ObjectAwaited as error:
        run.wait(replace(planning.begun(run, "", flight), mode=Mode.DEPEND, text=str(error)))
    except TransientError as error:
        if act is resuming.resume and flight is not None and not run.late(flight):
            run.wait(replace(flight, text=str(error)))
        else:
            run.retry(error)
    except HooklineError as error:
        if flight is None or act is not resuming.resume:
            flight = planning.begun(run, "", flight)
        if isinstance(error, BadDeclaration) or run.stage in (Stage.LOCK, Stage.FETCH, Stage.RENDER):
            run.fail(error)
        else:
            run.fail_as(run.failure(error), flight)
    except Exception as error:
        log.exception("internal error")
        run.fail(RuntimeError(f"internal error ({type(error).__name__}): the worker's log has the details"))


def _stages(run: Run, flight: Flight | None) -> None:
    app = run.app
    if not beginning.may_begin(run, flight):
        return
    record, before = run.context.records.progress.app(app.name), flight
    with run.during(Stage.FETCH):
        tree = repairing.tree(run, record)
        trees = repairing.further_trees(run, record)
    with run.during(Stage.RENDER):
        given = giving.gathered(run.client, run.context, app, tree, trees)
        inputs = render.inputs(tree, app, given)
        if run.by_event() and inputs == record.inputs:
            run.finish(Outcome.NOT_AFFECTED, f"not affected: nothing {app.name} reads has changed", inputs=inputs)
            return
        if repairing.is_overtaken(run, inputs, record):
            repairing.give_way(run)
            return
        going = None if run.stopped else planning.continued(flight, inputs, app, run.requests)
        flight = going or planning.begun(run, inputs, flight)
        work = planning.read(run, tree, flight, given)
    with run.during(Stage.DIFF):
        plan, stale = repairing.compare(run, work, record, going)
        repair = repairing.judge(run, work, plan, stale, record, inputs, before, going)
        if repair.over:
            repairing.end(run, work, repair)
            return
        run.changes = repair.plan.written
        if not going:
            flight = planning.planned(run, flight, work, repair.stale, record)
        said, spared = flight.note + repairing.note(repair), tuple(sorted(work.spared))
        flight = replace(flight, changes=run.changes, note=said, spared=spared)
    with run.during(Stage.APPLY):
        beginning.intend(run, work, repair.stale)
    if going:
        advance.mend(run, work, flight)
    advance.advance(run, work, flight)
    repairing.told(run, work, repair)
