"""What several apps own in their clusters, read together for a plan of all of them: a LIST serves many apps.

Rights are as they are: where a kind may not be listed in all namespaces, it is listed in those of the apps. An app is
handed each list once, so that no more is kept than is still to be planned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from workers import inventory, kube
from workers.apps import App, Index
from workers.clusters import Clusters, name_for
from workers.errors import BadDeclaration
from workers.inventory import PART_OF, Inventory
from workers.model import Manifest
from workers.settings import Settings

AT_ONCE: Final = 50
"""Apps that one LIST is for: their labels make 3 KB of its address, of which proxies take 8."""
FEW: Final = 4
"""Inventories that are read one by one, before those of all are listed: a LIST looks at every ConfigMap there is."""


@dataclass(slots=True)
class _Chunk:
    """Apps of one cluster that share their lists; ``read`` counts the inventories that were asked for."""

    cluster: str
    applysets: list[str]
    read: int = 0


class Together:
    """The apps that are planned together, as ``index`` declares them. Safe for threads."""

    def __init__(self, index: Index, settings: Settings, clusters: Clusters, apps: Sequence[App]) -> None:
        self.index = index
        self._clusters = clusters
        self._chunks: dict[str, _Chunk] = {}
        self._asked: dict[Any, Future[Any]] = {}
        self._lock = threading.Lock()
        for cluster, applysets in _by_cluster(settings, apps).items():
            for at in range(0, len(applysets), AT_ONCE):
                chunk = _Chunk(cluster, applysets[at : at + AT_ONCE])
                self._chunks |= dict.fromkeys(chunk.applysets, chunk)

    def inventory(self, app: App) -> Inventory:
        """Return what ``app`` owns; as `workers.inventory.load`."""
        chunk = self._chunks[inventory.applyset(app)]
        with self._lock:
            chunk.read += 1
            few = chunk.read <= FEW
        found = {} if few else self._once((id(chunk),), lambda: self._inventories(chunk))
        place = (inventory.namespace_of(app), inventory.name_of(app))
        return inventory.load(self._clusters.plans(chunk.cluster), app, found.get(place))

    def members(self, app: App, resource: kube.Resource, namespaces: Collection[str]) -> list[Manifest]:
        """Return the live objects of a kind that carry the label of ``app``: to be asked once for each kind.

        ``namespaces`` are those in which it has some, where they may not be listed in all. Raises
        :class:`workers.kube.Forbidden` where they may not be listed in these either.
        """
        try:
            return self._listed(app, resource, "")
        except kube.Forbidden:
            if not resource.namespaced or not namespaces:
                raise
        return [one for name in sorted(namespaces) for one in self._listed(app, resource, name)]

    def _listed(self, app: App, resource: kube.Resource, namespace: str) -> list[Manifest]:
        applyset = inventory.applyset(app)
        chunk = self._chunks[applyset]
        key = (id(chunk), resource.group, resource.version, resource.kind, namespace)
        found: dict[str, list[Manifest]] = self._once(key, lambda: self._list(chunk, resource, namespace))
        return found.pop(applyset)

    def _list(self, chunk: _Chunk, resource: kube.Resource, namespace: str) -> dict[str, list[Manifest]]:
        """Return the objects of every app of a chunk, by ApplySet."""
        found: dict[str, list[Manifest]] = {one: [] for one in chunk.applysets}
        for one in self._clusters.plans(chunk.cluster).list(resource, _selector(PART_OF, found), namespace).items:
            found[one["metadata"]["labels"][PART_OF]].append(one)
        return found

    def _inventories(self, chunk: _Chunk) -> Mapping[tuple[str, str], Manifest]:
        """Return the inventories of a chunk's apps by namespace and name, none where they may not be listed."""
        selector = _selector(inventory.ID, chunk.applysets)
        try:
            items = self._clusters.plans(chunk.cluster).list(inventory.CONFIG_MAP, selector).items
        except kube.Forbidden:
            return {}
        return {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in items}

    def _once(self, key: Any, ask: Callable[[], Any]) -> Any:
        """Return what ``ask`` returns or raises, asked by the first thread that wants it."""
        with self._lock:
            mine = key not in self._asked
            found = self._asked.setdefault(key, Future())
        if mine:
            try:
                found.set_result(ask())
            except BaseException as error:
                found.set_exception(error)
                raise
        return found.result()


def _selector(label: str, applysets: Iterable[str]) -> str:
    """Select by one label. Source: "Labels and Selectors" in the Kubernetes documentation."""
    wanted = list(applysets)
    return f"{label}={wanted[0]}" if len(wanted) == 1 else f"{label} in ({','.join(wanted)})"


def _by_cluster(settings: Settings, apps: Iterable[App]) -> dict[str, list[str]]:
    """Return the ApplySets of each cluster; one whose cluster is not known is planned by nobody."""
    found: dict[str, list[str]] = {}
    for app in apps:
        try:
            found.setdefault(name_for(settings, app), []).append(inventory.applyset(app))
        except BadDeclaration:
            continue
    return found
