"""Sees live objects change, with the time: what a test or the demo waits for instead of sleeping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from workers import kube
from workers.errors import HooklineError
from workers.model import Manifest

Moment = tuple[float, Manifest | None]
"""When an object was seen (seconds since the epoch), and how; ``None`` when it was gone."""


class Sight:
    """Follows one object from a watch of its kind. Use it as a context manager."""

    def __init__(self, kubeconfig: Path, group: str, kind: str, namespace: str, name: str) -> None:
        self.kubeconfig = kubeconfig
        self._client = kube.Client.from_kubeconfig(kubeconfig, None)
        self._kind = (group, kind)
        self._place = (namespace, name)
        self._moments: list[Moment] = []
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._watch: kube.Watch | None = None
        self._thread = threading.Thread(target=self._follow, daemon=True, name=f"sight {name}")

    def __enter__(self) -> Sight:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._watch:
            self._watch.close()
        self._thread.join(timeout=5)

    @property
    def now(self) -> Manifest | None:
        """The object as last seen."""
        with self._changed:
            return self._moments[-1][1] if self._moments else None

    def wait(
        self, is_so: Callable[[Manifest | None], bool], what: str, after: float = 0.0, seconds: float = 60
    ) -> Moment:
        """Return the first moment after ``after`` at which ``is_so``; raises :class:`TimeoutError` naming ``what``."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for at, manifest in self._moments:
                    if at >= after and is_so(manifest):
                        return at, manifest
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{self._kind[1]} {'/'.join(self._place)}: waited {seconds} s for {what}")
                self._changed.wait(left)

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                resource = self._client.resource(*self._kind)
                listing = self._client.list(resource, namespace=self._place[0])
                found = [item for item in listing.items if item["metadata"]["name"] == self._place[1]]
                self._saw(found[0] if found else None)
                self._watch = self._client.watch(resource, "", listing.resource_version, 300)
                for event in self._watch:
                    metadata = event.object["metadata"]
                    if (metadata.get("namespace", ""), metadata.get("name")) == self._place:
                        self._saw(None if event.type == "DELETED" else event.object)
            except HooklineError:
                self._over.wait(0.2)
            except (ValueError, AttributeError):
                return  # the watch was closed under us

    def _saw(self, manifest: Manifest | None) -> None:
        with self._changed:
            self._moments.append((time.time(), manifest))
            self._changed.notify_all()


def replicas(number: int) -> Callable[[Manifest | None], bool]:
    """Whether a Deployment's specification asks for so many replicas."""
    return lambda manifest: manifest is not None and manifest["spec"].get("replicas") == number


def available(number: int) -> Callable[[Manifest | None], bool]:
    """Whether a Deployment has exactly so many available replicas, all of its newest specification."""

    def is_so(manifest: Manifest | None) -> bool:
        status = (manifest or {}).get("status", {})
        seen = status.get("observedGeneration") == (manifest or {}).get("metadata", {}).get("generation")
        return bool(seen) and status.get("availableReplicas") == number and status.get("replicas") == number

    return is_so
