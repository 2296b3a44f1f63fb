"""Looks at a sync that waits, and takes it further if what it waited for has come."""

from __future__ import annotations

from dataclasses import replace

from workers import advance, checks, ending, inventory, planning, variables
from workers.errors import HealthFailed
from workers.flight import Flight
from workers.git.trees import Tree
from workers.model import Outcome, Stage
from workers.run import Run
from workers.stages import diff, health


def resume(run: Run, flight: Flight) -> None:
    """Look at a sync that waits. One that only waits for health is not rendered again."""
    run.revision, run.ref, run.changes, run.began = flight.revision, flight.ref, flight.changes, flight.began
    applyset, parallel = inventory.applyset(run.app), run.context.settings.sync.parallel
    if flight.last:
        with run.during(Stage.HEALTH):
            live = diff.live_objects(run.client, applyset, inventory.kinds(flight.refs), parallel)
            verdict = health.verdict((ref for ref, _ in flight.refs), live)
            if verdict.ok:
                verdict = checks.verdict(run.client, run.app, verdict)
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
        tree = Tree(mirror.repo, run.app.url, flight.revision)
        work = planning.read(run, tree, flight, variables.of(run.client, run.app))
    with run.during(Stage.DIFF):
        stale = {one.ref: one.version for one in flight.stale}
        kinds = inventory.kinds({**stale, **work.versions, **work.hook_versions}.items())
        work.live = diff.live_objects(run.client, applyset, kinds, parallel)
        work.kept |= planning.kept(run, stale, work.live, len(stale) + len(work.objects))
        planning.respect(run.app, work)
    advance.advance(run, work, flight)
