"""Which apps follow the branch that a pull request is for, and with which of their sources. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from workers import repositories, revisions
from workers.apps import App, Index
from workers.pull import Pull
from workers.settings import Settings

Following = list[tuple[App, tuple[int, ...]]]
"""Apps, each with the numbers of the sources that the branch is for."""


def addresses(index: Index, settings: Settings, pull: Pull) -> tuple[str, ...]:
    """Return the URLs (canonical) by which apps call the repository of a pull request.

    The hook says at which host a repository of that name is meant.
    """
    hook, found = settings.hooks[pull.hook], []
    if not repositories.allowed(pull.repository, pull.repository_id, hook.repositories):
        return ()
    for url in index.by_repository:
        host, _, path = url.partition("/")
        right = f"/{path}".lower().endswith(f"/{pull.repository}".lower())
        if right and hook.host.lower() in ("", host.partition(":")[0]):
            found.append(url)
    return tuple(found)


def following(index: Index, urls: Sequence[str], ref: str, default: str) -> Following:
    """Return the apps of which a source follows ``ref`` of the repository at ``urls``, by name.

    ``default`` is the full ref of its default branch, which ``HEAD`` names.
    """
    found = []
    for app in sorted(index.touched_by(urls, ref), key=lambda one: one.name):
        numbers = tuple(at for at, view in enumerate(app.views) if _follows(view, urls, ref, default))
        if numbers:
            found.append((app, numbers))
    return found


def is_of(view: App, urls: Sequence[str]) -> bool:
    """Whether a source is the repository at ``urls`` (canonical)."""
    try:
        return repositories.canonical(view.url) in urls
    except ValueError:
        return False


def _follows(view: App, urls: Sequence[str], ref: str, default: str) -> bool:
    if not is_of(view, urls):
        return False
    return ref == default if view.revision == revisions.HEAD else ref in revisions.names(view.revision)
