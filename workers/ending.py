"""How a sync ends well, and how an app that is gone is taken down. Deletes nothing but the app's own inventory."""

from __future__ import annotations

from workers import inventory, manifests, outcomes
from workers.flight import Flight
from workers.model import Outcome, Owned
from workers.run import Run
from workers.stages.health import verdict as objects_verdict
from workers.work import Work, judged, version_of


def succeed(run: Run, work: Work, flight: Flight) -> None:
    """End the sync well: the hooks that ran are known, so that only a change makes them run again."""
    if flight.hooks and work.hooks:
        ran = {hook.ref: hook.rendered for hook in work.hooks}
        known = [one for one in work.known.values() if one.ref not in ran]
        known += [Owned(ref, version_of(one), manifests.rendered_digest(one.manifest)) for ref, one in ran.items()]
        run.context.records.drift.save(run.app.name, inventory.applyset(run.app), run.cluster, known)
    well = (
        objects_verdict(judged(run.app, work, work.objects), work.live, work.checks).message
        if run.app.waits
        else "not waited for"
    )
    run.finish(Outcome.SUCCEEDED, succeeded(flight, well), inputs=flight.inputs)


def succeeded(flight: Flight, well: str) -> str:
    """Return what a sync that went well says: what it changed, how the app is, and what waits for a person. Pure."""
    return f"synced: {outcomes.counted(flight.changes)}; {well}{flight.note}"


def take_down(run: Run, work: Work) -> None:
    """Take away what is left of an app that is gone: its inventory and its records; objects that stay are let be."""
    app, records = run.app, run.context.records
    if work.loaded and work.loaded.resource_version:
        run.client.delete(inventory.CONFIG_MAP, inventory.namespace_of(app), inventory.name_of(app))
    records.children.save(app.name, [])
    stay = f"; {len(work.kept)} left as they ask for" if work.kept else ""
    run.finish(Outcome.SUCCEEDED, f"no longer declared: {outcomes.counted(run.changes)}{stay}")
    forget(run)


def forget(run: Run) -> None:
    """Forget the declaration of an app that is gone; its history stays."""
    run.context.records.drift.forget(run.app.name)
    run.context.records.repairs.forget(run.app.name)
    run.context.records.rollbacks.forget(run.app.name)
    run.context.records.declarations.forget(run.app.name)
