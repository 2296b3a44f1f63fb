"""What a pull request would do to every app it touches: its merge result against the cluster, app by app.

An app is planned as it is declared now, whatever the pull request says of it. What none of its sources sees changed is
not rendered. Nothing is written or locked, and what one app does wrong is said of that app only.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Final

import structlog

from workers import bounds, destinations, followers, plan, plans, revisions
from workers.apps import App, Index
from workers.bounds import Bounds
from workers.context import Context
from workers.declaring import coming
from workers.errors import AuthorError, HooklineError, UnknownName
from workers.git import merging
from workers.git.merging import Merge, Reader
from workers.git.trees import Tree
from workers.given import Given
from workers.model import Request, Why
from workers.plans import hidden
from workers.plans.pulls import Answer, PullPlan
from workers.pull import Pull
from workers.stages import fetch, render
from workers.together import Together

log = structlog.get_logger()

SECONDS: Final = 120.0
"""For a whole pull request."""
PARALLEL: Final = 4
MOST_APPS: Final = 200
"""Apps of one pull request that are planned; the others are named."""
MOST_TEXT: Final = 8 * 1024 * 1024
"""Characters of differences that one pull request's plan keeps."""


@dataclass(frozen=True, slots=True)
class _Touched:
    """An app whose files change, with the numbers of the sources that the branch is for."""

    app: App
    numbers: tuple[int, ...]


def planned(context: Context, pull: Pull, urls: Sequence[str] = (), only: str = "") -> PullPlan:
    """Return what merging a pull request would do to every app that follows its branch.

    ``urls`` are its repository's (canonical), by default those that its hook may speak for; ``only`` is the one app to
    plan, "" for all. What is wrong with an app
    is its answer's error, what is wrong with the pull request the plan's problem. Raises :class:`UnknownName` for a
    hook that is not configured, and the transient and the operator's errors of the transports.
    """
    if pull.hook not in context.settings.hooks:
        raise UnknownName(f"no hook is called {pull.hook}: it is not in the configuration any more")
    until, index = time.monotonic() + SECONDS, context.catalog.index()
    urls = urls or followers.addresses(index, context.settings, pull)
    views = [view for app in index.touched_by(urls, pull.ref) for view in app.views]
    one = next((view for view in views if followers.is_of(view, urls)), None)
    if one is None:
        return PullPlan(pull.head, pull.base)
    mirror = context.mirror(one)
    kind = context.settings.hooks[pull.hook].forge
    try:
        default = mirror.remote_refs().head if any(view.revision == revisions.HEAD for view in views) else ""
        following = followers.following(index, urls, pull.ref, default)
        if not (following := [one for one in following if only in ("", one[0].name)]):
            return PullPlan(pull.head, pull.base)
        with bounds.within(Bounds(until)), merging.merged(mirror, kind, pull) as merge:
            if merge.after is None:
                return PullPlan(merge.head, merge.base, problem=merge.problem)
            touched = [_Touched(app, at) for app, at in following if _is_touched(context, app, at, merge)]
            answers, verdicts = _answers(context, index, pull, merge, touched, until)
            return PullPlan(merge.head, merge.base, answers, len(following) - len(touched), "", verdicts)
    except AuthorError as error:
        return PullPlan(pull.head, pull.base, problem=str(error))


def _is_touched(context: Context, app: App, numbers: Sequence[int], merge: Merge) -> bool:
    """Whether an app reads anything that the merge changes. Asks no cluster, renders nothing."""
    if not merge.changes:
        return False
    try:
        before = _trees(context, app, numbers, merge.before)
        after = _trees(context, app, numbers, merge.after or merge.before)
    except HooklineError:
        return True  # whoever plans it says what is wrong
    return _key(app, before) != _key(app, after)


def _key(app: App, trees: Sequence[Tree]) -> str:
    """Return a key of what rendering reads, or what is wrong with it: what is wrong before and after is no change."""
    try:
        return render.inputs(trees[0], app, Given(trees=tuple(trees[1:])))
    except HooklineError as error:
        return f"{type(error).__name__}: {str(error).replace(trees[0].revision[:7], '')}"


def _trees(context: Context, app: App, numbers: Sequence[int], own: Tree) -> list[Tree]:
    """Return the files of every source: ``own`` where the branch is for it, else what the mirror has."""
    now = context.records.clock()
    # As a look at drift asks: a mirror that is here is as new as the last delivery, and its lock is not waited for.
    asked = Request(app.name, 0, Why.DRIFT, "plan", now)
    return [
        own if at in numbers else fetch.tree(context.mirror(view), view, asked)[1] for at, view in enumerate(app.views)
    ]


def _answers(
    context: Context, index: Index, pull: Pull, merge: Merge, touched: Sequence[_Touched], until: float
) -> tuple[tuple[Answer, ...], tuple[str, ...]]:
    """Plan the apps side by side; return their answers by name, and what would be declared otherwise."""
    together = Together(index, context.settings, context.clusters, [one.app for one in touched[:MOST_APPS]])
    with merge.readers() as reader, ThreadPoolExecutor(PARALLEL, thread_name_prefix="plan") as pool:
        ask = functools.partial(_answer, context, pull, reader, until, together)
        jobs = [pool.submit(copy_context().run, ask, one) for one in touched[:MOST_APPS]]
        found = [job.result() for job in jobs]
    late = f"not planned: {pull.place} touches {len(touched)} apps, and a plan is of {MOST_APPS} at most"
    found += [(Answer(one.app.name, _cluster(context, one.app), error=late), []) for one in touched[MOST_APPS:]]
    return _short([answer for answer, _ in found]), tuple(said for _, some in found for said in some)


def _answer(
    context: Context, pull: Pull, reader: Reader, until: float, together: Together, one: _Touched
) -> tuple[Answer, list[str]]:
    """Plan one app; return its answer and what it would declare otherwise."""
    app = one.app
    cluster, left = _cluster(context, app), until - time.monotonic()
    if left <= 0:
        late = f"not planned: {SECONDS:g} s are up, which a pull request has: run `hookline plan {app.name} --pr"
        return Answer(app.name, cluster, error=f"{late} {pull.number}`"), []
    mine = replace(context, mirrors={})  # git's readers are not to be shared between threads
    secrets: set[str] = set()
    try:
        with bounds.within(bounds.for_app(left)), reader() as (before, after):
            old = _trees(mine, app, one.numbers, before)
            new = _trees(mine, app, one.numbers, after)
            made = plan.merging(mine, app, old, new, pull.ref, secrets, together)
    except HooklineError as error:
        return Answer(app.name, cluster, error=hidden.sentence(error, secrets)), []
    except Exception:
        log.exception("plan failed", app=app.name, pull=pull.place)
        return Answer(app.name, cluster, error="it could not be planned: Hookline's log has the details"), []
    said = coming.sentences(app.name, context.records.children.of(app.name), made.declared)
    return Answer(app.name, cluster, made.plan), [hidden.hider(secrets)(one) for one in said]


def _cluster(context: Context, app: App) -> str:
    try:
        return destinations.name_for(context.settings, app)
    except (HooklineError, StopIteration):
        return ""


def _short(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Leave out differences where all together are longer than is kept; what changes is still told. Pure."""
    left, found = MOST_TEXT, []
    for answer in answers:
        if answer.plan is not None:
            made, left = plans.shortened(answer.plan, left)
            answer = replace(answer, plan=made)  # noqa: PLW2901 -- the same answer, shorter
        found.append(answer)
    return tuple(found)
