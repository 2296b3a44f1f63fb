"""Asks a Redis whether it keeps what it answers for: a delivery that got its 202 must outlive Redis and its machine.

Reads settings of the server; never changes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis

from workers.errors import HooklineError
from workers.records import connect
from workers.settings import Settings

DO = "set `appendonly yes` and `appendfsync always` (docs/getting-started.md#3-start)"


def losing(persistence: Mapping[str, Any], appendfsync: str, policy: str) -> list[str]:
    """Return what a Redis may lose, a sentence each; "" is a setting that it does not tell. Pure.

    ``persistence`` is its ``INFO persistence`` (redis.io/commands/info); the others are settings of redis.conf.
    """
    found = []
    if not int(persistence.get("aof_enabled", 0)):
        found.append(f"keeps no append-only file, so accepted deliveries are lost when it ends: {DO}")
    elif appendfsync not in ("", "always"):
        found.append(f"answers before it syncs (appendfsync {appendfsync}), so it may lose accepted deliveries: {DO}")
    if policy not in ("", "noeviction"):
        found.append(f"lets go of records when memory is short ({policy}): set `maxmemory-policy noeviction`")
    return found


def asked(settings: Settings) -> tuple[list[str], list[str]]:
    """Return why the configured Redis cannot be used, and what it may lose. The embedded one is not asked."""
    if settings.redis.url is None:
        return [], []
    try:
        with connect(settings).redis as client:
            persistence = client.info("persistence")
            told = losing(persistence, _setting(client, "appendfsync"), _setting(client, "maxmemory-policy"))
    except redis.ResponseError:  # its user may not: hosted servers are like that
        return [], ["redis.url: Redis does not tell whether it keeps what it answers for: it must, see its provider"]
    except redis.RedisError as error:
        refused = isinstance(error, redis.AuthenticationError)
        return [f"redis.url: Redis {'refuses its user or password' if refused else 'does not answer'}"], []
    except (HooklineError, ValueError):
        return [], []  # said of the secret that is missing, or is no URL
    return [], [f"redis.url: Redis {one}" for one in told]


def _setting(client: redis.Redis, name: str) -> str:
    try:
        return str(client.config_get(name).get(name, ""))
    except redis.ResponseError:
        return ""
