"""Failed tokens are counted for all processes together, in bounded memory."""

from __future__ import annotations

import pytest
import redis

from tests.fixtures import Clock
from workers.records import Records
from workers.records.failures import MOST_SENDERS, WINDOW, place
from workers.records.keys import key


def test_an_address_waits_once_it_failed_too_often(records: Records, redis_client: redis.Redis, clock: Clock) -> None:
    """In every process, after a restart too, and only for the rest of its window."""
    for _ in range(3):
        assert records.failures.wait("192.0.2.1", 3) == 0.0
        records.failures.add("192.0.2.1")
    clock.forward(10)
    assert Records(redis_client, clock).failures.wait("192.0.2.1", 3) == WINDOW - 10
    assert records.failures.wait("192.0.2.2", 3) == 0.0
    clock.forward(WINDOW - 10)
    assert records.failures.wait("192.0.2.1", 3) == 0.0
    assert records.failures.add("192.0.2.1") == 1


def test_ten_thousand_spoofed_addresses_neither_fill_redis_nor_stop_anybody(
    records: Records, redis_client: redis.Redis
) -> None:
    """The records stay bounded, and whoever failed too often lately is still known."""
    for _ in range(3):
        records.failures.add("192.0.2.1")
    with redis_client.pipeline(transaction=False) as pipe:
        for number in range(MOST_SENDERS + 2000):
            arguments = [
                f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
                records.clock() + 1,
                WINDOW,
                MOST_SENDERS,
            ]
            records.failures._fail([key("failed:since"), key("failed")], arguments, client=pipe)
        pipe.execute()
    assert (redis_client.zcard(key("failed:since")), redis_client.hlen(key("failed"))) == (MOST_SENDERS, MOST_SENDERS)
    assert records.failures.wait("192.0.2.200", 3) == 0.0
    assert (redis_client.memory_usage(key("failed")) or 0) < 2_000_000
    assert 0 < redis_client.ttl(key("failed")) <= 2 * WINDOW


def test_old_failures_are_swept_out(records: Records, redis_client: redis.Redis, clock: Clock) -> None:
    """With the next one, and by themselves when there is none."""
    for number in range(50):
        records.failures.add(f"192.0.2.{number}")
    clock.forward(WINDOW)
    records.failures.add("198.51.100.1")
    assert redis_client.hkeys(key("failed")) == ["198.51.100.1"]


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1%eth0", "2001:db8::/64"),
        ("testclient", "testclient"),
        ("x" * 500, "x" * 64),
    ],
)
def test_an_ipv6_network_is_one_sender(address: str, whom: str) -> None:
    """Whoever has one address of it has them all."""
    assert place(address) == whom
