"""What a sync would find and do, object by object, for a plan: tries by dry-run, and goes on where one is refused."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from workers import bounds, changing, holds, ignored, inventory, kube, manifests, moving, namespaces, trying, unseen
from workers.apps import App
from workers.atonce import each
from workers.errors import AuthorError, ObjectAwaited
from workers.model import Action, Manifest, Owned, Ref, Rendered
from workers.plans import Effect, Planned, compared
from workers.plans.masks import Mask
from workers.run import Run
from workers.stages import diff, prune
from workers.standing import Standing
from workers.work import Work

UNTRIED = "not validated: its namespace or its kind comes with the same sync"
UNREAD = "not compared: plans are made as somebody who may not read or try it"
Kinds = Collection[tuple[str, str]]
"""Groups and kinds."""
BY_SCHEMA = "validated by its schema only: its namespace or its kind comes with the same sync"


@dataclass(frozen=True, slots=True)
class Look:
    """One object as it was looked at, with its secrets: before and after, ``None`` where there is none."""

    ref: Ref
    effect: Effect
    origin: str = ""
    before: Manifest | None = None
    after: Manifest | None = None
    fields: tuple[str, ...] = ()
    note: str = ""

    def planned(self, mask: Mask) -> Planned:
        """Return what may be shown of it."""
        bounds.current().check()
        diffs = self.effect not in (Effect.UNCHANGED, Effect.REFUSED)
        diff = compared.difference(self.ref, self.before, self.after, mask) if diffs else ""
        fields, note = tuple(mask.text(field) for field in self.fields), mask.text(self.note)
        return Planned(self.ref, self.effect, self.origin, fields, diff, note)


def namespace(run: Run, wanted: Collection[Ref]) -> list[Look]:
    """Return what becomes of the app's namespace by ``CreateNamespace``, nothing where that does nothing.

    See `workers.namespaces.ensure`.
    """
    app, client = run.app, run.client
    ref = Ref("", "Namespace", "", app.namespace)
    if not app.options.create_namespace or not app.namespace or ref in wanted:
        return []
    live = client.get(client.resource("", "Namespace", "v1"), "", app.namespace)
    if live is None:
        return [Look(ref, Effect.CREATED, app.origin, None, namespaces.manifest(app))]
    if namespaces.as_wanted(app, live):
        return []
    after = client.apply(namespaces.manifest(app), force=True, manager="hookline-namespace").manifest
    return [Look(ref, Effect.CONFIGURED, app.origin, live, after, changing.change(ref, live, after).fields)]


def tried(
    run: Run, work: Work, wanted: Sequence[Rendered], home: Sequence[Look], barred: Kinds | None = None
) -> list[Look]:
    """Return a look at every wanted object, in their order; ``home`` is what becomes of the app's namespace.

    As `workers.stages.diff.compare` decides it, but what is refused does not keep the others from being looked at, nor
    does a missing right where ``barred`` says which kinds could not be read.
    """
    fresh, standing = {one.ref.name for one in home if one.effect is Effect.CREATED}, run.standing()
    comes, left = diff.coming([one for one in wanted if one.ref not in work.live]), bounds.current()

    def one(rendered: Rendered) -> Look:
        left.check()
        ref, live, how = rendered.ref, work.live.get(rendered.ref), work.how[rendered.ref]
        same = Look(ref, Effect.UNCHANGED, rendered.origin)
        if ref in work.spared:
            return Look(ref, Effect.UNCHANGED, rendered.origin, note=_held(standing, ref))
        settled = functools.partial(diff.is_settled, rendered, live, work.known.get(ref), run.app.ignored)
        if how.ignore or (how.once and live) or settled():
            return same
        if barred and (ref.group, ref.kind) in barred:
            return _unread(rendered, live, work.known.get(ref))
        new = Look(ref, Effect.CREATED, rendered.origin, None, rendered.manifest, note=UNTRIED)
        if live is None and (ref.namespace in fresh or comes(ref)):
            return new
        try:
            return _tried(run, rendered, live, work)
        except trying.MissingKind:
            return new
        except kube.Forbidden:
            if barred is None:
                raise
            return _unread(rendered, live, work.known.get(ref))
        except (AuthorError, ObjectAwaited) as error:
            return Look(ref, Effect.REFUSED, rendered.origin, note=str(error))

    return _judged(run, wanted, each(one, wanted, run.context.settings.sync.parallel))


def _judged(run: Run, wanted: Sequence[Rendered], looks: list[Look]) -> list[Look]:
    """Return the looks, each at the object of ``wanted`` beside it; what could not be tried is judged by schema."""
    untried = [one.manifest for one, look in zip(wanted, looks, strict=True) if look.note == UNTRIED]
    if not untried:
        return looks
    schemas = unseen.known(run.client, untried, (one.manifest for one in wanted))

    def judged(rendered: Rendered, look: Look) -> Look:
        said = unseen.verdict(schemas, rendered) if look.note == UNTRIED else None
        if said:
            return Look(look.ref, Effect.REFUSED, look.origin, note=said)
        return look if said is None else replace(look, note=BY_SCHEMA)

    return list(map(judged, wanted, looks))


def unread(owned: Mapping[Ref, str], barred: Kinds) -> dict[Ref, Manifest]:
    """Return in the place of each object that is there and could not be read what is known of it: its name. Pure."""
    found: dict[Ref, Manifest] = {}
    for ref, version in owned.items():
        if (ref.group, ref.kind) in barred:
            api = f"{ref.group}/{version}" if ref.group else version
            place = {"namespace": ref.namespace} if ref.namespace else {}
            found[ref] = {"apiVersion": api, "kind": ref.kind, "metadata": {"name": ref.name, **place}}
    return found


def _unread(rendered: Rendered, live: Manifest | None, known: Owned | None) -> Look:
    """Return what can be told without asking: by what was last applied, else by what is live, if that was seen."""
    ref, wanted, origin = rendered.ref, rendered.manifest, rendered.origin
    if live is None:
        return Look(ref, Effect.CREATED, origin, None, wanted, note=UNREAD)
    before = compared.within(live, wanted)
    same = known.rendered == ignored.rendered_digest(rendered) if known else before == wanted
    return Look(ref, Effect.UNCHANGED if same else Effect.CONFIGURED, origin, before, wanted, note=UNREAD)


def _tried(run: Run, rendered: Rendered, live: Manifest | None, work: Work) -> Look:
    settings, take = run.context.settings.clusters[run.cluster], functools.partial(moving.take, run)
    client, how = run.client, work.how[rendered.ref]
    applyset = inventory.applyset(run.app)
    found = trying.tried(client, applyset, rendered, live, how, settings.force_conflicts, take, run.app.ignored)
    ref, origin, change = rendered.ref, rendered.origin, found.change
    if change.action is Action.CREATED:
        return Look(ref, Effect.CREATED, origin, None, rendered.manifest)
    if change.action is Action.UNCHANGED:
        return Look(ref, Effect.UNCHANGED, origin)
    if found.anew:
        before = compared.within(found.live or {}, found.wanted)
        return Look(ref, Effect.RECREATED, origin, before, found.wanted)
    return Look(ref, Effect.CONFIGURED, origin, found.live or {}, found.wanted, change.fields)


def gone(run: Run, work: Work, stale: Mapping[Ref, str], barred: Kinds | None = None) -> list[Look]:
    """Return what becomes of the objects that are no longer wanted, in the order in which they would go."""
    here = [ref for ref in manifests.prune_order(stale) if ref in work.live]
    moved, standing = moving.wanted_elsewhere(run, here), run.standing()
    looks = []
    for ref in here:
        live = work.live[ref]
        if ref in moved:
            looks.append(Look(ref, Effect.UNCHANGED, note=f"goes to app {moved[ref]}"))
        elif ref in work.kept:
            looks.append(Look(ref, Effect.UNCHANGED, note=_stays(run.app, standing, ref, live)))
        else:
            note = UNREAD if barred and (ref.group, ref.kind) in barred else ""
            looks.append(Look(ref, Effect.DELETED, before=live, note=note))
    return looks


def _stays(app: App, standing: Standing, ref: Ref, live: Manifest) -> str:
    """Return why an object that is no longer in Git is not deleted. Pure."""
    if not app.prune:
        return f"no longer in Git and left there: {app.name} does not prune"
    if held := _held(standing, ref):
        return held
    if prune.consent(app, live) != "false":
        return f"no longer in Git and deleted once that is approved: hookline approve {app.name}"
    data = " with its data" if prune.is_volume(ref) else ""
    return f"no longer in Git and kept{data} until Prune=true says otherwise"


def _held(standing: Standing, ref: Ref) -> str:
    hold = standing.hold_of(ref)
    return f"left alone: {holds.sentence(hold, standing.now)}" if hold else ""
