"""Exceptions by app, what waits for a person's word and what got it, and the commits that ended held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson
import redis

from workers.errors import RecordsUnavailable
from workers.exceptions import REMINDED, AppException, Approval
from workers.holds import Hold
from workers.model import Commit
from workers.records import coding, holds, rollbacks
from workers.records.keys import Client, key
from workers.rollbacks import Rollback

RECENT: Final = 1.0
"""Seconds a process may go on with the exceptions it knows."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record, by app: exceptions, the commit that was approved, the one that waits for that, rollbacks."""

    exceptions: Mapping[str, AppException]
    approvals: Mapping[str, Approval]
    awaiting: Mapping[str, str]
    rollbacks: Mapping[str, Rollback]


class Exceptions:
    """Reads and writes them. An exception that ended stays until somebody has seen to what follows."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._recent: tuple[float, dict[str, AppException]] = (float("-inf"), {})

    def begin(self, exception: AppException) -> None:
        """Record an exception in the place of the one the app had; what was approved before counts no more."""
        self._recent = (float("-inf"), {})
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key("exceptions"), exception.app, coding.encode(exception))
            pipe.zadd(key("exceptions", "ends"), {exception.app: exception.until})
            pipe.zadd(key("exceptions", "reminders"), {exception.app: exception.until - REMINDED})
            pipe.hdel(key("approvals"), exception.app)
            pipe.execute()

    def of(self, app: str) -> AppException | None:
        """Return an app's exception, also one that ended and was not seen off."""
        text = self._redis.hget(key("exceptions"), app)
        return AppException(**orjson.loads(text)) if text else None

    def all(self) -> dict[str, AppException]:
        """Return every exception on record, by app."""
        found: Mapping[str, str] = self._redis.hgetall(key("exceptions"))
        return {app: AppException(**orjson.loads(text)) for app, text in sorted(found.items())}

    def recent(self, now: float) -> dict[str, AppException]:
        """Return them as they were within the last second: for the edge, which would ask for every delivery.

        Raises :class:`RecordsUnavailable`.
        """
        if not 0 <= now - self._recent[0] < RECENT:
            try:
                self._recent = (now, self.all())
            except redis.RedisError as error:
                raise RecordsUnavailable(f"Redis did not say what apps follow ({type(error).__name__})") from error
        return self._recent[1]

    def release(self, app: str, who: str, now: float) -> AppException | None:
        """End an exception now; return it, ``None`` when none is in force."""
        found = self.of(app)
        if found is None or now >= found.until:
            return None
        ended = replace(found, until=now, released=who)
        self._recent = (float("-inf"), {})
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key("exceptions"), app, coding.encode(ended))
            pipe.zadd(key("exceptions", "ends"), {app: now})
            pipe.zrem(key("exceptions", "reminders"), app)
            pipe.execute()
        return ended

    def ended(self, now: float) -> list[AppException]:
        """Return the exceptions that ended and were not seen off."""
        found = [self.of(app) for app in self._redis.zrangebyscore(key("exceptions", "ends"), 0, now)]
        return [one for one in found if one is not None and one.until <= now]

    def forget(self, exception: AppException) -> None:
        """Let go of an exception that was seen off, unless the app has a new one."""
        text = coding.encode(exception)

        def change(pipe: Client) -> None:
            if pipe.hget(key("exceptions"), exception.app) != text:
                return
            pipe.multi()
            pipe.hdel(key("exceptions"), exception.app)
            pipe.zrem(key("exceptions", "ends"), exception.app)
            pipe.zrem(key("exceptions", "reminders"), exception.app)

        self._redis.transaction(change, key("exceptions"))

    def to_remind(self, now: float) -> list[AppException]:
        """Return the exceptions whose end is near, each once."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrangebyscore(key("exceptions", "reminders"), 0, now)
            pipe.zremrangebyscore(key("exceptions", "reminders"), 0, now)
            names = pipe.execute()[0]
        found = [self.of(app) for app in names]
        return [one for one in found if one is not None and now < one.until]

    def wait(self, app: str, revision: str) -> None:
        """Note the commit of an app that waits for a person's word."""
        self._redis.hset(key("awaiting"), app, revision)

    def awaiting(self, app: str) -> str:
        """Return the commit that waits for a person's word, "" for none."""
        return str(self._redis.hget(key("awaiting"), app) or "")

    def approve(self, app: str, approval: Approval) -> None:
        """Note that a person said yes to one commit of an app."""
        self._redis.hset(key("approvals"), app, coding.encode(approval))

    def approved(self, app: str) -> Approval | None:
        """Return the commit a person said yes to and that was not synced since, ``None`` for none."""
        text = self._redis.hget(key("approvals"), app)
        return Approval(**orjson.loads(text)) if text else None

    def synced(self, app: str, awaiting: str) -> None:
        """Forget the approval that a sync answered; ``awaiting`` is the commit that waits for one now, "" for none."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(key("approvals"), app)
            pipe.hset(key("awaiting"), app, awaiting) if awaiting else pipe.hdel(key("awaiting"), app)
            pipe.execute()

    def standing(self, app: str = "") -> tuple[list[Hold], Known]:
        """Return every hold and all that is known here, of one app if that is named.

        In one round trip: the gate asks at every step of a sync.
        """
        names = ("exceptions", "approvals", "awaiting", "rollbacks")
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(key("holds"))
            for name in names:
                pipe.hget(key(name), app) if app else pipe.hgetall(key(name))
            every, *answers = pipe.execute()
        found = [({app: one} if one else {}) if app else one for one in answers]
        known = Known(
            {name: AppException(**orjson.loads(text)) for name, text in found[0].items()},
            {name: Approval(**orjson.loads(text)) for name, text in found[1].items()},
            found[2],
            {name: rollbacks.read(text) for name, text in found[3].items()},
        )
        return holds.read(every), known

    def held(self, app: str) -> list[Commit]:
        """Return the commits of an app that ended held and are still told so, oldest first."""
        found: Sequence[str] = self._redis.lrange(key("held", app), 0, -1)
        return [Commit(*name.split("|", 3)) for name in found]
