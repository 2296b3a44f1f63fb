"""Projects: from where apps may be deployed, to where, and what. Pure.

The rules are Argo CD's ("Projects" in its operator manual): a list allows what one of its globs matches and none that
begins with ``!`` does. A project that nobody declares exists only under the name ``default``, and allows everything.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workers import repositories
from workers.model import Ref
from workers.signed import Verify
from workers.windows import Window

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Place:
    """A destination: globs over server, cluster name and namespace; "" says nothing."""

    server: str = ""
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """Kinds, as globs over group, kind and (where it is given) name."""

    group: str
    kind: str
    name: str = ""

    def matches(self, ref: Ref) -> bool:
        """Whether an object is of these kinds."""
        named = not self.name or _glob(self.name, "").fullmatch(ref.name)
        return bool(_glob(self.group, "").fullmatch(ref.group) and _glob(self.kind, "").fullmatch(ref.kind) and named)


@dataclass(frozen=True, slots=True)
class Project:
    """One project. ``kinds`` and ``cluster_kinds`` are what it allows, ``None`` for all; the others what it denies.

    ``verify`` is what it asks to be signed. ``longest`` is how many seconds a hold or an exception of its apps may
    last, infinity where it does not say.
    """

    name: str
    file: str
    line: int = 0
    sources: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    kinds: tuple[Kind, ...] | None = None
    denied_kinds: tuple[Kind, ...] = ()
    cluster_kinds: tuple[Kind, ...] | None = ()
    denied_cluster_kinds: tuple[Kind, ...] = ()
    windows: tuple[Window, ...] = ()
    longest: float = math.inf
    verify: Verify | None = None
    fault: str = ""
    parent: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Where it is declared: ``file:line``."""
        return f"{self.file}:{self.line}"

    def allows_source(self, url: str) -> bool:
        """Whether apps may be deployed from a repository."""
        return _listed(self.sources, url)

    def allows_place(self, server: str, cluster: str, namespace: str) -> bool:
        """Whether apps may be deployed to a namespace of a cluster, by its server or its name as the app says it.

        An empty ``namespace`` asks for the cluster itself.
        """
        allowed = False
        for place in self.places:
            inside, namespaced = _denies(place.namespace)
            there, where = _denies(place.server or place.name)
            said = server if place.server else cluster
            hit = bool(said) and bool(_glob(where, "").fullmatch(said))
            hit = hit and (not namespace or bool(_glob(namespaced, "").fullmatch(namespace)))
            if hit and (inside or there):
                return False
            allowed = allowed or hit
        return allowed

    def allows_kind(self, ref: Ref) -> bool:
        """Whether apps may hold an object, by its kind."""
        allowed = self.kinds if ref.namespace else self.cluster_kinds
        denied = self.denied_kinds if ref.namespace else self.denied_cluster_kinds
        if any(kind.matches(ref) for kind in denied):
            return False
        return allowed is None or any(kind.matches(ref) for kind in allowed)


EVERYTHING = Project(DEFAULT, "", sources=("*",), places=(Place("*", "", "*"), Place("", "*", "*")), cluster_kinds=None)
"""The project ``default``, until somebody declares it."""


def refusals(project: Project, server: str, cluster: str, urls: Iterable[str], namespace: str) -> list[str]:
    """Return why a project does not allow an app, one sentence each."""
    found = [
        f"project {project.name} does not allow the repository {url}: add it to spec.sourceRepos ({project.origin})"
        for url in urls
        if not project.allows_source(url)
    ]
    if not project.allows_place(server, cluster, namespace):
        place = f"namespace {namespace} of {server or cluster}"
        found.append(f"project {project.name} does not allow {place}: add it to spec.destinations ({project.origin})")
    return found


def _listed(patterns: Sequence[str], text: str) -> bool:
    allowed = False
    for pattern in patterns:
        denies, glob = _denies(pattern)
        hit = (
            glob == "*"
            or any(_glob(glob, "/").fullmatch(form) for form in _forms(text))
            or _same_repository(glob, text)
        )
        if hit and denies:
            return False
        allowed = allowed or hit
    return allowed


def _forms(url: str) -> tuple[str, ...]:
    bare = url.rstrip("/")
    if bare.startswith("oci://"):
        return (bare, bare.removeprefix("oci://"))
    return (bare, bare.removesuffix(".git"), f"{bare.removesuffix('.git')}.git")


def _same_repository(pattern: str, url: str) -> bool:
    if "*" in pattern:
        return False
    try:
        return repositories.canonical(pattern) == repositories.canonical(url)
    except ValueError:
        return False


def _denies(pattern: str) -> tuple[bool, str]:
    return pattern.startswith("!"), pattern.removeprefix("!")


@functools.lru_cache(maxsize=4096)
def _glob(pattern: str, separator: str) -> re.Pattern[str]:
    """Read a glob: ``*`` stays between separators (if there are any), ``**`` does not, ``?`` is one character."""
    inside = f"[^{re.escape(separator)}]" if separator else "."
    known = {"**": ".*", "*": f"{inside}*", "?": inside}
    parts = [known.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*|\?)", pattern)]
    return re.compile("".join(parts), re.DOTALL)
