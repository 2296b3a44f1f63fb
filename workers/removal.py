"""Deletes what an app owns once the app has left the catalog, by its finalizer's rule: the reverse of its sync.

An app without a finalizer leaves its objects where they are; many apps that go at once wait for a person. While the
catalog is broken, nothing is deleted: a document that cannot be read looks just like one that is gone.
"""

from __future__ import annotations

from dataclasses import replace

from workers import advance, ending, further, giving, inventory, leaving, options, phases, planning
from workers.apps import App
from workers.errors import SourceMissing
from workers.flight import Flight
from workers.model import Manifest, Outcome, Ref, Stage
from workers.phases import Phase
from workers.run import Run
from workers.stages import diff, render
from workers.work import Work, version_of


def remove(run: Run, flight: Flight | None) -> None:
    """Begin the deletion of an app that is gone, or go on with it."""
    app = run.app
    if not app.finalizer:
        run.finish(Outcome.NOT_AFFECTED, "no longer declared in the catalog: its objects are left as they are")
        ending.forget(run)
        return
    if flight is None or not flight.removing:
        if reason := leaving.waits(run):
            run.finish(Outcome.HELD, reason)
            return
        began = planning.begun(run, "", None)
        flight = replace(began, id=f"{began.id}-delete", removing=True, hooks=True)
    run.changes, run.began = flight.changes, flight.began
    with run.during(Stage.RENDER):
        hooks = _hooks(run, flight)
    with run.during(Stage.DIFF):
        loaded = inventory.load(run.client, app)
        versions = {hook.ref: version_of(hook.rendered) for hook in hooks}
        kinds = inventory.kinds({**loaded.refs, **versions}.items())
        live = diff.live_objects(run.client, inventory.applyset(app), kinds, run.context.settings.sync.parallel)
    work = Work(
        objects=[],
        hooks=hooks,
        how={},
        live=live,
        known={},
        loaded=loaded,
        kept=_kept(app, loaded, live),
        checks=run.checks,
    )
    work.owned = {
        ref: (version, live[ref])
        for ref, version in loaded.refs.items()
        if ref in live and ref not in work.kept and ref not in versions
    }
    advance.advance(run, work, flight)


def _kept(app: App, loaded: inventory.Inventory, live: dict[Ref, Manifest]) -> frozenset[Ref]:
    """Return the objects that say they outlive their app; ``confirm`` needs an approval on the last declaration."""
    found = set()
    for ref in loaded.refs:
        if ref in live:
            try:
                said = options.consent(live[ref], options.of(live[ref], app.options).delete)
            except ValueError:
                said = "false"
            if said == "false" or (said == "confirm" and not app.approved):
                found.add(ref)
    return frozenset(found)


def _hooks(run: Run, flight: Flight) -> list[phases.Hook]:
    """Return the PreDelete and PostDelete hooks of the revision that was synced last."""
    app, record = run.app, run.context.records.progress.app(run.app.name)
    revision = flight.revision or record.revision
    if not revision:
        return []
    mirror = run.context.mirror(app)
    if not mirror.has(revision):
        mirror.fetch(lambda: not mirror.has(revision))
    if not mirror.has(revision):
        raise SourceMissing(f"{app.url} no longer has {revision[:7]}, so the hooks of its deletion cannot be read")
    run.revision = revision
    tree = mirror.tree(revision)
    commits = [commit for _, commit in flight.also] or run.context.records.sources.of(app.name)[1:]
    trees = further.noted(run.context, app, commits)
    given = giving.gathered(run.client, run.context, app, tree, trees)
    key = render.inputs(tree, app, given)
    rendered, _, _ = render.objects(tree, app, key, planning.scope(run), flight.id, given)
    return [hook for hook in phases.split(rendered)[1] if {Phase.PRE_DELETE, Phase.POST_DELETE} & set(hook.phases)]
