"""The watch process: sees live objects change, asks for repairs at once and wakes syncs that wait for health.

One watch per kind that Hookline owns, on objects with an ApplySet label only. It decides nothing a sync would
not decide again: what it misses, the sweep finds.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import redis
import structlog

from workers import drift, inventory, kube, sweep
from workers.context import Context
from workers.errors import HooklineError
from workers.model import Manifest, Ref
from workers.stages import lock

log = structlog.get_logger()

QUIET_SECONDS = 0.02
"""How long changes are gathered before they are judged: one edit comes as several events."""
BUSY_SECONDS = 0.1
"""How often an app is looked at again while a sync has it."""
KINDS_SECONDS = 1.0
"""How often new kinds are looked for."""
WATCH_SECONDS = 300
"""How long one watch request lasts before it is made anew."""
BACKOFF_SECONDS = 1.0

Suspects = dict[str, dict[Ref, Manifest | None]]


class Suspicions:
    """Objects that changed and were not judged yet, by app. Filled by many threads, emptied by one."""

    def __init__(self) -> None:
        self._found: Suspects = {}
        self._lock = threading.Lock()
        self.arrived = threading.Event()

    def add(self, app: str, ref: Ref, manifest: Manifest | None) -> None:
        """Suspect an object; ``None`` says that it is gone."""
        with self._lock:
            self._found.setdefault(app, {})[ref] = manifest
        self.arrived.set()

    def take(self) -> Suspects:
        """Return all suspects and forget them."""
        with self._lock:
            self.arrived.clear()
            found, self._found = self._found, {}
        return found

    def put_back(self, app: str, refs: dict[Ref, Manifest | None]) -> None:
        """Suspect these again, unless something newer is known of them."""
        with self._lock:
            self._found[app] = {**refs, **self._found.get(app, {})}


class ClusterWatch:
    """Watches one cluster until ``stop`` is set."""

    def __init__(self, context: Context, cluster: str, stop: threading.Event) -> None:
        self._context = context
        self._cluster = cluster
        self._stop = stop
        self._suspicions = Suspicions()
        self._threads: dict[tuple[str, str, str], threading.Thread] = {}
        self._streams: dict[tuple[str, str, str], kube.Watch] = {}

    def run(self) -> None:
        """Watch every kind owned there, new ones as they come, and judge what changes."""
        judge = threading.Thread(target=self._judge, name=f"judge {self._cluster}", daemon=True)
        judge.start()
        while not self._stop.is_set():
            for kind in self._kinds() - self._threads.keys():
                thread = threading.Thread(target=self._watch, args=kind, name=f"watch {kind[2]}", daemon=True)
                self._threads[kind] = thread
                thread.start()
            self._stop.wait(KINDS_SECONDS)
        for stream in list(self._streams.values()):
            stream.close()  # wakes the thread that reads it
        for thread in (judge, *self._threads.values()):
            thread.join(timeout=5)

    def _kinds(self) -> set[tuple[str, str, str]]:
        try:
            return self._context.records.drift.kinds(self._cluster)
        except redis.RedisError:
            return set()

    def _watch(self, group: str, version: str, kind: str) -> None:
        while not self._stop.is_set():
            try:
                for manifest, gone in self._changes(group, version, kind):
                    self._suspect(group, kind, manifest, gone)
                    if self._stop.is_set():
                        return
            except kube.Expired:
                continue  # too far behind: list again
            except Exception as error:
                if self._stop.is_set():
                    return
                reason = str(error) if isinstance(error, HooklineError) else type(error).__name__
                log.warning("watch interrupted", kind=kind, cluster=self._cluster, reason=reason)
                self._stop.wait(BACKOFF_SECONDS)

    def _changes(self, group: str, version: str, kind: str) -> Iterator[tuple[Manifest, bool]]:
        """Yield every object as it is now, then every change to one, with whether it is gone."""
        client = self._context.clusters.client(self._cluster)
        resource = client.resource(group, kind, version)
        listing = client.list(resource, selector=inventory.PART_OF)
        for item in listing.items:
            yield item, False
        seen = listing.resource_version
        while not self._stop.is_set():
            stream = self._streams[group, version, kind] = client.watch(
                resource, inventory.PART_OF, seen, WATCH_SECONDS
            )
            if self._stop.is_set():
                stream.close()  # the stop came while it was being opened
            for event in stream:
                seen = event.object["metadata"]["resourceVersion"]
                if event.type in ("ADDED", "MODIFIED", "DELETED"):
                    yield event.object, event.type == "DELETED"

    def _suspect(self, group: str, kind: str, manifest: Manifest, gone: bool) -> None:
        metadata = manifest["metadata"]
        app = self._context.records.drift.app_of(
            self._cluster, (metadata.get("labels") or {}).get(inventory.PART_OF, "")
        )
        if app:
            ref = Ref(group, kind, metadata.get("namespace", ""), metadata["name"])
            self._suspicions.add(app, ref, None if gone else manifest)

    def _judge(self) -> None:
        while not self._stop.is_set():
            if not self._suspicions.arrived.wait(timeout=1.0):
                continue
            self._stop.wait(QUIET_SECONDS)
            busy = False
            for app, refs in self._suspicions.take().items():
                try:
                    if not self._settle(app, refs):
                        self._suspicions.put_back(app, refs)
                        busy = True
                except Exception as error:
                    log.warning("drift not judged", app=app, reason=f"{type(error).__name__}: {error}")
            if busy:
                self._stop.wait(BUSY_SECONDS)
                self._suspicions.arrived.set()

    def _settle(self, name: str, refs: dict[Ref, Manifest | None]) -> bool:
        """Judge one app's suspects; ``False`` when a sync has the app and it must be asked again."""
        context = self._context
        app = context.catalog.index().apps.get(name)
        if app is None or app.fault:
            if context.records.progress.flight(name):
                context.counter.send(name)  # it is on its way out
            return True
        if drift.is_busy(context, name):
            return False
        if context.records.progress.flight(name):
            context.counter.send(name)  # its health may have changed
        live = {ref: manifest for ref, manifest in refs.items() if manifest is not None}
        if drift.judge(context, app, live, refs):
            log.info("drift found", app=name, objects=[str(ref) for ref in refs])
            sweep.ask_repair(context, app)
        return True


def run(context: Context, stop: threading.Event) -> None:
    """Watch every configured cluster until ``stop`` is set. Of several watch processes one does the work.

    The others stand by for its lease.
    """
    while not stop.is_set():
        with lock.hold(context.records.leases, "watch", context.settings.sync.lease) as held:
            if held is None:
                stop.wait(context.settings.sync.lease / 3)
                continue
            log.info("watching", clusters=sorted(context.settings.clusters))
            over = threading.Event()
            threads = [
                threading.Thread(
                    target=ClusterWatch(context, cluster, over).run, name=f"cluster {cluster}", daemon=True
                )
                for cluster in context.settings.clusters
            ]
            for thread in threads:
                thread.start()
            while not stop.wait(0.5) and held.is_safe():
                pass
            over.set()
            for thread in threads:
                thread.join(timeout=5)
