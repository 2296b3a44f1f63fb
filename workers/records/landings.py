"""Merged pull requests that hear how their deployment fares: which commit is of which, and the comment they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from workers.records import coding
from workers.records.intake import RETENTION
from workers.records.keys import Client, key

MOST_AT_ONCE: Final = 200

SETTLED = """
-- KEYS: landing, due; ARGV: version, commit
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[1], 'tries')
return 1
"""
"""Call a commit's pull request told, unless something happened since it was read."""


@dataclass(frozen=True, slots=True)
class Landing:
    """What is on record of one commit, by its record name.

    ``number`` is the pull request's that brought it, 0 while none is known. ``ids`` are the parts of the comment,
    ``written`` the digest of the text they have since ``at``, ``seconds`` how long each app took, by "app|sync".
    """

    version: str = ""
    number: int = 0
    ids: tuple[str, ...] = ()
    written: str = ""
    at: float = 0.0
    seconds: Mapping[str, float] | None = None


class Landings:
    """Reads and keeps them."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._settled = client.register_script(SETTLED)

    def due(self, now: float) -> list[str]:
        """Return the commits whose pull requests may have to be told something by now."""
        return list(self._redis.zrangebyscore(key("landings"), 0, now, 0, MOST_AT_ONCE))

    def is_due(self, commit: str, now: float) -> bool:
        """Whether one is."""
        at = self._redis.zscore(key("landings"), commit)
        return at is not None and at <= now

    def read(self, commit: str) -> Landing:
        """Return what is on record."""
        fields: Mapping[str, str] = self._redis.hgetall(key("landing", commit))
        return Landing(
            version=fields.get("version", ""),
            number=int(fields.get("number") or 0),
            ids=tuple(orjson.loads(fields.get("ids") or "[]")),
            written=fields.get("written", ""),
            at=float(fields.get("at") or 0.0),
            seconds=orjson.loads(fields.get("seconds") or "{}"),
        )

    def keep(self, commit: str, **fields: Any) -> None:
        """Record ``fields`` (of `Landing`)."""
        said = {one: value if isinstance(value, str) else coding.encode(value) for one, value in fields.items()}
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key("landing", commit), mapping=said)
            pipe.expire(key("landing", commit), RETENTION)
            pipe.execute()

    def came_from(self, commit: str, number: int) -> None:
        """Record which pull request a commit is the merge of, as the forge says, and have that told what is known."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key("landing", commit), "number", number)
            touch(pipe, commit)
            pipe.execute()

    def settled(self, commit: str, version: str) -> bool:
        """Say that the pull request was told all; ``False`` when more happened since."""
        return bool(self._settled(keys=[key("landing", commit), key("landings")], args=[version, commit]))

    def postpone(self, commit: str, until: float) -> None:
        """Leave it alone until then, unless something new happens."""
        self._redis.zadd(key("landings"), {commit: until}, xx=True)

    def failed(self, commit: str) -> int:
        """Count a try that came to nothing, and return how many in a row there were."""
        return int(self._redis.hincrby(key("landing", commit), "tries", 1))


def touch(pipe: Any, commit: str) -> None:
    """Add to a transaction that a commit's pull request may have to hear something."""
    pipe.hincrby(key("landing", commit), "version", 1)
    pipe.expire(key("landing", commit), RETENTION)
    pipe.zadd(key("landings"), {commit: 0})
