"""Whether a sync may begin, and what it writes down before its first write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from workers import apps, dependencies, gate, gating, inventory, planning
from workers.errors import BadDeclaration
from workers.flight import Flight, Mode
from workers.model import Ref
from workers.order import START
from workers.run import Run
from workers.work import Work


def may_begin(run: Run, flight: Flight | None) -> bool:
    """Whether gate and dependencies let the look begin; otherwise it has ended, or waits.

    ``flight`` is the sync that a newer request found under way.
    """
    app = run.app
    if app.fault:
        raise BadDeclaration(app.fault)
    if gating.held(run, midway=flight is not None and flight.at != START, noting=True):
        return False
    gate.allow(app, run.project)
    if not run.by_drift():
        if not _may_go_on(run):
            return False
        run.context.records.declarations.remember(app.name, apps.encoded(app))
    return True


def intend(run: Run, work: Work, stale: Mapping[Ref, str]) -> None:
    """Intent before the first write: whatever is created from here on is owned, even if we die."""
    if work.loaded is None:
        return
    refs = {**work.loaded.refs, **work.versions, **work.hook_versions}
    if refs != work.loaded.refs or stale:
        run.context.records.progress.unsure(run.app.name)
    work.loaded = inventory.save(run.client, run.app, refs, work.loaded)


def _may_go_on(run: Run) -> bool:
    """Whether the apps this one depends on are ready; otherwise it waits for them, or ends because they did."""
    if not run.app.depends:
        return True
    found = dependencies.standing(run.app, run.index.apps, run.context.records.progress.app)
    if found.ended is not None:
        run.finish(found.ended, found.text, inputs="")
    elif not found.ready:
        run.wait(replace(planning.begun(run, "", None), mode=Mode.DEPEND, text=found.text))
    return found.ready
