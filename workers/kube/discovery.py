"""Which kinds an API server serves: asked once, kept, and asked again when a kind is missing.

Source: "Aggregated discovery" in the Kubernetes documentation. Two requests tell everything, and an unchanged answer
is not sent again (ETag), so that a missing CRD costs little however often it is asked for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from workers.errors import BadConfiguration
from workers.kube.calls import Answer
from workers.kube.failures import Unanswered
from workers.kube.resources import Resource, Served, served
from workers.kube.sentences import unknown

ACCEPT = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
REFRESH_SECONDS = 0.5
"""The least time between two refreshes; whoever misses a kind waits that long at most."""
FRESH_SECONDS = 60.0
"""How old an answer may be for one who asks what is served in all, and not for a kind."""

Get = Callable[[str, Mapping[str, str]], Answer]
"""Path and headers to an answer of status 200 or 304; raises for any other."""


class Discovery:
    """The kinds of one API server, for all threads."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._lock = threading.Lock()
        self._served: Served | None = None
        self._begun = float("-inf")
        self._version = ""
        self._documents: dict[str, tuple[str, dict[str, Any]]] = {}

    def find(self, group: str, kind: str, version: str = "") -> Resource:
        """Return the kind; ``version=""`` means the one the API server prefers.

        Raises :class:`UnknownKind` when an answer begun after this question does not name it, and
        :class:`Unanswered` when the group's own server is down, so that nobody can say.
        """
        asked = time.monotonic()
        if resource := self._known(group, kind, version):
            return resource
        with self._lock:
            # Threads that miss together share one answer: whoever waited for the lock looks again first.
            if resource := self._known(group, kind, version):
                return resource
            known = self._served
            if known is None or self._begun <= asked:
                known = self._refreshed()
        if resource := known.find(group, kind, version):
            return resource
        name = "/".join(part for part in (group, version, kind) if part)
        if known.is_stale(group, version):
            raise Unanswered(f"the server behind the API group {group} does not answer, so {name} is not known for now")
        raise unknown(name)

    def apis(self) -> tuple[str, tuple[str, ...]]:
        """Return the server's version (``v1.37.2``) and all it serves, sorted: ``apps/v1`` and ``apps/v1/Deployment``.

        What is served was asked at most :data:`FRESH_SECONDS` ago.
        """
        with self._lock:
            known, old = self._served, self._begun + FRESH_SECONDS < time.monotonic()
            if known is None or old:
                known, self._version = self._refreshed(), ""
            if not self._version:
                self._version = str(_json(self._get("/version", {}), "/version").get("gitVersion") or "")
        found = {one.api_version for several in known.kinds.values() for one in several}
        found |= {f"{one.api_version}/{one.kind}" for several in known.kinds.values() for one in several}
        return self._version, tuple(sorted(found))

    def forget(self) -> None:
        """Ask anew next time: the API server does not know a path it named before."""
        self._served = None

    def _known(self, group: str, kind: str, version: str) -> Resource | None:
        known = self._served
        return known.find(group, kind, version) if known else None

    def _refreshed(self) -> Served:
        time.sleep(max(0.0, self._begun + REFRESH_SECONDS - time.monotonic()))
        begun = time.monotonic()
        found = served(*(self._document(path) for path in ("/api", "/apis")))
        self._served, self._begun = found, begun
        return found

    def _document(self, path: str) -> dict[str, Any]:
        tag, known = self._documents.get(path, ("", {}))
        answer = self._get(path, {"Accept": ACCEPT, **({"If-None-Match": tag} if tag else {})})
        if answer.status == 304 and tag:
            return known
        document = _read(answer, path)
        self._documents[path] = (answer.headers.get("etag", ""), document)
        return document


def _json(answer: Answer, path: str) -> dict[str, Any]:
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise Unanswered(f"the answer to {path} is not the API server's: is there a proxy or login page before it?")
    return document


def _read(answer: Answer, path: str) -> dict[str, Any]:
    document = _json(answer, path)
    if document.get("kind") != "APIGroupDiscoveryList":
        raise BadConfiguration(
            f"the API server's answer to {path} is no aggregated discovery: Kubernetes 1.27 or newer is needed"
        )
    return document
