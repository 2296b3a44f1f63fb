"""The process: takes its share of the clusters by lease, and watches them until it is stopped."""

from __future__ import annotations

import contextlib
import threading
import uuid
from typing import Final

import redis
import structlog

from workers.context import Context
from workers.stages import lock
from workers.stages.lock import Held
from workers.watching import sharing
from workers.watching.cluster import ClusterWatch

log = structlog.get_logger()

ROUND_SECONDS: Final = 1.0
"""How often clusters are looked for that nobody watches."""


class _Watched:
    """One cluster that is ours: its lease and the thread that watches it."""

    def __init__(self, context: Context, cluster: str, held: Held, lease: contextlib.ExitStack) -> None:
        self.held = held
        self._lease = lease
        self._over = threading.Event()
        self._watch = ClusterWatch(context, cluster, self._over)
        self._thread = threading.Thread(target=self._watch.run, name=f"cluster {cluster}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop watching, then let somebody else."""
        self._over.set()
        self._watch.wake()
        self._thread.join(timeout=10)
        with contextlib.suppress(redis.RedisError):  # it ends by itself
            self._lease.close()


class Process:
    """The clusters of one watch process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lease = context.settings.sync.lease
        self._me = uuid.uuid4().hex
        self._mine: dict[str, _Watched] = {}

    def round(self) -> None:
        """Give up what is lost or too much, take what is free; what Redis does not answer is tried again later."""
        for cluster in [name for name, one in self._mine.items() if not one.held.is_safe()]:
            self._give_up(cluster, "the lease ran out")
        records, clusters = self._context.records, self._context.settings.clusters
        try:
            watchers = records.watchers.alive(self._me, self._lease)
            for cluster in sharing.surplus(list(self._mine), len(clusters), watchers):
                self._give_up(cluster, "another watch process takes it")
            for cluster in sharing.wanted(clusters, self._mine, self._me):
                if len(self._mine) >= sharing.share(len(clusters), watchers):
                    break
                self._take(cluster)
        except redis.RedisError as error:
            log.warning("watch cannot reach the records", reason=type(error).__name__)

    def end(self) -> None:
        """Give everything up."""
        for cluster in list(self._mine):
            self._mine.pop(cluster).end()
        with contextlib.suppress(redis.RedisError):
            self._context.records.watchers.leave(self._me)

    def _take(self, cluster: str) -> None:
        with contextlib.ExitStack() as lease:
            held = lease.enter_context(lock.hold(self._context.records.leases, f"watch:{cluster}", self._lease))
            if held is None:
                return
            self._mine[cluster] = _Watched(self._context, cluster, held, lease.pop_all())
            log.info("watching", cluster=cluster)

    def _give_up(self, cluster: str, reason: str) -> None:
        log.info("no longer watching", cluster=cluster, reason=reason)
        self._mine.pop(cluster).end()


def run(context: Context, stop: threading.Event) -> None:
    """Watch this process's share of the configured clusters until ``stop`` is set."""
    process = Process(context)
    try:
        while not stop.is_set():
            process.round()
            stop.wait(min(ROUND_SECONDS, context.settings.sync.lease / 3))
    finally:
        process.end()
