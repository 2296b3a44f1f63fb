"""Leases: one holder at a time, by a token only the holder knows, ended by time when the holder dies."""

from __future__ import annotations

from workers.records import scripts
from workers.records.keys import Client, key


class Leases:
    """Takes, renews and releases leases. ``seconds`` is the time without renewal after which one ends."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._renew = client.register_script(scripts.RENEW)
        self._release = client.register_script(scripts.RELEASE)

    def take(self, name: str, token: str, seconds: float) -> bool:
        """Take the lease if nobody holds it; return whether it is ours now."""
        return bool(self._redis.set(key("lease", name), token, nx=True, px=int(seconds * 1000)))

    def renew(self, name: str, token: str, seconds: float) -> bool:
        """Start the time over; ``False`` when it is no longer ours."""
        return bool(self._renew(keys=[key("lease", name)], args=[token, int(seconds * 1000)]))

    def release(self, name: str, token: str) -> bool:
        """Give it up; ``False`` when it was no longer ours, and then it stays with whoever has it."""
        return bool(self._release(keys=[key("lease", name)], args=[token]))

    def held(self, name: str) -> bool:
        """Whether anybody holds it at this moment."""
        return bool(self._redis.exists(key("lease", name)))
