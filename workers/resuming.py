"""Looks at a sync that waits, and takes it further if what it waited for has come."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from workers import advance, checks, ending, further, giving, inventory, keeping, kube, planning
from workers.errors import HealthFailed
from workers.flight import Flight
from workers.health.overall import healthy
from workers.model import Outcome, Stage, Verdict
from workers.run import Run
from workers.stages import diff, health

SOON: Final = 60.0
"""Seconds from a sync's begin within which only what was not well is looked at again."""
FEW: Final = 3
"""Objects that are asked for one by one."""


def resume(run: Run, flight: Flight) -> None:
    """Look at a sync that waits. One that only waits for health is not rendered again."""
    run.revision, run.ref, run.changes, run.began = flight.revision, flight.ref, flight.changes, flight.began
    run.also = flight.also
    applyset, parallel = inventory.applyset(run.app), run.context.settings.sync.parallel
    seen = run.context.records.drift.seen(run.cluster, run.app.name)
    if flight.last:
        with run.during(Stage.HEALTH):
            verdict = _soon(run, flight)
            if verdict is None:
                live = diff.live_objects(run.client, applyset, inventory.kinds(flight.refs), parallel, seen)
                verdict = health.verdict((ref for ref, _ in flight.refs), live, run.checks)
            if verdict.ok:
                verdict = checks.verdict(run.client, run.app, verdict, run.checks)
        if verdict.done and verdict.ok:
            run.finish(Outcome.SUCCEEDED, ending.succeeded(flight, verdict.message), inputs=flight.inputs)
        elif verdict.done or run.late(flight):
            words = verdict.message if verdict.done else f"not healthy in time: {verdict.message}"
            run.fail_as(run.failure(HealthFailed(words)), flight)
        else:
            run.wait(replace(flight, text=verdict.message))
        return
    with run.during(Stage.RENDER):
        mirror = run.context.mirror(run.app)
        if not mirror.has(flight.revision):  # another machine began it
            mirror.fetch(lambda: not mirror.has(flight.revision))
        tree = mirror.tree(flight.revision)
        trees = further.noted(run.context, run.app, [commit for _, commit in flight.also])
        given = giving.gathered(run.client, run.context, run.app, tree, trees)
        work = planning.read(run, tree, flight, given)
        work.spared |= frozenset(flight.spared)
    with run.during(Stage.DIFF):
        stale = {one.ref: one.version for one in flight.stale}
        kinds = inventory.kinds({**stale, **work.versions, **work.hook_versions}.items())
        work.live = diff.live_objects(run.client, applyset, kinds, parallel, seen)
        work.kept |= keeping.kept(run, stale, work.live, len(stale) + len(work.objects))
        planning.respect(run.app, work)
    advance.advance(run, work, flight)


def _soon(run: Run, flight: Flight) -> Verdict | None:
    """Judge a sync by the few objects that were not well a moment ago; ``None`` when all have to be looked at."""
    pending, versions = flight.pending, dict(flight.refs)
    if not 0 < len(pending) <= FEW or run.context.records.clock() > flight.began + SOON:
        return None
    live = {}
    for ref in pending:
        try:
            found = run.client.get(run.client.resource(ref.group, ref.kind, versions[ref]), ref.namespace, ref.name)
        except kube.UnknownKind:
            found = None
        if found is not None:
            live[ref] = found
    verdict = health.verdict(pending, live, run.checks)
    return replace(verdict, message=healthy(len(versions))) if verdict.ok else verdict
