"""Rollbacks by app: the last one of each, ended or not."""

from __future__ import annotations

from dataclasses import replace

import orjson

from workers.records import coding
from workers.records.keys import Client, key
from workers.rollbacks import Rollback


class Rollbacks:
    """Reads and writes them. One that ended is kept: what was left once is not gone back to by itself."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def place(self, rollback: Rollback) -> None:
        """Record a rollback in the place of the app's last one; what was approved before counts no more."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key("rollbacks"), rollback.app, coding.encode(rollback))
            pipe.hdel(key("approvals"), rollback.app)
            pipe.execute()

    def of(self, app: str) -> Rollback | None:
        """Return an app's last rollback, ended or not."""
        text = self._redis.hget(key("rollbacks"), app)
        return read(text) if text else None

    def end(self, rollback: Rollback, at: float) -> bool:
        """End a rollback, unless the app has another one by now; return whether it was ended here."""
        text = coding.encode(rollback)
        ended: list[bool] = []

        def change(pipe: Client) -> None:
            ended.clear()
            if pipe.hget(key("rollbacks"), rollback.app) != text:
                return
            pipe.multi()
            pipe.hset(key("rollbacks"), rollback.app, coding.encode(replace(rollback, ended=at)))
            ended.append(True)

        self._redis.transaction(change, key("rollbacks"))
        return bool(ended)

    def forget(self, app: str) -> None:
        """Forget the rollback of an app that is gone."""
        self._redis.hdel(key("rollbacks"), app)


def read(text: str) -> Rollback:
    """Read a rollback back."""
    value = orjson.loads(text)
    return Rollback(**value | {"blocked": tuple(value["blocked"])})
