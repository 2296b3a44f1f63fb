"""Holds as they are on record, when each has to be seen off, and which apps wait for sync windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import orjson

from workers.holds import Declared, Hold, Scope
from workers.records import coding
from workers.records.keys import Client, key


class Holds:
    """Reads and writes holds. One that ended stays until somebody has seen to what follows (:meth:`forget`)."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def place(self, hold: Hold) -> None:
        """Record a hold; it takes the place of one of the same thing."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key("holds"), hold.id, coding.encode(hold))
            pipe.zadd(key("holds", "ends"), {hold.id: hold.until})
            pipe.execute()

    def release(self, name: str, who: str, now: float) -> Hold | None:
        """End a hold now; return it, ``None`` when there is none in force of that id."""
        text = self._redis.hget(key("holds"), name)
        hold = _hold(text) if text else None
        if hold is None or not hold.in_force(now):
            return None
        ended = replace(hold, until=now, released=who)
        self.place(ended)
        return ended

    def all(self) -> list[Hold]:
        """Return every hold on record, by id; also those that ended and were not seen off."""
        return read(self._redis.hgetall(key("holds")))

    def ended(self, now: float) -> list[Hold]:
        """Return the holds that ended and were not seen off."""
        names = self._redis.zrangebyscore(key("holds", "ends"), 0, now)
        found = self._redis.hmget(key("holds"), names) if names else []
        holds = [_hold(text) for text in found if text]
        return [hold for hold in holds if not hold.in_force(now)]

    def forget(self, hold: Hold) -> None:
        """Let go of a hold that was seen off, unless there is a new one of the same thing."""
        if hold.declared:
            known = self._redis.hget(key("holds", "declared"), hold.target)
            value = orjson.loads(known) | {"ended": True} if known else {}
            self._redis.hset(key("holds", "declared"), hold.target, coding.encode(value))
            return
        text = coding.encode(hold)

        def change(pipe: Client) -> None:
            if pipe.hget(key("holds"), hold.id) != text:
                return
            pipe.multi()
            pipe.hdel(key("holds"), hold.id)
            pipe.zrem(key("holds", "ends"), hold.id)

        self._redis.transaction(change, key("holds"))

    def leave_out(self, app: str, *, left: bool) -> None:
        """Note whether an app's last sync left out something that Git wants of an object somebody holds."""
        self._redis.sadd(key("holds", "left"), app) if left else self._redis.srem(key("holds", "left"), app)

    def left_out(self) -> set[str]:
        """Return the apps whose last sync did."""
        return set(self._redis.smembers(key("holds", "left")))

    def shut(self, app: str, windows: str) -> None:
        """Note that an app waits for its sync windows, of which this is the digest."""
        self._redis.hset(key("holds", "windows"), app, windows)

    def waiting(self) -> dict[str, str]:
        """Return the apps that wait for sync windows, or did lately, each with the digest of those."""
        return dict(self._redis.hgetall(key("holds", "windows")))

    def reopened(self, waited: Mapping[str, str]) -> None:
        """Forget that apps wait for the windows of these digests; one that waits for others by now goes on waiting."""

        def change(pipe: Client) -> None:
            known = dict(pipe.hgetall(key("holds", "windows")))
            gone = [app for app, windows in waited.items() if known.get(app) == windows]
            pipe.multi()
            if gone:
                pipe.hdel(key("holds", "windows"), *gone)

        self._redis.transaction(change, key("holds", "windows"))

    def declared(self, app: str, said: Declared, now: float) -> float:
        """Return since when an app's declaration has this hold, ``now`` when nobody noted it yet."""
        text = self._redis.hget(key("holds", "declared"), app)
        value = orjson.loads(text) if text else {}
        return float(value["since"]) if value.get("said") == _plain(said) else now

    def note(self, said: Mapping[str, Declared], now: float) -> None:
        """Remember since when each app's declaration has its hold; forget those that no longer have one."""
        known: Mapping[str, str] = self._redis.hgetall(key("holds", "declared"))
        fresh = {app: one for app, one in said.items() if orjson.loads(known.get(app, "{}")).get("said") != _plain(one)}
        with self._redis.pipeline(transaction=True) as pipe:
            for app, one in fresh.items():
                pipe.hset(key("holds", "declared"), app, coding.encode({"said": _plain(one), "since": now}))
            if gone := known.keys() - said.keys():
                pipe.hdel(key("holds", "declared"), *gone)
            pipe.execute()

    def is_seen_off(self, app: str) -> bool:
        """Whether somebody saw off the hold of an app's declaration, which stands there still."""
        text = self._redis.hget(key("holds", "declared"), app)
        return bool(text and orjson.loads(text).get("ended"))


def _plain(said: Declared) -> list[float | str]:
    return [said.until, said.who, said.reason]


def read(found: Mapping[str, str]) -> list[Hold]:
    """Read holds back, in the order of their ids."""
    return [_hold(text) for _, text in sorted(found.items())]


def _hold(text: str) -> Hold:
    value = orjson.loads(text)
    value.update(scope=Scope(value["scope"]))
    return Hold(**value)
