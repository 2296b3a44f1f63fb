"""Syncs that wait are woken by events: once for many, and none is missed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from tests.fixtures import Clock
from workers.context import Context
from workers.flight import Flight
from workers.records import Records
from workers.watching.waking import APART_SECONDS, Waker


@dataclass
class Sender:
    """Keeps what is sent."""

    sent: list[str] = field(default_factory=list)

    def send(self, app: str) -> None:
        """Note a message."""
        self.sent.append(app)


def waiting(records: Records, app: str) -> None:
    """Let an app have a sync that waits for health."""
    records.leases.take(f"app:{app}", "worker", 60)
    flight = Flight(number=1, revision="", inputs="", began=0.0, deadline=0.0, refs=())
    records.progress.wait(app, "worker", 0.0, flight)
    records.leases.release(f"app:{app}", "worker")


def of(records: Records) -> tuple[Waker, Sender]:
    """Return a waker and what it sends."""
    sender = Sender()
    return Waker(cast("Context", cast("Any", SimpleNamespace(records=records, counter=sender)))), sender


def test_only_what_waits_is_woken(records: Records) -> None:
    waking, sender = of(records)
    waiting(records, "a")
    assert waking.wake({"a", "b"}, 0.0) == set()
    assert sender.sent == ["a"]


def test_a_message_on_its_way_is_enough(records: Records) -> None:
    """Until a worker has the app: what changes then may be news to it."""
    waking, sender = of(records)
    waiting(records, "a")
    for second in range(5):
        waking.wake({"a"}, float(second))
    assert sender.sent == ["a"]
    records.watchers.arrived("a")
    waking.wake({"a"}, 9.0)
    assert sender.sent == ["a", "a"]


def test_an_app_that_a_worker_has_is_woken_after_it(records: Records) -> None:
    waking, sender = of(records)
    waiting(records, "a")
    records.leases.take("app:a", "worker", 60)
    assert waking.wake({"a"}, 0.0) == {"a"}
    records.leases.release("app:a", "worker")
    assert waking.wake({"a"}, 1.0) == set()
    assert sender.sent == ["a"]


def test_rounds_keep_apart_and_forget_nobody(records: Records, clock: Clock) -> None:
    waking, sender = of(records)
    waiting(records, "a")
    waiting(records, "b")
    assert waking.wake({"a"}, clock()) == set()
    assert waking.wake({"b"}, clock() + APART_SECONDS / 2) == {"b"}
    assert waking.wake({"b"}, clock() + APART_SECONDS * 2) == set()
    assert sender.sent == ["a", "b"]
