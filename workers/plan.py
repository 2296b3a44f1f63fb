"""A plan is made: fetch, render and compare as a sync does, with a client that can only dry-run, and nothing noted.

It holds no lease, so that whatever would write stops at the first check; it asks for nothing, tells nobody and leaves
the records as they are. Git's mirror on this machine is brought up to date, for that is where commits are read.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workers import (
    bounds,
    foreseeing,
    further,
    gate,
    giving,
    inventory,
    keeping,
    known,
    planning,
    plans,
    work,
)
from workers.apps import App
from workers.context import Context
from workers.documents import Document
from workers.errors import AuthorError, BadDeclaration, SourceMissing, TooMuch
from workers.foreseeing import Look
from workers.git import local
from workers.git.trees import Tree
from workers.given import Given
from workers.manifests import apply_groups
from workers.model import Request, Why
from workers.phases import Phase
from workers.plans import Plan, hidden, masks, warnings
from workers.plans.masks import Mask
from workers.run import Run
from workers.stages import diff, fetch, prune, render
from workers.stages.lock import Held
from workers.work import Work

_RUN = (Phase.PRE_SYNC, Phase.SYNC, Phase.POST_SYNC)


def made(
    context: Context, app: App, revision: str = "", folder: Path | None = None, secrets: set[str] | None = None
) -> Plan:
    """Return what a sync of ``app`` would do at ``revision``, with the files of a local ``folder``, or as it stands.

    Both stand for the app's first source. Raises as a sync fails before it compares: :class:`BadDeclaration`,
    :class:`PolicyRefused`, :class:`SourceMissing`, :class:`BadDocument` and the errors of the transports. What the
    cluster refuses is in the plan. ``secrets`` gets the values that Hookline alone knows: they are in no plan, and must
    not be shown of an error.
    """
    secrets = set() if secrets is None else secrets
    run = _begun(context, app)
    with tempfile.TemporaryDirectory(prefix="hookline-plan-") as scratch:
        tree = _tree(run, revision, folder, Path(scratch))
        trees, run.also = further.fetched(context, app, run.request) if app.more else ((), ())
        found, inputs, _ = _read(run, tree, trees, secrets)
    source = f"the files in {folder}" if folder else revision or app.revision
    return hidden.without(_compared(run, found, inputs, source), secrets)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A plan, and the apps that its app would declare among its manifests."""

    plan: Plan
    declared: tuple[Document, ...]


def merging(
    context: Context, app: App, before: Sequence[Tree], after: Sequence[Tree], ref: str, secrets: set[str]
) -> Foreseen:
    """Return what a sync of ``app`` would do with the files ``after`` a merge into ``ref``; ``before`` are the present.

    Both are the files of its sources, in order; ``secrets`` as for :func:`made`. Raises as that, and :class:`TooMuch`
    (see `workers.bounds`).
    """
    run = _begun(context, app)
    run.ref, run.revision = ref, after[0].revision
    found, inputs, given = _read(run, after[0], tuple(after[1:]), secrets)
    if len(found.how) > bounds.MOST_DOCUMENTS:
        raise TooMuch(f"it has more than {bounds.MOST_DOCUMENTS} objects, too many for a plan")
    plan = _compared(run, found, inputs, f"the merge into {ref.removeprefix('refs/heads/')}")
    if pending := _pending(run, given, before):
        plan = replace(plan, warnings=(*plan.warnings, pending))
    plan = hidden.without(plan, secrets)
    return Foreseen(plan, tuple(one for _, some in sorted(found.apps.items()) for one in some))


def _begun(context: Context, app: App) -> Run:
    """Return a dry run of the app as it is declared, once its project allows it."""
    if app.fault:
        raise BadDeclaration(app.fault)
    request = Request(app.name, 0, Why.MANUAL, "plan", context.records.clock())
    run = Run(context, app, Held(f"app:{app.name}", "", 0.0), [request])
    run.dry = True
    gate.allow(app, run.project)
    return run


def _read(run: Run, tree: Tree, trees: tuple[Tree, ...], secrets: set[str]) -> tuple[Work, str, Given]:
    """Render; return what is wanted, the key of what it was made of, and what the cluster gave to it."""
    with known.into(secrets):
        given = giving.gathered(run.client, run.context, run.app, tree, trees)
        inputs = render.inputs(tree, run.app, given)
        return planning.read(run, tree, planning.begun(run, inputs, None), given), inputs, given


def _pending(run: Run, given: Given, before: Sequence[Tree]) -> str:
    """Return what is said when what is in Git now is not deployed, for a plan cannot tell who brought what."""
    record, key = run.context.records.progress.app(run.app.name), ""
    with contextlib.suppress(AuthorError):
        key = render.inputs(before[0], run.app, replace(given, trees=tuple(before[1:])))
    if key and key == record.inputs:
        return ""
    last = f"the last one was {record.revision[:7]}" if record.revision else "nothing was so far"
    return f"{before[0].revision[:7]} is not deployed yet ({last}): what it brings is in this plan as well"


def _tree(run: Run, revision: str, folder: Path | None, scratch: Path) -> Tree:
    """Return the files to plan with; note their commit in ``run``, "" for those of a folder."""
    app, standing = run.app, run.standing()
    if folder:
        return local.tree(folder, scratch, app.url)
    following = replace(app, revision=revision) if revision else gate.followed(app, run.requests, standing)
    if not revision and standing.rollback and following.revision == app.revision:
        following = replace(app, revision=standing.rollback.to)
    try:
        run.ref, tree = fetch.tree(run.context.mirror(app), following, run.request)
    except SourceMissing as error:
        if not revision or "has no branch" not in str(error):
            raise
        raise SourceMissing(f"{app.url} has no branch, tag or commit {revision}: push it, or correct it") from None
    run.revision = tree.revision
    return tree


def _compared(run: Run, found: Work, inputs: str, source: str) -> Plan:
    """Compare with the cluster, as `planning.compare` does, and put the plan together."""
    app, client, context = run.app, run.client, run.context
    wanted = {**found.versions, **found.hook_versions}
    owned = inventory.load(client, app).refs
    prune.guard(app, owned, wanted, declares=bool(found.apps))
    kinds = inventory.kinds({**owned, **{ref: version for ref, version in wanted.items() if ref in owned}}.items())
    barred: set[tuple[str, str]] | None = set() if context.settings.clusters[run.cluster].plans else None
    parallel = context.settings.sync.parallel
    found.live = diff.live_objects(client, inventory.applyset(app), kinds, parallel, barred=barred)
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
    record = context.records.progress.app(app.name)
    hooks = tuple(_hooks(found)) if planning.changes_anything(found, inputs, record, set(stale)) else ()
    held = _held(run)
    said = warnings.of(objects, {one.ref: one.manifest for one in found.objects}, hooks, held)
    said += [text for text in _asides(found, looks) if text]
    cluster, told = run.cluster, tuple(mask.text(text) for text in said)
    return plans.Plan(app.name, cluster, source, run.revision, objects, told, hooks, held)


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
