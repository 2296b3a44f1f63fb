"""Watch processes and the clusters they share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
import redis

from workers.context import Context
from workers.records import Records
from workers.records.keys import key
from workers.watching import process as processes
from workers.watching.process import Process

CLUSTERS = ("a", "b", "c", "d")


class Watched:
    """Stands in for the watch of a cluster: notes who watches what."""

    now: ClassVar[dict[str, list[Context]]] = {}

    def __init__(self, context: Context, cluster: str, stop: threading.Event) -> None:
        self._mine = (context, cluster, stop)

    def run(self) -> None:
        """Watch until it is over."""
        context, cluster, stop = self._mine
        self.now[cluster].append(context)
        stop.wait(30)
        self.now[cluster].remove(context)

    def wake(self) -> None:
        """Nothing to wake."""


@pytest.fixture
def make(records: Records, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Process]:
    """Return a maker of processes over four clusters."""
    Watched.now = {name: [] for name in CLUSTERS}
    monkeypatch.setattr(processes, "ClusterWatch", Watched)

    def made(lease: float = 5.0, records: Records = records) -> Process:
        settings = SimpleNamespace(clusters=dict.fromkeys(CLUSTERS), sync=SimpleNamespace(lease=lease))
        return Process(cast("Context", cast("Any", SimpleNamespace(records=records, settings=settings))))

    return made


def counts() -> list[int]:
    """Return by how many processes each cluster is watched."""
    for _ in range(3000):
        if all(len(found) == 1 for found in Watched.now.values()):
            break
        threading.Event().wait(0.01)
    return [len(found) for found in Watched.now.values()]


def test_one_takes_all_and_a_second_gets_its_share(make: Callable[..., Process]) -> None:
    """And when that ends, the first takes all again."""
    first, second = make(), make()
    try:
        first.round()
        assert counts() == [1, 1, 1, 1]
        second.round()  # it says that it lives, and finds nothing
        first.round()
        second.round()
        assert counts() == [1, 1, 1, 1]
        assert len({id(found[0]) for found in Watched.now.values()}) == 2
        second.end()
        first.round()
        assert counts() == [1, 1, 1, 1]
        assert len({id(found[0]) for found in Watched.now.values()}) == 1
    finally:
        first.end()
        second.end()
    assert [len(found) for found in Watched.now.values()] == [0, 0, 0, 0]


def test_who_loses_a_lease_stops_watching(make: Callable[..., Process], redis_client: redis.Redis) -> None:
    """A process that was frozen, say, finds that another has what was its own."""
    one = make(lease=1.5)
    try:
        one.round()
        assert counts() == [1, 1, 1, 1]
        redis_client.set(key("lease", "watch:a"), "another's")
        for _ in range(3000):
            one.round()
            if not Watched.now["a"]:
                break
            threading.Event().wait(0.02)
        assert [len(found) for found in Watched.now.values()] == [0, 1, 1, 1]
        assert redis_client.get(key("lease", "watch:a")) == "another's"
    finally:
        one.end()


def test_a_dead_one_counts_until_its_time_is_over(records: Records) -> None:
    """By Redis's clock."""
    assert records.watchers.alive("dead", 1.5) == 1
    assert records.watchers.alive("living", 1.5) == 2
    for _ in range(3000):
        if records.watchers.alive("living", 1.5) == 1:
            return
        threading.Event().wait(0.02)
    raise AssertionError


def test_redis_out_of_reach_ends_nothing(make: Callable[..., Process], records: Records) -> None:
    """A round without an answer is tried again; what is watched goes on while its lease lasts."""
    away = Records(redis.Redis(unix_socket_path="nowhere.sock"))
    one = make(records=away)
    one.round()
    one.end()
    assert [len(found) for found in Watched.now.values()] == [0, 0, 0, 0]
