"""Fetches the charts that an app's charts in Git depend on, in the versions that their ``Chart.lock`` names."""

from __future__ import annotations

from dataclasses import replace

from workers.apps import App
from workers.context import Context
from workers.errors import PolicyRefused, SourceMissing
from workers.git.trees import Tree
from workers.renderers import charts, locked

Found = tuple[tuple[str, str], str, Tree]
"""URL and path of the source, name of the chart, its files."""


def of(context: Context, app: App, tree: Tree, further: tuple[Tree, ...]) -> tuple[Found, ...]:
    """Return the charts that are locked and not in the repository. One that is here is not asked for again.

    Raises :class:`PolicyRefused` for a repository that the app's project does not allow, as
    `workers.renderers.locked.missing`, and as a fetch does.
    """
    found = []
    for view, files in zip(app.views, (tree, *further), strict=False):
        if not view.path or not charts.is_chart(files, view):
            continue
        for one in locked.missing(files.folder(view.path), view.path):
            project = context.catalog.index().project(app)
            if not project.allows_source(one.url):
                words = f"project {project.name} does not allow the repository {one.url}"
                raise PolicyRefused(f"{words}, of which {view.path} has its {one.name}: add it to spec.sourceRepos")
            found.append(((view.url, view.path), one.name, _files(context, view, one)))
    return tuple(found)


def _files(context: Context, view: App, one: locked.Dependency) -> Tree:
    mirror = context.mirror(replace(view, url=one.url, chart=one.name, revision=one.version, path="."))
    if mirror.resolve(one.version) is None:
        mirror.fetch(lambda: mirror.resolve(one.version) is None)
    commit = mirror.resolve(one.version)
    if commit is None:
        raise SourceMissing(f"{mirror.url} has no version {one.version}")
    return mirror.tree(commit)
