"""Fixtures every test may use: a real Redis server and the records in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from workers import embedded, intake
from workers.model import Event, EventKind, Ignored
from workers.records import Records


class Clock:
    """A clock the test moves."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture(scope="session")
def redis_data() -> Iterator[Path]:
    """A data folder with a real, append-only redis-server, for all tests of the session."""
    data = Path(tempfile.mkdtemp(prefix="hookline-redis-"))
    embedded.ensure(data)
    yield data
    embedded.stop(data)
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def redis_client(redis_data: Path) -> Iterator[redis.Redis]:
    """A client of an empty database."""
    with redis.Redis(unix_socket_path=str(embedded.socket_of(redis_data)), decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until the test moves it."""
    return Clock()


@pytest.fixture
def records(redis_client: redis.Redis, clock: Clock) -> Records:
    """Empty records."""
    return Records(redis_client, clock)


def judged(read: tuple[Event, ...] | Ignored) -> Event | Ignored:
    """What a delivery of one event comes to: the event, or why it asks for nothing. A ping stays an event."""
    if isinstance(read, Ignored):
        return read
    [event] = read
    reason = intake.nothing_to_do(event, None) if event.kind is not EventKind.PING else ""
    return Ignored(event.key, reason) if reason else event
