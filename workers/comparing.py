"""What a sync would find changed, put together as a plan: rendered objects against the cluster, with secrets masked."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from workers import foreseeing, gate, inventory, keeping, kube, planning, plans, work
from workers.apps import App
from workers.foreseeing import Look
from workers.manifests import apply_groups
from workers.model import Manifest, Ref, Why
from workers.phases import Phase
from workers.plans import Plan, masks, warnings
from workers.plans.masks import Mask
from workers.run import Run
from workers.stages import diff, prune
from workers.together import Together
from workers.work import Work

_RUN = (Phase.PRE_SYNC, Phase.SYNC, Phase.POST_SYNC)


def compared(run: Run, found: Work, inputs: str, source: str, together: Together | None = None) -> Plan:
    """Compare with the cluster, as `planning.compare` does, and put the plan together.

    With ``together``, as the sync that a merge brings: it takes from the records what is owned where that is wanted.
    """
    app, client, context = run.app, run.client, run.context
    record = context.records.progress.app(app.name)
    wanted = {**found.versions, **found.hook_versions}
    owned = {ref: one.version for ref, one in found.known.items()}
    if together is None:
        owned = inventory.load(client, app).refs
    elif not record.inputs or owned != wanted:
        owned = together.inventory(app).refs
    prune.guard(app, owned, wanted, declares=bool(found.apps))
    kinds = inventory.kinds({**owned, **{ref: version for ref, version in wanted.items() if ref in owned}}.items())
    barred: set[tuple[str, str]] | None = set() if context.settings.clusters[run.cluster].plans else None
    parallel = context.settings.sync.parallel
    ask = functools.partial(_members, together, app, owned) if together else None
    found.live = diff.live_objects(client, inventory.applyset(app), kinds, parallel, barred=barred, ask=ask)
    found.live |= foreseeing.unread(owned, barred or ())
    planning.respect(app, found)
    stale = prune.stale(owned, wanted)
    found.kept |= keeping.kept(run, stale, found.live, len(owned), noted=False)
    ordered = [one for group in apply_groups(found.objects) for one in group]
    home = foreseeing.namespace(run, found.versions)
    looks = [*home, *foreseeing.tried(run, found, ordered, home, barred), *foreseeing.gone(run, found, stale, barred)]
    secrets = [one.manifest for one in (*found.objects, *(hook.rendered for hook in found.hooks))]
    secrets += [*found.live.values(), *(one for look in looks for one in (look.before, look.after) if one)]
    mask = Mask(masks.values(secrets))
    objects = tuple(look.planned(mask) for look in looks)
    hooks = tuple(_hooks(found)) if planning.changes_anything(found, inputs, record, set(stale)) else ()
    held = _held(run)
    said = warnings.of(objects, {one.ref: one.manifest for one in found.objects}, hooks, held)
    said += [text for text in _asides(found, looks) if text]
    cluster, told = run.cluster, tuple(mask.text(text) for text in said)
    return plans.Plan(app.name, cluster, source, run.revision, objects, told, hooks, held)


def _members(together: Together, app: App, owned: Mapping[Ref, str], resource: kube.Resource) -> list[Manifest]:
    """Return the objects of a kind that carry the label of ``app``, which owns some."""
    kind = (resource.group, resource.kind)
    return together.members(app, resource, {ref.namespace for ref in owned if (ref.group, ref.kind) == kind})


def _hooks(found: Work) -> Iterator[str]:
    """Yield the hooks that a sync which changes something runs, in the words of its phases."""
    for phase in _RUN:
        yield from (f"{phase.value} {hook.ref}" for hook in found.hooks if phase in hook.phases)


def _held(run: Run) -> str:
    """Return why the gate would not let a merge through now, "" when it would."""
    request = replace(run.request, why=Why.MERGE, revision=run.revision, ref=run.ref)
    closed = gate.closed(run.app, request, run.standing())
    return closed.text if closed else ""


def _asides(found: Work, looks: Sequence[Look]) -> Iterator[str]:
    """Yield what else has to be known of a plan."""
    if unread := sum(look.note == foreseeing.UNREAD for look in looks):
        yield f"{unread} {'object was' if unread == 1 else 'objects were'} {foreseeing.UNREAD}"
    yield work.said_twice(found.repeated).removeprefix("; ")
    if count := sum(map(len, found.apps.values())):
        yield f"declares {count} {'app' if count == 1 else 'apps'} of its own, whose changes are not in this plan"
