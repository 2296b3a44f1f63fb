"""A plan is made: fetch, render and compare as a sync does, with a client that can only dry-run, and nothing noted.

It holds no lease, so that whatever would write stops at the first check; it asks for nothing, tells nobody and leaves
the records as they are. Git's mirror on this machine is brought up to date, for that is where commits are read.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workers import bounds, comparing, further, gate, giving, known, planning
from workers.apps import App, Index
from workers.context import Context
from workers.documents import Document
from workers.errors import AuthorError, BadDeclaration, SourceMissing, TooMuch
from workers.git import local
from workers.git.trees import Tree
from workers.given import Given
from workers.model import Request, Why
from workers.plans import Plan, hidden
from workers.run import Run
from workers.stages import fetch, render
from workers.stages.lock import Held
from workers.together import Together
from workers.work import Work


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
    return hidden.without(comparing.compared(run, found, inputs, source), secrets)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A plan, and the apps that its app would declare among its manifests."""

    plan: Plan
    declared: tuple[Document, ...]


def merging(
    context: Context,
    app: App,
    before: Sequence[Tree],
    after: Sequence[Tree],
    ref: str,
    secrets: set[str],
    together: Together,
) -> Foreseen:
    """Return what a sync of ``app`` would do with the files ``after`` a merge into ``ref``; ``before`` are the present.

    Both are the files of its sources, in order; ``secrets`` as for :func:`made`. ``together`` reads what the apps of
    the same pull request own. Raises as that, and :class:`TooMuch` (see `workers.bounds`).
    """
    run = _begun(context, app, together.index)
    run.ref, run.revision = ref, after[0].revision
    found, inputs, given = _read(run, after[0], tuple(after[1:]), secrets)
    if len(found.how) > bounds.MOST_DOCUMENTS:
        raise TooMuch(f"it has more than {bounds.MOST_DOCUMENTS} objects, too many for a plan")
    plan = comparing.compared(run, found, inputs, f"the merge into {ref.removeprefix('refs/heads/')}", together)
    if pending := _pending(run, given, before):
        plan = replace(plan, warnings=(*plan.warnings, pending))
    plan = hidden.without(plan, secrets)
    return Foreseen(plan, tuple(one for _, some in sorted(found.apps.items()) for one in some))


def _begun(context: Context, app: App, index: Index | None = None) -> Run:
    """Return a dry run of the app as it is declared, once its project allows it."""
    if app.fault:
        raise BadDeclaration(app.fault)
    request = Request(app.name, 0, Why.MANUAL, "plan", context.records.clock())
    run = Run(context, app, Held(f"app:{app.name}", "", 0.0), [request])
    run.dry = True
    if index is not None:
        run.index = index
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
