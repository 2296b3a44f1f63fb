"""The further sources of an app: their files, as new as a look needs them, and which commit belongs to which source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from workers import packaged, repositories
from workers.apps import App
from workers.context import Context
from workers.errors import SourceMissing
from workers.git.mirror import Mirror
from workers.git.trees import Tree
from workers.model import Commit, Request
from workers.stages import fetch

_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]+")
_CUT: Final = r"\1"
Place = tuple[str, str]
"""Full ref ("" for a commit id) and commit."""


def of(views: Sequence[App], commit: Commit | None, refs: Sequence[str] = ()) -> int:
    """Return the number of the source that a commit belongs to: by its repository, then by its ref; else 0. Pure.

    ``refs`` are what the sources follow, where that is known: ``HEAD`` names none.
    """
    if commit is None:
        return 0
    own = f"/{commit.repository}".lower()
    mine = [at for at, view in enumerate(views) if f"/{_name(view)}".lower().endswith(own)]
    follows = [*refs, *(f"/{view.revision}" for view in views[len(refs) :])]
    named = [at for at in mine if follows[at] and commit.ref.endswith(follows[at])]
    return (named or mine or [0])[0]


def _name(view: App) -> str:
    if packaged.is_packaged(view.url, view.chart):
        return ""  # its versions are no commits of a forge
    try:
        return repositories.canonical(view.url).partition("/")[2]
    except ValueError:
        return ""


def asked(app: App, view: App, request: Request) -> Request:
    """Return what a request means for one source: a commit of another source is not to be waited for. Pure."""
    if not app.more or request.commit is None:
        return request
    mine = f"/{_name(view)}".lower().endswith(f"/{request.commit.repository}".lower())
    return request if mine else replace(request, revision="")


def fetched(context: Context, app: App, request: Request) -> tuple[tuple[Tree, ...], tuple[Place, ...]]:
    """Return the files of the further sources, as new as ``request``, and where they are. Raises as a fetch does."""
    found = [fetch.tree(context.mirror(view), view, asked(app, view, request)) for view in app.views[1:]]
    return tuple(tree for _, tree in found), tuple((ref, tree.revision) for ref, tree in found)


def noted(context: Context, app: App, commits: Sequence[str]) -> tuple[Tree, ...]:
    """Return the files of the further sources at those commits, fetched where they are not here.

    A source that was declared since is taken as it is here. Raises :class:`SourceMissing` when one no longer has its
    commit.
    """
    known = (*commits, *[""] * len(app.more))
    mirrors = [(context.mirror(view), view.revision) for view in app.views[1:]]
    return tuple(
        _at(mirror, commit or mirror.resolve(name) or name)
        for (mirror, name), commit in zip(mirrors, known, strict=False)
    )


def versions(context: Context, app: App, places: Sequence[Place]) -> str:
    """Return what a success has to add: which version each chart and artifact is at, "" for an app of Git alone."""
    pairs = zip(app.views, places, strict=False)
    mine = [(view, at) for view, (_, at) in pairs if at and packaged.is_packaged(view.url, view.chart)]
    said = [_DIGEST.sub(_CUT, str(context.mirror(view).repo.commit(at).summary)) for view, at in mine]
    return "".join(f"; {one}" for one in said)


def _at(mirror: Mirror, commit: str) -> Tree:
    if not mirror.has(commit):
        mirror.fetch(lambda: not mirror.has(commit))
    if not mirror.has(commit):
        raise SourceMissing(f"{mirror.url} no longer has {commit[:7]}, which this sync began with")
    return mirror.tree(commit)
