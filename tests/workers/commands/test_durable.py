"""What `hookline check --ask` says of a Redis that may lose what it answered for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from workers import embedded
from workers.commands import durable
from workers.settings import Settings

ALWAYS = {"aof_enabled": 1}


@pytest.mark.parametrize(
    ("persistence", "appendfsync", "policy", "said"),
    [
        (ALWAYS, "always", "noeviction", []),
        (ALWAYS, "", "", []),
        ({"aof_enabled": 0}, "always", "noeviction", ["keeps no append-only file"]),
        ({}, "", "", ["keeps no append-only file"]),
        (ALWAYS, "everysec", "noeviction", ["answers before it syncs (appendfsync everysec)"]),
        (ALWAYS, "no", "allkeys-lru", ["answers before it syncs (appendfsync no)", "lets go of records"]),
    ],
)
def test_what_may_be_lost(persistence: dict[str, int], appendfsync: str, policy: str, said: list[str]) -> None:
    """A sentence each, with what to set; what is not told is not held against it."""
    found = durable.losing(persistence, appendfsync, policy)
    assert [one[: len(begin)] for one, begin in zip(found, said, strict=True)] == said
    assert all("set `" in one for one in found)


@pytest.fixture
def url(redis_data: Path, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Redis of one's own, as it should be; whatever a test sets is taken back."""
    monkeypatch.setenv("ASKED_REDIS", f"unix://{embedded.socket_of(redis_data)}")
    yield "env:ASKED_REDIS"
    redis_client.config_set("appendfsync", "always")
    redis_client.acl_deluser("short")


def asked(url: str | None) -> tuple[list[str], list[str]]:
    """Ask the Redis of a configuration."""
    return durable.asked(Settings.model_validate({"redis": {"url": url}}))


def test_the_server_is_asked(url: str, redis_client: redis.Redis) -> None:
    """The embedded server is none that anybody could set, so it is not asked, nor started."""
    assert asked(None) == ([], [])
    assert asked(url) == ([], [])
    redis_client.config_set("appendfsync", "everysec")
    problems, [warning] = asked(url)
    assert problems == []
    assert warning.startswith("redis.url: Redis answers before it syncs (appendfsync everysec)")


def test_one_that_does_not_tell_or_does_not_answer(
    url: str, redis_data: Path, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No rights are a warning; none that answers is a problem; no password is repeated."""
    place = embedded.socket_of(redis_data)
    redis_client.acl_setuser("short", enabled=True, passwords=["+word"], keys=["*"], commands=["+ping"])
    monkeypatch.setenv("ASKED_REDIS", f"unix://short:word@{place}")
    problems, [warning] = asked(url)
    assert problems == []
    assert warning.startswith("redis.url: Redis does not tell")
    monkeypatch.setenv("ASKED_REDIS", f"unix://short:wrong@{place}")
    assert asked(url) == (["redis.url: Redis refuses its user or password"], [])
    monkeypatch.setenv("ASKED_REDIS", f"unix://{tmp_path}/none")
    assert asked(url) == (["redis.url: Redis does not answer"], [])
