"""What a sync finds and sets out to do, decided once at its begin: what changes, goes or stays, and which hooks run.

Changes nothing in the cluster but the app's own namespace, without which nothing could be tried.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from workers import (
    catalogs,
    family,
    further,
    gate,
    ignored,
    inventory,
    keeping,
    moving,
    namespaces,
    options,
    order,
    phases,
)
from workers.apps import App
from workers.errors import BadDocument
from workers.flight import Flight, Mode
from workers.git.trees import Tree
from workers.given import Given
from workers.model import AppRecord, Manifest, Ref, Request, Why
from workers.run import Run
from workers.stages import diff, prune, render
from workers.work import Work, said_twice, ways

UNDER_WAY = frozenset({Mode.WRITE, Mode.PRUNE, Mode.WAIT, Mode.CLEAN})


def continued(flight: Flight | None, inputs: str, app: App, requests: Sequence[Request]) -> Flight | None:
    """Return the sync under way if the newest request asks for nothing else, ``None`` to begin anew. Pure.

    It has to be of the same inputs and declaration, going well, and nobody may have asked by hand since.
    """
    if flight is None or flight.mode not in UNDER_WAY or flight.failure or flight.removing:
        return None
    newer = [request for request in requests if request.number > flight.number]
    if flight.inputs != inputs or flight.declared != app.digest:
        return None
    if any(request.why in gate.ASKED_BY_HAND or request.why is Why.RERUN for request in newer):
        return None
    return replace(flight, number=requests[-1].number, last=False)


def begun(run: Run, inputs: str, flight: Flight | None) -> Flight:
    """Return a sync at its begin; one that the app's retry policy brings back counts on."""
    number = run.request.number
    tries = flight.tries if flight and flight.mode is Mode.RETRY and flight.number == number else 0
    return Flight(
        number,
        run.revision,
        inputs,
        run.began,
        run.deadline(long=False),
        (),
        ref=run.ref,
        also=run.also,
        id=f"{number}-{tries}" if tries else str(number),
        declared=run.app.digest,
        tries=tries,
    )


def planned(run: Run, flight: Flight, work: Work, stale: Mapping[Ref, str], record: AppRecord) -> Flight:
    """Return the sync with all that is decided at its begin."""
    late = [ref for ref in stale if ref in work.live and _is_late(run.app, work.live[ref])]
    note = keeping.note(run, stale, work.live, work.kept | work.spared)
    note += said_twice(work.repeated) + further.versions(run.context, run.app, ((run.ref, run.revision), *run.also))
    once = {ref for ref, how in work.how.items() if how.once}
    flight = replace(
        flight,
        stale=order.stale({ref: (version, work.live.get(ref)) for ref, version in stale.items()}, late),
        refs=tuple(
            (ref, version)
            for ref, version in work.versions.items()
            if run.app.waits and ref not in work.spared and (ref not in once or ref in work.live)
        ),
        note=note,
        same=work.loaded is None,
    )
    return replace(flight, hooks=_runs_hooks(run, flight, work, record))


def _is_late(app: App, manifest: Manifest) -> bool:
    try:
        return options.of(manifest, app.options).prune_last
    except ValueError:
        return app.options.prune_last


def _runs_hooks(run: Run, flight: Flight, work: Work, record: AppRecord) -> bool:
    """Whether the hooks run: when asked by hand, or when what is wanted differs from what was last synced.

    A repair of drift never runs them, nor does a commit after which the app wants just what it wanted before.
    """
    if not work.hooks or run.by_drift():
        return False
    if any(request.why in gate.ASKED_BY_HAND or request.why is Why.RERUN for request in run.requests) or flight.tries:
        return True
    return changes_anything(work, flight.inputs, record, {one.ref for one in flight.stale})


def changes_anything(work: Work, inputs: str, record: AppRecord, stale: Collection[Ref]) -> bool:
    """Whether an app wants something else than it last did: then hooks run, also when nobody asked by hand. Pure."""
    if inputs == record.inputs:
        return False
    known = {one.rendered for one in work.known.values()}
    wanted = [*work.objects, *(hook.rendered for hook in work.hooks)]
    gone = set(stale) - work.kept
    return not record.inputs or bool(gone) or any(ignored.rendered_digest(one) not in known for one in wanted)


def scope(run: Run) -> render.Scope:
    """Return what tells whether a kind is namespaced, by the app's cluster."""
    return lambda group, version, kind: run.client.resource(group, kind, version).namespaced


def read(run: Run, tree: Tree, flight: Flight, given: Given) -> Work:
    """Render, and sort what is to be kept from what is to be run."""
    rendered, declarations, repeated = render.objects(tree, run.app, flight.inputs, scope(run), flight.id, given)
    gate.allow_objects(run.app, run.project, rendered)
    if run.app.kind == catalogs.KIND and rendered:
        one = rendered[0]
        raise BadDocument(f"{one.ref} is no declaration: a catalog holds nothing else", one.file, one.line)
    objects, hooks = phases.split(rendered, helm=run.app.kind != "Kustomization")  # Flux knows no hooks of Helm
    how = ways(run.app, objects)
    left = frozenset(ref for ref, options in how.items() if options.ignore)
    return Work(
        objects=[one for one in objects if one.ref not in left],
        hooks=hooks,
        how=how,
        live={},
        known=run.context.records.drift.owned(run.app.name),
        kept=left,
        spared=keeping.held(run, how),
        apps=family.waves(declarations),
        checks=run.checks,
        repeated=repeated,
    )


def respect(app: App, work: Work) -> None:
    """Keep the fields that others write as they are, in objects that are there and ask for it."""
    for at, one in enumerate(work.objects):
        kept = ignored.asked(one.manifest, work.live.get(one.ref), app.ignored, one.ref, work.how[one.ref])
        if kept is not one.manifest:
            work.objects[at] = replace(one, manifest=kept, digest=ignored.rendered_digest(one))


def compare(run: Run, work: Work, record: AppRecord) -> tuple[diff.Difference, dict[Ref, str]]:
    """Ask the cluster what is there and what would change; return that and what is no longer wanted.

    The inventory is not read where the records say that it is what is wanted: after a sync that ended well. Only kinds
    of which the app owns something are listed; a new object is looked for by its dry-run.
    """
    app, client, settings = run.app, run.client, run.context.settings
    applyset = inventory.applyset(app)
    wanted = {**work.versions, **work.hook_versions}
    owned = {ref: one.version for ref, one in work.known.items()}
    if not record.inputs or owned != wanted or not (run.by_event() or run.by_drift()):
        work.loaded = inventory.load(client, app)
        owned = work.loaded.refs
    moving.say(run, wanted, owned)
    prune.guard(app, owned, wanted, declares=bool(work.apps))
    namespaces.ensure(client, app, work.versions)
    kinds = inventory.kinds({**owned, **{ref: version for ref, version in wanted.items() if ref in owned}}.items())
    seen = run.context.records.drift.seen(run.cluster, app.name) if kinds else ""
    work.live = diff.live_objects(client, applyset, kinds, settings.sync.parallel, seen)
    respect(app, work)
    force = settings.clusters[run.cluster].force_conflicts
    plan = diff.compare(
        client,
        applyset,
        work.objects,
        work.live,
        work.known,
        work.how,
        app.ignored,
        force,
        settings.sync.parallel,
        functools.partial(moving.take, run),
        work.spared,
    )
    open_ = plan.writes | work.spared
    work.unchanged = {ref: work.live[ref] for ref in work.versions if ref in work.live and ref not in open_}
    stale = prune.stale(owned, wanted)
    work.kept |= keeping.kept(run, stale, work.live, len(owned))
    return plan, stale
