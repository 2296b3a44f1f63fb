"""Reads Secrets, and keeps them in memory for a few seconds: a replaced one counts soon, a refused one at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import structlog

from workers import known
from workers.clusters import Clusters
from workers.clustersecrets import argo
from workers.clustersecrets.argo import Held
from workers.clustersecrets.fields import Fields
from workers.credentials import RepositorySecrets
from workers.errors import BadConfiguration, TransientError
from workers.model import Manifest

log = structlog.get_logger()

LIFE: Final = 15.0
"""Seconds for which what was read counts."""
MOST: Final = 500
"""Objects that are kept."""
Found = TypeVar("Found")


class Secrets:
    """What this process knows of Secrets. Safe for threads."""

    def __init__(
        self, clusters: Clusters, where: RepositorySecrets, first: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clusters, self._where, self._clock = clusters, where, clock
        self._cluster = where.cluster or first
        self._kept: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._lock = threading.Lock()
        self._told: set[str] = set()

    def held(self, *, anew: bool = False) -> tuple[Held, ...]:
        """Return Argo CD's Secrets, as they were a few seconds ago or, ``anew``, are now. One LIST at most.

        What was known last counts while the cluster does not answer. Raises as the client does where nothing is known.
        """
        if not self._where.namespace:
            return ()
        return self._lately(("Secrets",), self._listed, anew)

    def named(self, cluster: str, namespace: str, name: str, *, anew: bool = False) -> Fields | None:
        """Return a Secret, ``None`` when there is none. One GET at most; raises as the client does."""
        return self._lately(("Secret", cluster, namespace, name), lambda: self._got(cluster, namespace, name), anew)

    def beside(self, name: str, key: str, *, anew: bool = False) -> str:
        """Return what a ConfigMap beside Argo CD's Secrets says under a key, ``""`` for nothing. One GET at most."""
        found: Manifest = self._lately(("ConfigMap", name), lambda: self._config(name), anew)
        return str((found.get("data") or {}).get(key) or "").strip()

    def _lately(self, key: tuple[str, ...], read: Callable[[], Found], anew: bool) -> Found:
        with self._lock:
            until, value = self._kept.get(key, (0.0, None))
            if key in self._kept and self._clock() < until and not anew:
                return cast("Found", value)
            try:
                value = read()
            except TransientError as error:
                if key not in self._kept:
                    raise
                log.warning("kept what was known of a Secret", secret="/".join(key[1:]) or "all", reason=str(error))
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[key] = (self._clock() + LIFE, value)
            return cast("Found", value)

    def _listed(self) -> tuple[Held, ...]:
        client = self._clusters.client(self._cluster)
        resource = client.resource("", "Secret", "v1")
        found = []
        for item in client.list(resource, argo.SELECTOR, self._where.namespace).items:
            try:
                one = argo.read({"apiVersion": "v1", "kind": "Secret", **item})
            except BadConfiguration as error:
                self._tell(str(error))
                continue
            known.learn(one.fields.hidden())
            found.append(one)
        return tuple(found)

    def _got(self, cluster: str, namespace: str, name: str) -> Fields | None:
        client = self._clusters.client(cluster)
        live = client.get(client.resource("", "Secret", "v1"), namespace, name)
        if live is None:
            return None
        fields = Fields(live)
        known.learn(fields.hidden())
        return fields

    def _config(self, name: str) -> Manifest:
        client = self._clusters.client(self._cluster)
        return client.get(client.resource("", "ConfigMap", "v1"), self._where.namespace, name) or {}

    def _tell(self, words: str) -> None:
        """Say once what is wrong with a Secret that nobody can know the repository of."""
        if words not in self._told:
            self._told.add(words)
            log.warning("a repository's Secret cannot be used", reason=words)
