"""Lists: page after page, or at once from the API server's cache.

Source: "Kubernetes API Concepts" (resource versions, chunks) in the Kubernetes documentation.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Final

from workers.kube.asking import Asker, document
from workers.kube.calls import METADATA_LIST
from workers.kube.failures import Expired, Unanswered
from workers.kube.resources import Resource
from workers.kube.sentences import about_of
from workers.kube.values import Listing
from workers.model import Manifest

_RESTARTS: Final = 3
"""How often a list begins anew because its pages grew too old."""


def listed(asker: Asker, resource: Resource, selector: str, namespace: str, limit: int, seen: str) -> Listing:
    """Return what :meth:`workers.kube.Client.list` promises."""
    if seen:
        with contextlib.suppress(Unanswered):  # the cluster is older than that: it was restored from a backup
            query = {"labelSelector": selector, "resourceVersion": seen, "resourceVersionMatch": "NotOlderThan"}
            return _joined(_pages(asker, resource, namespace, query))
    query = {"labelSelector": selector, "limit": str(limit)}
    for _ in range(_RESTARTS - 1):
        try:
            return _joined(_pages(asker, resource, namespace, query))
        except Expired:
            continue
    return _joined(_pages(asker, resource, namespace, query))


def pages(asker: Asker, resource: Resource, selector: str, limit: int, *, metadata_only: bool) -> Iterator[Listing]:
    """Yield what :meth:`workers.kube.Client.pages` promises; a page is free as soon as the next one is asked for."""
    query = {"labelSelector": selector, "limit": str(limit)}
    return _pages(asker, resource, "", query, metadata_only=metadata_only)


def _joined(found: Iterable[Listing]) -> Listing:
    items: list[Manifest] = []
    version = ""
    for page in found:
        items += page.items
        version = page.resource_version
    return Listing(items, version)


def _pages(
    asker: Asker, resource: Resource, namespace: str, query: dict[str, str], *, metadata_only: bool = False
) -> Iterator[Listing]:
    about, query = about_of("list", resource, namespace), dict(query)
    headers = METADATA_LIST if metadata_only else None
    while True:
        page = document(asker.ask("GET", resource.collection(namespace), about, query, headers=headers), about)
        metadata, items = page.get("metadata") or {}, page.get("items") or []
        for item in items if not metadata_only else ():  # the API server leaves the type out of a list's items
            item["apiVersion"], item["kind"] = resource.api_version, resource.kind
        yield Listing(items, metadata.get("resourceVersion", ""))
        if not metadata.get("continue"):
            return
        query["continue"] = metadata["continue"]
