"""Numbers of now, read from the records in a few round trips: what `/metrics` shows beside its counters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.alert import Kind
from workers.records.keys import Client, key

AT_ONCE = 500
"""Apps asked for in one round trip."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One app now: how its last request ended, objects that drifted, whether it was told of as degraded, and whether
    something is wanted that is not done."""

    app: str
    outcome: str
    drifted: int
    degraded: bool
    behind: bool


class Measures:
    """Reads numbers; changes nothing."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def apps(self, names: Sequence[str]) -> Iterator[Measured]:
        """Yield what is measured of each app."""
        for first in range(0, len(names), AT_ONCE):
            chosen = names[first : first + AT_ONCE]
            with self._redis.pipeline(transaction=False) as pipe:
                for app in chosen:
                    pipe.hmget(key("app", app), "outcome", "wanted", "done")
                    pipe.hlen(key("drifted", app))
                    pipe.exists(key("told", f"{app}|{Kind.APP_DEGRADED.value}"))
                found = pipe.execute()
            for app, (outcome, wanted, done), drifted, told in zip(
                chosen, found[0::3], found[1::3], found[2::3], strict=True
            ):
                yield Measured(app, outcome or "", drifted, bool(told), int(wanted or 0) > int(done or 0))

    def lengths(self, queues: Sequence[str]) -> dict[str, int]:
        """Return how many messages wait in each queue of the broker, if the broker is this Redis."""
        with self._redis.pipeline(transaction=False) as pipe:
            for name in queues:
                pipe.llen(name)
            return dict(zip(queues, pipe.execute(), strict=True))

    def waiting(self, outboxes: Sequence[str]) -> dict[str, int]:
        """Return how many alerts wait in each outbox."""
        with self._redis.pipeline(transaction=False) as pipe:
            for name in outboxes:
                pipe.llen(key("outbox", name))
                pipe.hvals(key("beyond", name))
            found = pipe.execute()
        return {
            name: length + sum(map(int, more))
            for name, length, more in zip(outboxes, found[0::2], found[1::2], strict=True)
        }
