"""The records as one object: a Redis connection and the groups of records it serves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from workers import embedded, issuers, secretrefs
from workers.records.alerts import Alerts
from workers.records.audit import Audit
from workers.records.children import Children
from workers.records.coding import commit_id
from workers.records.comments import Comments
from workers.records.commits import Commits
from workers.records.counts import Counts
from workers.records.declarations import Declarations
from workers.records.drift import Drift
from workers.records.environments import Environments
from workers.records.exceptions import Exceptions
from workers.records.failures import Failures
from workers.records.holds import Holds
from workers.records.hooks import Hooks
from workers.records.intake import Intake
from workers.records.landings import Landings
from workers.records.leases import Leases
from workers.records.measures import Measures
from workers.records.mirrors import Mirrors
from workers.records.plans import Plans
from workers.records.progress import Progress
from workers.records.pulls import Pulls
from workers.records.quotas import Quotas
from workers.records.repairs import Repairs
from workers.records.rollbacks import Rollbacks
from workers.records.secrets import Secrets
from workers.records.sources import Sources
from workers.records.unwell import Unwell
from workers.records.watchers import Watchers
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

    def __init__(
        self,
        client: redis.Redis,
        clock: Clock = time.time,
        trail: issuers.Audit = issuers.Audit(),  # noqa: B008
    ) -> None:
        self.redis = client
        self.clock = clock
        self.intake = Intake(client, clock)
        self.hooks = Hooks(client)
        self.progress = Progress(client, clock)
        self.comments, self.pulls, self.plans = Comments(client), Pulls(client), Plans(client)
        self.commits = Commits(client)
        self.environments, self.landings = Environments(client), Landings(client)
        self.quotas, self.secrets = Quotas(client), Secrets(client)
        self.leases = Leases(client)
        self.drift = Drift(client)
        self.repairs = Repairs(client)
        self.children = Children(client)
        self.declarations = Declarations(client)
        self.wishes = Wishes(client)
        self.holds = Holds(client)
        self.exceptions = Exceptions(client)
        self.rollbacks = Rollbacks(client)
        self.watchers = Watchers(client)
        self.alerts = Alerts(client, clock)
        self.counts = Counts(client)
        self.sources = Sources(client)
        self.unwell = Unwell(client)
        self.measures, self.mirrors = Measures(client), Mirrors(client)
        self.failures = Failures(client, clock)
        self.audit = Audit(client, clock, trail.most, trail.file)


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
    return Records(client, trail=settings.audit)


__all__ = ["Records", "commit_id", "connect", "url"]
