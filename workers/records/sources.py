"""Which commits of its sources an app with several was last rendered from."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from workers.records.keys import Client, key


class Sources:
    """By app; lost without harm: drift is then judged by what the sources hold now."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def note(self, app: str, revisions: Sequence[str]) -> None:
        """Note the commits, in the order of the app's sources."""
        self._redis.hset(key("sources"), app, orjson.dumps(list(revisions)).decode())

    def of(self, app: str) -> tuple[str, ...]:
        """Return the commits, none when nothing is known."""
        return tuple(orjson.loads(self._redis.hget(key("sources"), app) or "[]"))
