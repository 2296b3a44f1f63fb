"""Since when the objects of an app are not well, although its last sync ended well."""

from __future__ import annotations

from collections.abc import Mapping

from workers.records.keys import Client, key


class Unwell:
    """Times in seconds since the epoch, by app."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def all(self) -> dict[str, float]:
        """Return every app that is not well, with since when."""
        found: Mapping[str, str] = self._redis.hgetall(key("unwell"))
        return {app: float(at) for app, at in found.items()}

    def since(self, app: str, now: float) -> float:
        """Return since when an app is not well: ``now``, unless that is known."""
        self._redis.hsetnx(key("unwell"), app, f"{now:.3f}")
        return float(self._redis.hget(key("unwell"), app) or now)

    def end(self, app: str) -> None:
        """Note that an app is well."""
        self._redis.hdel(key("unwell"), app)
