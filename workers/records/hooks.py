"""What deliveries let us remember of hooks and repositories: when one was heard, names by id, moves nobody told of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from workers.model import Event
from workers.records.keys import Client, key


@dataclass(frozen=True, slots=True)
class Missed:
    """A ref that moved and of which no delivery told: which hook should have, where it is now, since when."""

    app: str
    ref: str
    hook: str
    repository: str
    revision: str
    at: float


class Hooks:
    """Reads and writes them; what a delivery brings is written with its record, by :meth:`Intake.accept`."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def known(self, event: Event) -> list[str]:
        """Return the repository URLs (canonical) that deliveries with this repository's id had before."""
        if not event.repository_id:
            return []
        return sorted(self._redis.hkeys(key("names", event.forge, event.repository_id)))

    def heard(self, hook: str) -> float | None:
        """Return when a hook last delivered anything authentic, ``None`` for never."""
        at = self._redis.hget(key("hook", hook), "at")
        return float(at) if at else None

    def miss(self, missed: Missed) -> bool:
        """Note a move nobody told of; return whether it is news. A delivery for the ref ends it."""
        value = orjson.dumps(missed).decode()
        return bool(self._redis.hset(key("missed"), f"{missed.app}|{missed.ref}", value))

    def missed(self) -> list[Missed]:
        """Return the moves nobody told of."""
        found: Mapping[str, str] = self._redis.hgetall(key("missed"))
        return [Missed(**orjson.loads(text)) for _, text in sorted(found.items())]
