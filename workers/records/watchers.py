"""What watch processes tell each other, and what they ask of apps whose objects change all the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from workers.records.keys import Client, key

NUDGED_SECONDS: Final = 120.0
"""How long a message that was sent counts as on its way; a lost one is made good for after that.

Longer than a thousand apps take: a second message each would go ahead of the next push."""


class Standing(NamedTuple):
    """Where an app is: whether a worker has it now, whether a request is open, whether a sync waits for something."""

    leased: bool
    behind: bool
    flies: bool


class Watchers:
    """The watch processes that live, and the messages by which they woke apps."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def alive(self, watcher: str, seconds: float) -> int:
        """Note that a watch process lives; return how many said so within ``seconds``. Redis's own clock counts."""
        now = float(self._redis.time()[0])
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zremrangebyscore(key("watchers"), "-inf", f"({now - seconds}")
            pipe.zadd(key("watchers"), {watcher: now})
            pipe.zcard(key("watchers"))
            return int(pipe.execute()[-1])

    def leave(self, watcher: str) -> None:
        """Note that a watch process ends."""
        self._redis.zrem(key("watchers"), watcher)

    def astir(self, apps: Sequence[str]) -> list[str]:
        """Return those of some apps that a worker has or that wait for anything: cheap, whatever their number."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.mget([key("lease", f"app:{app}") for app in apps])
            pipe.zmscore(key("waiting"), apps)
            return [app for app, lease, due in zip(apps, *pipe.execute(), strict=True) if lease or due is not None]

    def standing(self, apps: Sequence[str]) -> dict[str, Standing]:
        """Return where some apps are, in one round trip."""
        with self._redis.pipeline(transaction=False) as pipe:
            for app in apps:
                pipe.exists(key("lease", f"app:{app}"))
                pipe.hmget(key("app", app), "wanted", "done")
                pipe.exists(key("flight", app))
            found = pipe.execute()
        return {
            app: Standing(bool(leased), int(wanted or 0) > int(done or 0), bool(flies))
            for app, leased, (wanted, done), flies in zip(apps, found[0::3], found[1::3], found[2::3], strict=True)
        }

    def nudge(self, apps: Sequence[str]) -> list[str]:
        """Note that a message is sent to each of some apps; return those for which none is on its way already."""
        with self._redis.pipeline(transaction=False) as pipe:
            for app in apps:
                pipe.set(key("nudged", app), 1, nx=True, px=int(NUDGED_SECONDS * 1000))
            return [app for app, fresh in zip(apps, pipe.execute(), strict=True) if fresh]

    def arrived(self, app: str) -> None:
        """Note that a worker has taken an app's message: what changes from now on needs one again."""
        self._redis.delete(key("nudged", app))
