"""One cluster: a stream for each kind owned there, and one thread that looks into what they bring."""

from __future__ import annotations

import functools
import threading
import time
from typing import Final

import redis
import structlog
from kombu.exceptions import OperationalError

from workers.context import Context
from workers.watching.board import Board, Taken
from workers.watching.judge import Judge
from workers.watching.owners import Kind, Owners
from workers.watching.stream import Stream
from workers.watching.waking import Waker

log = structlog.get_logger()

QUIET_SECONDS: Final = 0.02
"""How long changes are gathered before they are looked into: one edit comes as several events."""
IDLE_SECONDS: Final = 1.0
"""How often the records are asked for new kinds when nothing happens."""
BUSY_SECONDS: Final = 0.1
"""How soon what had to be put back is looked into again; longer when that is a lot of apps."""


class ClusterWatch:
    """Watches one cluster until ``stop`` is set."""

    def __init__(self, context: Context, cluster: str, stop: threading.Event) -> None:
        self._context = context
        self._cluster = cluster
        self._stop = stop
        self._board = Board(Owners(context.records.drift, cluster))
        self._waker = Waker(context)
        self._judge = Judge(context, cluster, self._board)
        self._streams: dict[Kind, Stream] = {}
        self._due = 0.0

    def wake(self) -> None:
        """Have the thread see at once that it is to stop."""
        self._board.arrived.set()

    def run(self) -> None:
        """Follow every kind owned there, new ones as they come, and look into what changes."""
        again = IDLE_SECONDS
        try:
            while not self._stop.is_set():
                if self._board.arrived.wait(again):
                    self._stop.wait(QUIET_SECONDS)
                if not self._stop.is_set():
                    again = self._pass()
        finally:
            self._judge.close()
            for stream in self._streams.values():
                stream.close()
            for stream in self._streams.values():
                stream.join(5)

    def _pass(self) -> float:
        """Look into all there is; return how many seconds from now to do so again, should nothing happen."""
        taken, now = self._board.take(), time.monotonic()
        try:
            if taken.suspects or taken.strangers or now >= self._due:  # other events tell nothing of records
                self._board.refresh()
                self._follow()
                self._due = now + IDLE_SECONDS
            strangers = {app for one in taken.strangers if (app := self._board.owners.app_of(one))}
            left = self._waker.wake(taken.touched | strangers, now)
            busy = self._judge.settle(taken.suspects)
        except (redis.RedisError, OperationalError) as error:
            self._board.put_back(taken)
            log.warning("watch cannot reach the records", cluster=self._cluster, reason=type(error).__name__)
            return IDLE_SECONDS
        except Exception:  # what is lost here, the sweep finds
            log.exception("watch failed", cluster=self._cluster)
            return IDLE_SECONDS
        self._board.put_back(Taken(busy, left, set()))
        waiting = len(busy) + len(left)
        return min(IDLE_SECONDS, max(BUSY_SECONDS, waiting / 1000)) if waiting else IDLE_SECONDS

    def _follow(self) -> None:
        """Begin to follow the kinds that are new, and end with those of which nothing is owned any more."""
        kinds = self._board.owners.kinds()
        for kind in kinds - self._streams.keys():
            client = functools.partial(self._context.clusters.client, self._cluster)
            self._streams[kind] = Stream(client, self._board, kind, self._cluster)
            self._streams[kind].start()
        for kind in self._streams.keys() - kinds:
            self._streams.pop(kind).close()
            self._board.let_go(kind)
