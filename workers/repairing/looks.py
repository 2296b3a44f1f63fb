"""What kind of look this is, as far as drift goes: what asked for it, and against which commit it judges."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from workers import further, gating, planning
from workers.drift import findings
from workers.errors import ObjectRefused
from workers.flight import Flight
from workers.gate import ASKED_BY_HAND
from workers.git.trees import Tree
from workers.model import AppRecord, Ref, Why
from workers.policies import DriftMode
from workers.run import Run
from workers.stages import diff
from workers.work import Work


class Look(StrEnum):
    """What a look does about drift."""

    WHOLE = "whole"
    """A commit or a person asked: everything is made as in Git, and every fight begins anew."""
    SPARING = "sparing"
    """Everything is made as in Git but what is fought over."""
    DRIFT = "drift"
    """Only what drifted is written, as its mode says."""


def is_overtaken(run: Run, inputs: str, record: AppRecord) -> bool:
    """Whether what is wanted is not what was synced last, and it is not for drift to bring it to the cluster."""
    moved = bool(record.inputs) and inputs != record.inputs
    repairs = run.app.automated and run.app.drift is DriftMode.REPAIR
    return run.by_drift() and moved and not (repairs or run.stopped)


def kind(run: Run, inputs: str, record: AppRecord, before: Flight | None, going: Flight | None) -> Look:
    """Return what this look does; ``before`` is the sync that was stored, ``going`` the same if it is gone on with."""
    newer = [one for one in run.requests if before is None or one.number > before.number] or list(run.requests)
    by_drift = all(one.why is Why.DRIFT for one in newer)
    if run.by_drift() or (going is not None and by_drift):
        moved = bool(record.inputs) and inputs != record.inputs
        return Look.SPARING if moved and not (going or run.stopped) else Look.DRIFT
    resets = {*ASKED_BY_HAND, Why.RERUN, Why.PUSH, Why.MERGE}
    return Look.WHOLE if any(one.why in resets or one.revision for one in newer) else Look.SPARING


def tree(run: Run, record: AppRecord) -> Tree:
    """Return the files of the look's commit, and set the run's revision and ref.

    Drift alone is judged by the commit that was synced last; everything else asks Git. Raises as `gating.fetched` does.
    """
    mirror, app = run.context.mirror(run.app), run.app
    if run.by_drift() and record.inputs and record.revision and mirror.has(record.revision):
        run.ref = mirror.ref(app.revision) if mirror.resolve(app.revision) else ""
        found = mirror.tree(record.revision)
        run.revision = found.revision
        return found
    return gating.fetched(run)


def further_trees(run: Run, record: AppRecord) -> tuple[Tree, ...]:
    """Return the files of the app's further sources, and set where they are; as `tree` does for the first one."""
    app, context = run.app, run.context
    if not app.more:
        return ()
    commits = context.records.sources.of(app.name)[1:] if run.by_drift() and record.inputs else ()
    if len(commits) == len(app.more):
        trees = further.noted(context, app, commits)
        run.also = tuple(("", commit) for commit in commits)
        return trees
    trees, run.also = further.fetched(context, app, run.request)
    return trees


def compare(run: Run, work: Work, record: AppRecord, going: Flight | None) -> tuple[diff.Difference, Mapping[Ref, str]]:
    """Return what `planning.compare` does; a look that may not repair anything asks with a client that pretends."""
    modes = {run.app.drift, *(how.drift for how in work.how.values())}
    sure = run.app.automated or record.inputs
    run.dry = run.by_drift() and going is None and (bool(run.stopped) or not (DriftMode.REPAIR in modes and sure))
    try:
        return planning.compare(run, work, record)
    except ObjectRefused:
        if not run.dry:
            raise
        # Its namespace is gone, say: what digests tell is enough to report it.
        return diff.Difference(findings.by_digest(work.objects, work.known, work.live)), {}
