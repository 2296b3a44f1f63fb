"""Comments that approve something and that no worker has acted on yet."""

from __future__ import annotations

from typing import Final

from workers.comment import Comment, decoded
from workers.records.intake import RETENTION
from workers.records.keys import Client, key

LOST: Final = 30.0
"""Seconds after which a comment that nobody acted on is handed out once more."""


class Comments:
    """Reads them and lets go of them; a delivery brings one with its record, by :meth:`Intake.accept`."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def due(self, now: float) -> list[str]:
        """Hand out the deliveries whose comments are to be acted on by now."""
        names = self._redis.hkeys(key("comments"))
        later = dict(self._redis.zrange(key("comments", "later"), 0, -1, withscores=True)) if names else {}
        found = sorted(name for name in names if later.get(name, 0.0) <= now)
        for name in found:
            self.later(name, now + LOST)
        return found

    def of(self, delivery: str) -> Comment | None:
        """Return the comment a delivery brought, ``None`` when there is none or it was acted on."""
        text = self._redis.hget(key("comments"), delivery)
        return decoded(text) if text and not self._redis.exists(key("commented", delivery)) else None

    def later(self, delivery: str, due: float) -> None:
        """Leave one for later."""
        self._redis.zadd(key("comments", "later"), {delivery: due})

    def done(self, delivery: str) -> None:
        """Let go of one that was acted on, and remember that: its delivery may come again."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(key("commented", delivery), "", ex=RETENTION)
            pipe.hdel(key("comments"), delivery)
            pipe.zrem(key("comments", "later"), delivery)
            pipe.execute()
