"""The records as one object: a Redis connection and the groups of records it serves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from workers import embedded, secretrefs
from workers.records.audit import Audit
from workers.records.children import Children
from workers.records.coding import commit_id
from workers.records.commits import Commits
from workers.records.declarations import Declarations
from workers.records.drift import Drift
from workers.records.hooks import Hooks
from workers.records.intake import Intake
from workers.records.leases import Leases
from workers.records.progress import Progress
from workers.records.wishes import Wishes

if TYPE_CHECKING:
    from workers.settings import Settings

Clock = Callable[[], float]


def url(settings: Settings) -> str:
    """Return the Redis URL, starting the embedded server first when no other is configured.

    The URL may hold a password: it is for the connection, never for a log.
    """
    if settings.redis.url is None:
        return f"unix://{embedded.ensure(settings.data)}"
    return secretrefs.read(settings.redis.url)


class Records:
    """Every record, by theme. ``clock`` gives seconds since the epoch; tests hand in their own."""

    def __init__(self, client: redis.Redis, clock: Clock = time.time) -> None:
        self.redis = client
        self.clock = clock
        self.intake = Intake(client, clock)
        self.hooks = Hooks(client)
        self.progress = Progress(client, clock)
        self.commits = Commits(client)
        self.leases = Leases(client)
        self.drift = Drift(client)
        self.children = Children(client)
        self.declarations = Declarations(client)
        self.wishes = Wishes(client)
        self.audit = Audit(client, clock)


def connect(settings: Settings) -> Records:
    """Connect to the configured Redis. Connections are made late and retried for about two seconds."""
    client = redis.Redis.from_url(
        url(settings),
        decode_responses=True,
        socket_timeout=10,
        socket_connect_timeout=5,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 5),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError],
    )
    return Records(client)


__all__ = ["Records", "commit_id", "connect", "url"]
