"""Lists: page after page, or at once from the API server's cache.

Source: "Kubernetes API Concepts" (resource versions, chunks) in the Kubernetes documentation.
"""

from __future__ import annotations

import contextlib
from typing import Final

from workers.kube.asking import Asker, document
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
            return _pages(asker, resource, namespace, query)
    query = {"labelSelector": selector, "limit": str(limit)}
    for _ in range(_RESTARTS - 1):
        try:
            return _pages(asker, resource, namespace, query)
        except Expired:
            continue
    return _pages(asker, resource, namespace, query)


def _pages(asker: Asker, resource: Resource, namespace: str, query: dict[str, str]) -> Listing:
    about, query = about_of("list", resource, namespace), dict(query)
    items: list[Manifest] = []
    while True:
        page = document(asker.ask("GET", resource.collection(namespace), about, query), about)
        items += page.get("items") or ()
        metadata = page.get("metadata") or {}
        if not metadata.get("continue"):
            break
        query["continue"] = metadata["continue"]
    for item in items:  # the API server leaves the type out of a list's items
        item["apiVersion"], item["kind"] = resource.api_version, resource.kind
    return Listing(items, metadata.get("resourceVersion", ""))
