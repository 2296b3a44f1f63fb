"""Takes a sync from where it is to its end, step by step; it gives the worker back wherever it has to wait.

Where a sync is stands in its `Flight`, stored before anything that must not be done twice, so that whoever comes
after a crash goes on from there: writing a step again changes nothing, and a hook that was made is known by its mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from workers import checks, ending, family, gating, inventory, manifests, moving, order
from workers.errors import AuthorError, HealthFailed, HooklineError, LeaseLost, OperatorError, TransientError
from workers.flight import Flight, Mode
from workers.health import worst
from workers.model import Action, Change, Manifest, Owned, Ref, Stage, Verdict
from workers.order import Step
from workers.phases import Phase
from workers.run import Run
from workers.stages import apply, hooks, prune
from workers.work import Work, judge, marked, pending, steps, version_of, writes


def mend(run: Run, work: Work, flight: Flight) -> None:
    """Write again what was changed by hand of the steps that a sync under way has behind it."""
    behind = [one for step in steps(run.app, work, flight) if step.key <= flight.at for one in step.objects]
    cluster, parallel = run.context.settings.clusters[run.cluster], run.context.settings.sync.parallel
    with run.during(Stage.APPLY):
        apply.changes(
            run.client,
            inventory.applyset(run.app),
            behind,
            writes(flight, work),
            work.live,
            work.how,
            cluster.force_conflicts,
            parallel,
            run.held.check,
        )


def advance(run: Run, work: Work, flight: Flight) -> None:
    """Go on from ``flight.at`` until the end or the next wait."""
    every = steps(run.app, work, flight)
    todo = [step for step in every if (step.phase is Phase.SYNC_FAIL) == bool(flight.failure)]
    for index, step in enumerate(todo):
        if step.key < flight.at:
            continue
        if gating.stopped(run, flight, step):
            return
        if step.key > flight.at:
            flight = replace(
                flight, at=step.key, mode=Mode.WRITE, deadline=run.deadline(long=bool(step.hooks or step.apps))
            )
            if len(every) > 1 or step.hooks or step.objects:
                # Before the first write: who goes on after a crash finds it done, and still has to tell of it.
                run.store(flight)
        passed = _pass(run, work, flight, step, todo[index + 1 :])
        if passed is None:
            return
        flight = passed
    if flight.failure:
        run.fail_as(flight.failure, flight)
    elif flight.removing:
        ending.take_down(run, work)
    else:
        ending.succeed(run, work, flight)


def _pass(run: Run, work: Work, flight: Flight, step: Step, rest: list[Step]) -> Flight | None:
    """Write a step and see it well; ``None`` when the sync waits or has ended."""
    try:
        flight = _write(run, work, flight, step)
        if not rest and not flight.failure and not flight.removing and flight.mode is Mode.WAIT:
            _narrow(run, work, flight)
            flight = replace(flight, last=not step.hooks)
        with run.during(Stage.HEALTH):
            verdict = judge(run.app, work, flight, step, rest)
            if verdict.ok and not rest and not flight.failure:
                verdict = checks.verdict(run.client, run.app, verdict, run.checks)
            if verdict.ok and rest and step.apps:
                verdict = worst(family.verdicts(run, step.apps))
    except LeaseLost:
        raise
    except TransientError as error:
        verdict = Verdict(done=False, ok=False, message=str(error))
    except (AuthorError, OperatorError) as error:
        _failed(run, work, flight, step, error)
        return None
    if not verdict.done and not run.late(flight):
        named = bool(rest or step.hooks or step.key.wave)
        text = f"{step}: {verdict.message}" if named else verdict.message
        run.wait(replace(flight, text=text, pending=pending(run.app, work) if flight.last else ()))
        return None
    if not verdict.ok:
        words = verdict.message if verdict.done else f"not healthy in time: {verdict.message}"
        _failed(run, work, flight, step, HealthFailed(words))
        return None
    if step.hooks:
        flight = replace(flight, mode=Mode.CLEAN)
        run.store(flight)
        hooks.end(run.client, [(hook, True) for hook in step.hooks], marked(work, flight, step), run.held.check)
    return flight


def _write(run: Run, work: Work, flight: Flight, step: Step) -> Flight:
    """Write what the step still has to write; return where the sync is then."""
    if flight.mode is Mode.WRITE:
        _put(run, work, flight, step)
        flight = replace(flight, mode=Mode.PRUNE if step.prune else Mode.WAIT)
    if flight.mode is Mode.PRUNE:
        if name := moving.unsaid(run, flight):
            return replace(flight, text=f"nothing is deleted before app {name} has said what it wants")
        with run.during(Stage.PRUNE):
            flight = _prune(run, work, flight, step)
    return flight


def _put(run: Run, work: Work, flight: Flight, step: Step) -> None:
    """Write the objects, hooks and declarations of a step."""
    applyset, force = inventory.applyset(run.app), run.context.settings.clusters[run.cluster].force_conflicts
    accepted: dict[Ref, Manifest] = {}
    with run.during(Stage.APPLY):
        if step.objects:
            parallel = run.context.settings.sync.parallel
            check, rules, todo = run.held.check, run.app.ignored, writes(flight, work)
            accepted = apply.changes(
                run.client, applyset, step.objects, todo, work.live, work.how, force, parallel, check, rules
            )
        if step.objects or step.hooks:
            _remember(run, work, accepted, applyset)
        for hook in sorted(step.hooks, key=lambda hook: (manifests.rank(hook.ref), hook.ref)):
            mark = hooks.mark(flight.id, step.phase)
            work.live[hook.ref] = hooks.start(run.client, applyset, hook, mark, work.live, run.held.check)
    if step.apps:
        so_far = [one for number, found in work.apps.items() if number <= step.key.wave for one in found]
        later = [one for number, found in work.apps.items() if number > step.key.wave for one in found]
        family.declare(run, so_far, later, prune=False)


def _remember(run: Run, work: Work, accepted: Mapping[Ref, Manifest], applyset: str) -> None:
    """Save by what each object is known next time, and what the watch has to look at."""
    owned = apply.owned(work.objects, accepted, work.unchanged, work.known, work.how, run.app.ignored)
    owned += [work.known.get(hook.ref, Owned(hook.ref, version_of(hook.rendered))) for hook in work.hooks]
    work.known = {one.ref: one for one in owned}
    run.context.records.drift.save(run.app.name, applyset, run.cluster, owned, manifests.newest(accepted.values()))


def _prune(run: Run, work: Work, flight: Flight, step: Step) -> Flight:
    moved = moving.wanted_elsewhere(run, [one.ref for one in step.prune])
    unwanted = {one.ref: one.version for one in step.prune if one.ref not in {*flight.gone, *moved}}
    for ref in (ref for ref in unwanted if ref in work.live and ref not in work.kept):
        hooks.let_go(run.client, work.live[ref], run.held.check)  # what a sync that was overtaken never saw end
    how = run.app.finalizer or "Foreground" if flight.removing else run.app.options.propagation
    gone = prune.delete(run.client, how, unwanted, work.live, work.kept, run.held.check)
    run.held.check()
    run.changes += tuple(Change(ref, Action.DELETED) for ref in gone)
    return replace(
        flight, gone=(*flight.gone, *gone), moved=(*flight.moved, *moved), changes=run.changes, mode=Mode.WAIT
    )


def _narrow(run: Run, work: Work, flight: Flight) -> None:
    """Own from now on what is wanted, what hooks left, and what could not or must not go."""
    family.declare(run, [one for found in work.apps.values() for one in found], (), prune=run.app.prune)
    if work.loaded is None and not flight.stale and flight.same:
        return
    loaded = work.loaded or inventory.load(run.client, run.app)
    let_go = {*flight.gone, *flight.moved}
    left = {one.ref: one.version for one in flight.stale if one.ref in work.live and one.ref not in let_go}
    moved = moving.wanted_elsewhere(run, left)
    survivors = {ref: version for ref, version in left.items() if ref not in moved}
    work.loaded = inventory.save(run.client, run.app, {**work.versions, **work.hook_versions, **survivors}, loaded)
    if flight.stale:
        moving.wake(run, flight)
    if survivors:
        work.known = {**work.known, **{ref: Owned(ref, version) for ref, version in survivors.items()}}
        applyset = inventory.applyset(run.app)
        run.context.records.drift.save(run.app.name, applyset, run.cluster, list(work.known.values()))


def _failed(run: Run, work: Work, flight: Flight, step: Step, error: HooklineError) -> None:
    """End the sync in failure, after its SyncFail hooks if it has any that did not run yet."""
    mark = hooks.mark(flight.id, step.phase)
    verdicts = [(hook, hooks.verdict(work.live.get(hook.ref), mark, work.checks)) for hook in step.hooks]
    ended = [(hook, verdict.ok) for hook, verdict in verdicts]
    hooks.end(run.client, ended, marked(work, flight, step), run.held.check)
    if flight.failure:
        run.fail_as(f"{flight.failure}; its SyncFail hooks failed, too: {error}", flight)
        return
    text = run.failure(error)
    failing = [one for one in steps(run.app, work, flight) if one.phase is Phase.SYNC_FAIL]
    if flight.removing or not failing:
        run.fail_as(text, flight)
        return
    flight = replace(flight, failure=text, mode=Mode.WRITE, at=order.START)
    run.store(flight)
    advance(run, work, flight)
