"""Apps, as declared, and which of them an event concerns. Pure: a catalog hands the apps in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import TypeAdapter

from workers import environments, repositories, revisions
from workers.holds import Declared
from workers.options import NOTHING_SAID, Options
from workers.policies import NOTHING_BUILT, Build, Check, DriftMode, Expressions, Ignored, Pairs, Retry, Source
from workers.projects import DEFAULT, EVERYTHING, Project
from workers.rollbacks import OnFailure
from workers.secretrefs import Named
from workers.signed import Verify


@dataclass(frozen=True, slots=True)
class App:
    """One thing to keep in sync. ``fault`` is why it cannot be, with file, line and field; then the rest is a guess.

    ``server`` and ``cluster`` are the destination as written: a URL, or the name of a configured cluster.
    ``path`` is the folder in the repository, ``revision`` as `workers.revisions` reads it; ``verify`` has to be signed,
    ``secret`` opens the repository. The ``hold`` is what annotations declare.
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
    allow_empty: bool = False
    drift: DriftMode = DriftMode.REPORT
    drift_quiet: float = 0.0
    interval: float = 0.0
    """Seconds that drift has to last before it is repaired, and may stay unseen (0: the configuration's)."""
    options: Options = NOTHING_SAID
    """The sync options of every object that says nothing else."""
    namespace_labels: Pairs = ()
    namespace_annotations: Pairs = ()
    """Metadata of the namespace that ``CreateNamespace`` makes (``managedNamespaceMetadata``)."""
    retry: Retry | None = None
    timeout: float = 0.0
    """Seconds for one step to become healthy; 0 for the configuration's."""
    depends: tuple[str, ...] = ()  # to be synced and healthy first
    approved: float = 0.0
    """When a person approved deletions that ask for it (``deletion-approved``); 0 for never."""
    finalizer: Literal["", "Foreground", "Background"] = ""
    """How its objects are deleted when the app leaves the catalog; "" leaves them where they are."""
    suspended: str = ""
    """Why nothing is done with it, "" for an app that is served."""
    staged: bool = False
    """Whether definitions and classes are applied and waited for first (Flux)."""
    build: Build = NOTHING_BUILT
    ignored: tuple[Ignored, ...] = ()
    waits: bool = True
    checks: tuple[Check, ...] = ()
    expressions: tuple[Expressions, ...] = ()
    """Whether the health of all its objects counts, whose counts besides, and what judges those of some kinds."""
    wave: int = 0  # when it is looked at among the apps that its parent declares
    kind: str = "Application"
    parent: str = ""
    """The app among whose manifests it is declared; "" for one of a catalog's folder."""
    source_ref: tuple[str, ...] | None = None
    """Namespace, name and kind (a GitRepository without) of the repository it is of; ``None`` where it has a URL."""
    ref: str = ""
    chart: str = ""
    more: tuple[Source, ...] = ()
    """What value files call its source (``$ref/``), its chart in a chart repository, and its further sources."""
    paths: tuple[str, ...] = ()
    """What the app says it is made from (``argocd.argoproj.io/manifest-generate-paths``), from the root; a hint."""
    alerts: tuple[str, ...] = ()
    """The targets that hear of it because it names them (``hookline.dev/alerts``)."""
    hold: Declared | None = None
    environment: environments.Environment | None = None
    rollback: OnFailure = OnFailure.NEVER
    """What its annotations declare: a hold, where it is deployed to, whether it goes back by itself from bad health."""
    verify: tuple[Verify, ...] = ()
    secret: Named | None = None
    fault: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def views(self) -> tuple[App, ...]:
        """The app as each of its sources has it: itself, then as each further one."""
        return self, *(replace(self, **{name: getattr(one, name) for name in Source.__slots__}) for one in self.more)

    @property
    def digest(self) -> str:
        """A key of everything declared: it changes when the declaration does."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def origin(self) -> str:
        """Where the app is declared: ``file:line``."""
        return f"{self.file}:{self.line}"


_coder: TypeAdapter[App] = TypeAdapter(App)


def encoded(app: App) -> str:
    """Return an app as JSON text."""
    return _coder.dump_json(app).decode()


def decoded(text: str) -> App:
    """Read an app back."""
    return _coder.validate_json(text)


def why_not(app: App, ref: str) -> str:
    """Return why a move of ``ref`` in an app's repository does not concern it, ``""`` when it does. Pure."""
    return min((revisions.why_not(view.revision, ref) for view in app.views), key=len)


@dataclass(frozen=True, slots=True)
class Index:
    """All apps, found by repository and ref without walking the list. Repository URLs are canonical.

    ``by_ref`` holds the apps that name a ref; ``floating`` those, as the source has them, whose revision (``HEAD``, a
    range) has to be asked.
    """

    apps: dict[str, App]
    by_repository: dict[str, tuple[App, ...]] = field(repr=False)
    by_ref: dict[tuple[str, str], tuple[App, ...]] = field(repr=False, default_factory=dict)
    floating: dict[str, tuple[App, ...]] = field(repr=False, default_factory=dict)
    by_dependency: dict[str, tuple[App, ...]] = field(repr=False, default_factory=dict)
    digest: str = ""
    projects: Mapping[str, Project] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    """Documents so broken that no app can be named, one sentence each."""

    def project(self, app: App) -> Project:
        """Return an app's project. Raises :class:`KeyError` for one that nobody declares."""
        return EVERYTHING if app.project == DEFAULT and DEFAULT not in self.projects else self.projects[app.project]

    def dependents(self, name: str) -> tuple[App, ...]:
        """Return the apps that depend on the app of that name."""
        return self.by_dependency.get(name, ())

    def touched_by(self, urls: Iterable[str], ref: str) -> tuple[App, ...]:
        """Return the apps whose source a move of ``ref`` may have changed, broken ones included."""
        found: dict[str, App] = {}
        for url in urls:
            found.update((app.name, app) for app in self.by_ref.get((url, ref), ()))
            views = [view for view in self.floating.get(url, ()) if revisions.follows(view.revision, ref)]
            found.update((view.name, self.apps[view.name]) for view in views)
        return tuple(found.values())


def index(apps: Iterable[App], faults: Sequence[str] = (), projects: Mapping[str, Project] | None = None) -> Index:
    """Build the index; of two apps with one name neither is served, and both say so."""
    named: dict[str, App] = {}
    for app in apps:
        twin = named.get(app.name)
        if twin is None:
            named[app.name] = app
            continue
        sentence = f"two apps are called {app.name}: {twin.origin} and {app.origin}; rename one"
        named[app.name] = App(app.name, twin.url, twin.path, twin.revision, twin.file, twin.line, fault=sentence)
    by_repository: dict[str, dict[str, App]] = {}
    by_ref: dict[tuple[str, str], dict[str, App]] = {}
    floating: dict[str, list[App]] = {}
    dependents: dict[str, list[App]] = {}
    for app in named.values():
        for other in app.depends:
            dependents.setdefault(other, []).append(app)
        for view in (one for one in app.views if not one.chart):  # no forge tells of charts
            try:
                url = repositories.canonical(view.url)
            except ValueError:
                continue
            by_repository.setdefault(url, {})[app.name] = app
            for ref in revisions.names(view.revision):
                by_ref.setdefault((url, ref), {})[app.name] = app
            if view.revision == revisions.HEAD or revisions.span(view.revision):
                floating.setdefault(url, []).append(view)
    return Index(
        apps=named,
        by_repository={url: tuple(found.values()) for url, found in by_repository.items()},
        by_ref={place: tuple(found.values()) for place, found in by_ref.items()},
        floating={url: tuple(found) for url, found in floating.items()},
        by_dependency={name: tuple(found) for name, found in dependents.items()},
        projects=projects or {},
        digest=hashlib.sha256("".join(sorted(app.digest for app in named.values())).encode()).hexdigest()[:16],
        faults=tuple(faults),
    )
