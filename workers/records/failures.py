"""Failed tokens by address, counted for all web processes together: restarts forget nothing."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final

import redis

from workers.errors import RecordsUnavailable
from workers.records import scripts
from workers.records.keys import Client, key

WINDOW: Final = 60.0
"""Seconds that failures of one address are counted together, from the first."""
MOST_SENDERS: Final = 10_000
"""Addresses remembered; of more, those whose window began longest ago are forgotten."""


class Failures:
    """Counts what failed and never what verified. An address is one IPv4 address or one IPv6 network of 64 bits.

    Both methods raise :class:`RecordsUnavailable`.
    """

    def __init__(self, client: Client, clock: Callable[[], float]) -> None:
        self._redis = client
        self._clock = clock
        self._fail = client.register_script(scripts.FAIL)

    def wait(self, address: str, most: int) -> float:
        """Return the seconds until this address is listened to again, once ``most`` failed; 0.0 when it is now."""
        sender = place(address)
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.zscore(key("failed:since"), sender)
                pipe.hget(key("failed"), sender)
                began, count = pipe.execute()
        except redis.RedisError as error:
            raise RecordsUnavailable(f"Redis does not answer ({type(error).__name__}): try again") from error
        if began is None or int(count or 0) < most:
            return 0.0
        return max(0.0, float(began) + WINDOW - self._clock())

    def add(self, address: str) -> int:
        """Count one failure; return how many there are in the address's window."""
        keys = [key("failed:since"), key("failed")]
        try:
            return int(self._fail(keys, [place(address), self._clock(), WINDOW, MOST_SENDERS]))
        except redis.RedisError as error:
            raise RecordsUnavailable(f"Redis does not answer ({type(error).__name__}): try again") from error


def place(address: str) -> str:
    """Return whom an address stands for: whoever has one IPv6 address has the 2^64 beside it. Pure."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
