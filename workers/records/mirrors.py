"""What the mirrors of each machine take of its disk, as it last said."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from workers.records.keys import Client, key

SECONDS: Final = 24 * 3600.0
"""A machine that said nothing for so long is gone."""


@dataclass(frozen=True, slots=True)
class Held:
    """How many mirrors a machine has, their bytes, those of the ones in use, and what they may take; 0: no limit."""

    count: int
    size: int
    in_use: int
    budget: int


class Mirrors:
    """Notes and tells what machines hold."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def note(self, machine: str, held: Held, now: float) -> None:
        """Note what a machine holds, and forget those that are gone."""
        known = self._redis.hgetall(key("mirrors"))
        gone = [name for name, text in known.items() if now - json.loads(text)["at"] > SECONDS]
        with self._redis.pipeline() as pipe:
            if gone:
                pipe.hdel(key("mirrors"), *gone)
            pipe.hset(key("mirrors"), machine, json.dumps(asdict(held) | {"at": now}))
            pipe.execute()

    def all(self, now: float) -> dict[str, Held]:
        """Return what each machine holds."""
        read = {name: json.loads(text) for name, text in sorted(self._redis.hgetall(key("mirrors")).items())}
        return {name: Held(one["count"], one["size"], one["in_use"], one["budget"]) for name, one in read.items()
                if now - one.pop("at") <= SECONDS}  # fmt: skip
