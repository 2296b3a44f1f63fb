"""Kinds as the API server serves them, and the paths to their objects. Nothing here does I/O.

Names and namespaces come from manifests, which are hostile: none of them can leave its place in a path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from workers.errors import ObjectRefused


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind in one version. ``plural`` is its word in paths; ``group`` is ``""`` for the core group."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...]

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def collection(self, namespace: str = "") -> str:
        """Return the path of all objects, or of those in ``namespace``, which a cluster-scoped kind ignores."""
        root = f"/apis/{quote(self.group, safe='')}" if self.group else "/api"
        place = (
            f"/namespaces/{_segment(namespace, 'metadata.namespace', self.kind)}"
            if namespace and self.namespaced
            else ""
        )
        return f"{root}/{quote(self.version, safe='')}{place}/{quote(self.plural, safe='')}"

    def home(self, namespace: str) -> str:
        """Return the path under which one object of ``namespace`` is made.

        Raises :class:`ObjectRefused` when a namespaced kind is given none.
        """
        if self.namespaced and not namespace:
            raise ObjectRefused(
                f"{self.kind} without a namespace: set metadata.namespace, or the app's destination namespace",
                "metadata.namespace",
            )
        return self.collection(namespace)

    def path(self, namespace: str, name: str) -> str:
        """Return the path of one object.

        Raises :class:`ObjectRefused` for a name that cannot stand in a path. An empty name or namespace is one of
        those: without the name, the path of a DELETE would mean every object of the kind.
        """
        return f"{self.home(namespace)}/{_segment(name, 'metadata.name', self.kind)}"


def _segment(text: str, field: str, kind: str) -> str:
    """Quote one path segment, by the API server's own rule for what may be one (IsValidPathSegmentName)."""
    if not isinstance(text, str) or not text or text in (".", "..") or "/" in text or "%" in text or len(text) > 253:
        shown = str(text)[:80]
        raise ObjectRefused(
            f'{kind}: {field} is "{shown}", which cannot be the name of an object: correct it in Git', field
        )
    return quote(text, safe="")


@dataclass(frozen=True, slots=True)
class Served:
    """What an API server serves: each (group, kind), in the server's order of preference.

    ``stale`` holds the (group, version) pairs whose own server did not answer, so that their list may be wrong.
    """

    kinds: Mapping[tuple[str, str], tuple[Resource, ...]]
    stale: frozenset[tuple[str, str]] = frozenset()

    def find(self, group: str, kind: str, version: str = "") -> Resource | None:
        """Return the kind in ``version``, or in the preferred one; ``None`` when it is not served."""
        for resource in self.kinds.get((group, kind), ()):
            if version in ("", resource.version):
                return resource
        return None

    def is_stale(self, group: str, version: str = "") -> bool:
        """Whether a kind missing from the group may be there all the same."""
        return any(one == group and version in ("", its) for one, its in self.stale)


def served(*documents: Mapping[str, Any]) -> Served:
    """Read aggregated discovery documents (``APIGroupDiscoveryList``) of the core group and the named groups."""
    kinds: dict[tuple[str, str], tuple[Resource, ...]] = {}
    stale: set[tuple[str, str]] = set()
    for group, version in _versions(documents):
        if version.get("freshness") == "Stale":
            stale.add((group, version["version"]))
        for resource in _resources(group, version):
            key = (group, resource.kind)
            kinds[key] = (*kinds.get(key, ()), resource)
    return Served(kinds, frozenset(stale))


def _versions(documents: tuple[Mapping[str, Any], ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for document in documents:
        for item in document.get("items") or ():
            group = (item.get("metadata") or {}).get("name", "")
            for version in item.get("versions") or ():
                yield group, version


def _resources(group: str, version: Mapping[str, Any]) -> Iterator[Resource]:
    for one in version.get("resources") or ():
        kind = (one.get("responseKind") or {}).get("kind")
        if kind:
            yield Resource(
                group,
                version["version"],
                kind,
                one["resource"],
                one.get("scope") == "Namespaced",
                tuple(one.get("verbs") or ()),
            )
