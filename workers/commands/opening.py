"""Opens the records for a command: a Redis URL that is none becomes one sentence instead of a traceback."""

from __future__ import annotations

import redis

from workers import secretrefs
from workers.errors import BadConfiguration
from workers.records import Records, connect
from workers.settings import Settings


def records(settings: Settings) -> Records:
    """Return the records of a configuration; starts the embedded Redis when no other is configured.

    Raises :class:`BadConfiguration` when ``redis.url`` leads to no URL of Redis.
    """
    redis_url(settings)
    return connect(settings)


def redis_url(settings: Settings) -> None:
    """Raise :class:`BadConfiguration` unless ``redis.url`` is left out or leads to a URL of Redis; connect to nothing.

    What it leads to is never repeated: a password with a ``/`` in it shows up as the host or the port.
    """
    if settings.redis.url is None:
        return
    try:
        redis.ConnectionPool.from_url(secretrefs.read(settings.redis.url))
    except ValueError:
        raise BadConfiguration(
            f"{settings.redis.url} is no URL of Redis: expected redis://, rediss:// or unix://, "
            "with special characters of the password percent-encoded",
            field="redis.url",
        ) from None
