"""The worker's spine: one look at one app, the stages in order, under the lease.

The message said only "look at this app"; what is wanted is read from the records here, so a lost, doubled or
late message changes nothing but time.
"""

from __future__ import annotations

import structlog

from workers import apps, inventory, kube, outcomes
from workers.context import Context
from workers.errors import BadDeclaration, HealthFailed, HooklineError, LeaseLost, TransientError
from workers.model import Action, Change, Flight, Outcome, Rendered, Stage, Verdict
from workers.run import Run
from workers.stages import apply, diff, fetch, health, lock, prune, render
from workers.stages.lock import Held

log = structlog.get_logger()


def look(context: Context, name: str) -> None:
    """Bring the app ``name`` one step further: a sync, the next look at one that waits, or nothing.

    Returns at once when another worker has the app: whoever holds it looks again at the end. Never raises for
    what is wrong with the app, its repository or its cluster: that becomes the outcome.
    """
    records, settings = context.records, context.settings
    with structlog.contextvars.bound_contextvars(app=name):
        with lock.hold(records.leases, f"app:{name}", settings.sync.lease) as held:
            if held is None:
                return
            try:
                handled = _step(context, name, held)
            except LeaseLost as error:
                log.warning("sync stopped", reason=str(error))
                return
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
    if app is None:
        undeclared = apps.App(name=name, url="", path="", revision="", file="")
        text = "no longer declared in the catalog: nothing was changed"
        Run(context, undeclared, held, requests).finish(Outcome.NOT_AFFECTED, text)
    elif flight and number <= flight.number:
        _resume(Run(context, app, held, requests), flight)
    elif not progress.attempts(name, number) or progress.waiting().get(name, 0.0) <= context.records.clock():
        # Otherwise it backs off; a newer request would have a number without attempts.
        _attempt(Run(context, app, held, requests, progress.begin(name, number)))
    return number


def _attempt(run: Run) -> None:
    """Run the stages; every way they can end is an outcome or a stored wait."""
    limit = run.context.settings.sync.retry_limit + 1
    if run.attempts > limit:
        run.finish(
            Outcome.FAILED,
            f"gave up: {limit} attempts ended without a word, as when a worker is killed; see its log",
            inputs="",
        )
        return
    try:
        _stages(run)
    except LeaseLost:
        raise
    except TransientError as error:
        run.retry(error)
    except HooklineError as error:
        run.fail(error)
    except Exception as error:
        log.exception("internal error")
        run.fail(RuntimeError(f"internal error ({type(error).__name__}): the worker's log has the details"))


def _stages(run: Run) -> None:
    context, app, settings = run.context, run.app, run.context.settings.sync
    if app.fault:
        raise BadDeclaration(app.fault)
    if reason := run.closed():
        run.finish(Outcome.HELD, reason)
        return
    client, force = run.client, context.settings.clusters[run.cluster].force_conflicts
    with run.during(Stage.FETCH):
        run.ref, tree = fetch.tree(context.mirror(app), app, run.request)
        run.revision = tree.revision
    with run.during(Stage.RENDER):
        inputs = render.inputs(tree, app)
        if run.by_event() and inputs == context.records.progress.app(app.name).inputs:
            run.finish(Outcome.NOT_AFFECTED, f"not affected: nothing {app.name} reads has changed", inputs=inputs)
            return
        wanted = render.objects(
            tree, app, lambda group, version, kind: client.resource(group, kind, version).namespaced
        )
    with run.during(Stage.DIFF):
        applyset, loaded = inventory.applyset(app), inventory.load(client, app)
        versions = {rendered.ref: rendered.manifest["apiVersion"].rpartition("/")[2] for rendered in wanted}
        prune.guard(app, loaded.refs, versions)
        _namespace(client, app)
        live = diff.live_objects(
            client, applyset, inventory.kinds({**loaded.refs, **versions}.items()), settings.parallel
        )
        known = context.records.drift.owned(app.name)
        plan = diff.compare(client, applyset, wanted, live, known, force, settings.parallel)
        run.changes = tuple(change for change in plan.changes.values() if change.action is not Action.UNCHANGED)
    with run.during(Stage.APPLY):
        # Intent before the first write: whatever is created from here on is owned, even if we die.
        loaded = inventory.save(client, app, {**loaded.refs, **versions}, loaded)
        accepted = apply.changes(client, applyset, wanted, plan.writes, force, settings.parallel, run.held.check)
        context.records.drift.save(app.name, applyset, run.cluster, apply.owned(wanted, accepted, live))
    with run.during(Stage.PRUNE):
        gone, survivors = prune.delete(client, app, prune.stale(loaded.refs, versions), live, run.held.check)
        run.changes += tuple(Change(ref, Action.DELETED) for ref in gone)
        run.held.check()
        inventory.save(client, app, {**versions, **survivors}, loaded)
    with run.during(Stage.HEALTH):
        _judge(run, _flight(run, wanted, inputs), health.verdict(versions, {**live, **accepted}))


def _namespace(client: kube.Client, app: apps.App) -> None:
    if app.create_namespace and app.namespace:
        resource = client.resource("", "Namespace", "v1")
        if client.get(resource, "", app.namespace) is None:
            client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": app.namespace}}, force=False)


def _flight(run: Run, wanted: list[Rendered], inputs: str) -> Flight:
    refs = tuple((rendered.ref, rendered.manifest["apiVersion"].rpartition("/")[2]) for rendered in wanted)
    deadline = run.began + run.context.settings.sync.health_timeout
    return Flight(run.request.number, run.revision, inputs, run.began, deadline, refs, run.changes, run.ref)


def _resume(run: Run, flight: Flight) -> None:
    """Look at a sync that waits for health. The cluster not answering is one more reason to wait."""
    run.revision, run.ref, run.changes, run.began = flight.revision, flight.ref, flight.changes, flight.began
    try:
        with run.during(Stage.HEALTH):
            kinds = inventory.kinds(flight.refs)
            live = diff.live_objects(run.client, inventory.applyset(run.app), kinds, run.context.settings.sync.parallel)
            verdict = health.verdict((ref for ref, _ in flight.refs), live)
    except LeaseLost:
        raise
    except TransientError as error:
        verdict = Verdict(done=False, ok=False, message=str(error))
    except HooklineError as error:
        run.fail(error)
        return
    _judge(run, flight, verdict)


def _judge(run: Run, flight: Flight, verdict: Verdict) -> None:
    """End the sync by its verdict, or store the wait; time decides when nothing else does."""
    if verdict.done and verdict.ok:
        run.finish(
            Outcome.SUCCEEDED,
            f"synced: {outcomes.counted(run.changes)}; {verdict.message}",
            inputs=flight.inputs,
        )
    elif verdict.done:
        run.fail(HealthFailed(verdict.message))
    elif run.context.records.clock() >= flight.deadline:
        seconds = run.context.settings.sync.health_timeout
        run.fail(HealthFailed(f"not healthy after {seconds:g} s: {verdict.message}"))
    else:
        run.wait(flight)
