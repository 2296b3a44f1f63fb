"""Apps, as declared, and which of them an event concerns. Pure: a catalog hands the apps in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workers import repositories
from workers.model import Event


@dataclass(frozen=True, slots=True)
class App:
    """One thing to keep in sync.

    ``fault`` is why it cannot be, with file, line and field; then the rest is best effort.

    ``server`` and ``cluster`` are the destination as written: a URL, or the name of a configured cluster.
    ``path`` is the folder in the repository; ``revision`` is a branch, tag, full ref or commit id.
    """

    name: str
    url: str
    path: str
    revision: str
    file: str
    line: int = 0
    server: str = ""
    cluster: str = ""
    namespace: str = ""
    project: str = "default"
    automated: bool = False
    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False
    create_namespace: bool = False
    propagation: Literal["Foreground", "Background", "Orphan"] = "Foreground"
    fault: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A key of everything declared: it changes when the declaration does."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def origin(self) -> str:
        """Where the app is declared: ``file:line``."""
        return f"{self.file}:{self.line}"


def follows(revision: str, ref: str) -> bool:
    """Whether a move of ``ref`` (full) can change what ``revision`` (as declared) names.

    ``HEAD`` follows every branch, for only Git knows which one it is; a short name is a branch or a tag of that
    name; a full ref is itself; a commit id follows nothing.
    """
    if revision == "HEAD":
        return ref.startswith("refs/heads/")
    if revision.startswith("refs/"):
        return revision == ref
    return ref in (f"refs/heads/{revision}", f"refs/tags/{revision}")


@dataclass(frozen=True, slots=True)
class Index:
    """All apps, found by repository without walking the list."""

    apps: dict[str, App]
    by_repository: dict[str, tuple[App, ...]] = field(repr=False)
    faults: tuple[str, ...] = ()
    """Documents so broken that no app can be named, one sentence each."""

    def touched_by(self, event: Event) -> list[App]:
        """Return the apps whose source an event's ref and repository may have changed, broken ones included."""
        try:
            repository = repositories.canonical(event.url)
        except ValueError:
            return []
        return [app for app in self.by_repository.get(repository, ()) if follows(app.revision, event.ref)]


def index(apps: Iterable[App], faults: Sequence[str] = ()) -> Index:
    """Build the index; of two apps with one name neither is served, and both say so."""
    named: dict[str, App] = {}
    for app in apps:
        twin = named.get(app.name)
        if twin is None:
            named[app.name] = app
            continue
        sentence = f"two apps are called {app.name}: {twin.origin} and {app.origin}; rename one"
        named[app.name] = App(
            name=app.name,
            url=twin.url,
            path=twin.path,
            revision=twin.revision,
            file=twin.file,
            line=twin.line,
            fault=sentence,
        )
    by_repository: dict[str, list[App]] = {}
    for app in named.values():
        try:
            by_repository.setdefault(repositories.canonical(app.url), []).append(app)
        except ValueError:
            continue
    return Index(named, {url: tuple(found) for url, found in by_repository.items()}, tuple(faults))
