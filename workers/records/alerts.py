"""Alerts on their way: what was told of each app, and an outbox per target that holds them until it has taken them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from workers.alert import CLOSES, Alert, Kind
from workers.model import Ref
from workers.records import coding, outboxes
from workers.records.keys import PREFIX, Client, key

MOST_WAITING: Final = 500
"""Alerts an outbox keeps in words; of more it keeps only the number."""
ASKED_AGAIN: Final = 10.0
"""Seconds after which a worker is asked once more to empty an outbox: its message may be lost, or the worker."""
REMEMBERED: Final = 30 * 86400
"""Seconds that a trouble which was told stays open, so that its end can be told."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an outbox holds: alerts, oldest first, each with since when (0: unknown) the trouble it ends was known;
    and how many more were told of each kind."""

    alerts: tuple[tuple[Alert, float], ...] = ()
    more: dict[Kind, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.alerts or self.more)


@dataclass(frozen=True, slots=True)
class Standing:
    """How sending to a target goes: ``failures`` in a row; times in seconds since the epoch, 0 for never."""

    sent: float = 0.0
    failed: float = 0.0
    failures: int = 0
    error: str = ""
    waiting: int = 0
    due: float = 0.0


class Alerts:
    """Records alerts and keeps the outboxes. Sends nothing."""

    def __init__(self, client: Client, clock: Callable[[], float]) -> None:
        self._redis = client
        self._clock = clock
        self._due = client.register_script(outboxes.DUE)
        self._taken = client.register_script(outboxes.TAKEN)

    def tell(self, alert: Alert, routes: Mapping[str, float], again_after: float, pipe: Any = None) -> bool:
        """Put an alert into every outbox of ``routes`` (name to seconds it waits for others); return if it is news.

        One round trip. ``again_after`` is in seconds. With ``pipe`` it becomes part of that transaction, and whether it
        is news is not known here. Raises :class:`redis.RedisError`.
        """
        closes = CLOSES.get(alert.kind, ())
        arguments: list[Any] = [PREFIX, alert.at, again_after, MOST_WAITING, REMEMBERED]
        arguments += [alert.app, alert.kind.value, f"{alert.revision}|{alert.state}", coding.encode(alert)]
        arguments += [len(closes), *(kind.value for kind in closes)]
        for name, seconds in routes.items():
            arguments += [name, alert.at + seconds]
        if pipe is not None:
            pipe.eval(outboxes.TELL, 0, *arguments)
            return False
        return bool(self._redis.eval(outboxes.TELL, 0, *arguments))

    def open(self, apps: Sequence[str], kind: Kind) -> set[str]:
        """Return those of ``apps`` of which a trouble of this kind was told and no end of it."""
        with self._redis.pipeline(transaction=False) as pipe:
            for app in apps:
                pipe.exists(key("told", f"{app}|{kind.value}"))
            return {app for app, there in zip(apps, pipe.execute(), strict=True) if there}

    def due(self) -> list[str]:
        """Return the outboxes to be emptied now; each is due again after :data:`ASKED_AGAIN` seconds."""
        now = self._clock()
        return list(self._due(keys=[key("alerts")], args=[now, now + ASKED_AGAIN]))

    def postpone(self, target: str, until: float) -> None:
        """Leave an outbox alone until then."""
        self._redis.zadd(key("alerts"), {target: until}, xx=True)

    def waiting(self, target: str) -> Waiting:
        """Return what an outbox holds."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.lrange(key("outbox", target), 0, -1)
            pipe.hgetall(key("beyond", target))
            texts, beyond = pipe.execute()
        alerts = tuple(_alert(text) for text in texts)
        return Waiting(alerts, {Kind(kind): int(count) for kind, count in beyond.items()})

    def taken(self, target: str, sent: Waiting, again: float) -> None:
        """Take out of an outbox what was sent; if more was told meanwhile, it is due at ``again``."""
        beyond = [part for kind, count in sent.more.items() for part in (kind.value, count)]
        keys = [key("alerts"), key("outbox", target), key("beyond", target), key("target", target)]
        self._taken(keys=keys, args=[target, self._clock(), again, len(sent.alerts), *beyond])

    def failed(self, target: str, error: str, again: Callable[[int], float]) -> int:
        """Note that sending failed; ``again`` says from the failures in a row when to try next. Return those."""
        now = self._clock()
        failures = int(self._redis.hincrby(key("target", target), "failures", 1))
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key("target", target), mapping={"failed": now, "error": error})
            pipe.zadd(key("alerts"), {target: again(failures)}, xx=True)
            pipe.hincrby(key("counts"), f"alert_failures|{target}", 1)
            pipe.execute()
        return failures

    def tries(self, target: str, most: int) -> list[float]:
        """Return when the last ``most`` messages were tried, newest first."""
        return [float(at) for at in self._redis.lrange(key("tries", target), 0, most - 1)]

    def tried(self, target: str, most: int) -> None:
        """Note that a message is tried now; ``most`` of these notes are kept."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.lpush(key("tries", target), self._clock())
            pipe.ltrim(key("tries", target), 0, most - 1)
            pipe.execute()

    def standing(self, target: str) -> Standing:
        """Return how sending to a target goes."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(key("target", target))
            pipe.llen(key("outbox", target))
            pipe.hvals(key("beyond", target))
            pipe.zscore(key("alerts"), target)
            fields, length, beyond, due = pipe.execute()
        return Standing(
            sent=float(fields.get("sent", 0)),
            failed=float(fields.get("failed", 0)),
            failures=int(fields.get("failures", 0)),
            error=fields.get("error", ""),
            waiting=length + sum(map(int, beyond)),
            due=float(due or 0),
        )

    def forget(self, target: str) -> None:
        """Forget a target that is no longer configured, and what waited for it."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(key("alerts"), target)
            pipe.delete(*(key(name, target) for name in ("outbox", "beyond", "target", "tries")))
            pipe.execute()


def _alert(text: str) -> tuple[Alert, float]:
    since, _, body = text.partition(" ")
    value = orjson.loads(body)
    value.update(kind=Kind(value["kind"]), objects=tuple(Ref(*ref) for ref in value["objects"]))
    return Alert(**value), float(since)
