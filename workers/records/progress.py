"""How far each app is: what is wanted, what is under way, what is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from workers.errors import LeaseLost
from workers.flight import Flight
from workers.model import AppRecord, Commit, Report, Request, SyncRecord
from workers.records import coding, commits
from workers.records.keys import Client, key

MOST_SYNCS: Final = 50
MOST_HELD: Final = 200
"""Commits of one app that are told how they ended after a hold; older ones stay told that they were held."""


class Progress:
    """The life of a request, from wanted to done. Writes need the app's lease ``token`` and check it."""

    def __init__(self, client: Client, clock: Callable[[], float]) -> None:
        self._redis = client
        self._clock = clock

    def apps(self) -> list[str]:
        """Return every app that ever had a request."""
        return sorted(self._redis.smembers(key("apps")))

    def app(self, app: str) -> AppRecord:
        """Return an app's record; a fresh one when nothing is known."""
        fields: Mapping[str, str] = self._redis.hgetall(key("app", app))
        return AppRecord(
            wanted=int(fields.get("wanted", 0)),
            done=int(fields.get("done", 0)),
            at=float(fields.get("at", 0)),
            seen=fields.get("last", "").partition(" ")[2],
            **{name: fields.get(name, "") for name in ("outcome", "text", "revision", "inputs")},
        )

    def open_requests(self, app: str) -> list[Request]:
        """Return the requests without an outcome, oldest first."""
        found: Mapping[str, str] = self._redis.hgetall(key("open", app))
        requests = [coding.request(app, number, text) for number, text in found.items()]
        return sorted(requests, key=lambda item: item.number)

    def begin(self, app: str, number: int) -> int:
        """Count one more attempt at a request; return how many there are now. Survives the worker's death."""
        return int(self._redis.hincrby(key("attempts", app), str(number), 1))

    def attempts(self, app: str, number: int) -> int:
        """Return how many attempts at a request were begun."""
        return int(self._redis.hget(key("attempts", app), str(number)) or 0)

    def flight(self, app: str) -> Flight | None:
        """Return the sync that waits for health, if one does."""
        text = self._redis.get(key("flight", app))
        return coding.flight(text) if text else None

    def wait(self, app: str, token: str, due: float, flight: Flight | None) -> None:
        """Store where a sync is and when to look again at the latest; the worker is free after this.

        With a flight, a sync waits for health (and its attempts start anew); without, a request waits for its
        next attempt. Raises :class:`LeaseLost` when ``token`` is no longer the lease's.
        """

        def change(pipe: Any) -> None:
            pipe.zadd(key("waiting"), {app: due})
            pipe.zrem(key("again"), app)
            if flight:
                pipe.set(key("flight", app), coding.encode(flight))
                pipe.delete(key("attempts", app))

        self._guarded(app, token, change)

    def finish(
        self,
        app: str,
        token: str,
        record: SyncRecord,
        inputs: str | None,
        ended: Sequence[int],
        reports: Mapping[Commit, Report],
        declared: str = "",
        held: Sequence[Commit] = (),
        also: Callable[[Any], None] = lambda _: None,
    ) -> None:
        """End the requests of the numbers ``ended``, tell the commits in ``reports``, record the sync; in one step.

        ``inputs`` is the key of what the cluster is now like, "" when that is not known any more, ``None`` to leave
        it as it was. ``declared`` is the digest of the declaration it was done by: nobody has to ask for it again.
        ``held`` are the commits that go on waiting. ``also`` adds to the same transaction. Raises as `rest` does.
        """
        fields: dict[str, Any] = {"outcome": record.outcome.value, "text": record.text, "at": self._clock()}
        fields |= {"inputs": inputs} if inputs is not None else {}
        fields |= {"revision": record.revision} if inputs else {}
        if ended:
            fields["done"] = max(ended)

        def change(pipe: Any) -> None:
            pipe.hset(key("app", app), mapping=fields)
            if ended:
                pipe.hdel(key("open", app), *(str(number) for number in ended))
            commits.say(pipe, app, reports)
            pipe.lpush(key("syncs", app), coding.encode(record))
            pipe.ltrim(key("syncs", app), 0, MOST_SYNCS - 1)
            pipe.delete(key("flight", app), key("attempts", app))
            pipe.zrem(key("waiting"), app)
            pipe.delete(key("held", app))
            if held:
                pipe.rpush(key("held", app), *(coding.commit_id(commit) for commit in held[-MOST_HELD:]))
            if declared:
                pipe.hset(key("declared"), app, declared)
            also(pipe)

        self._guarded(app, token, change)

    def rest(self, app: str, token: str, ended: Sequence[int], record: SyncRecord | None) -> None:
        """End the requests of the numbers ``ended`` and leave the app as it was; its history names ``record``, if any.

        Raises :class:`LeaseLost` and records nothing when ``token`` is no longer the lease's.
        """

        def change(pipe: Any) -> None:
            pipe.hset(key("app", app), "done", max(ended))
            pipe.hdel(key("open", app), *(str(number) for number in ended))
            if record:
                pipe.lpush(key("syncs", app), coding.encode(record))
                pipe.ltrim(key("syncs", app), 0, MOST_SYNCS - 1)
            pipe.delete(key("flight", app), key("attempts", app))
            pipe.zrem(key("waiting"), app)

        self._guarded(app, token, change)

    def again(self, app: str, due: float) -> None:
        """Remember that an app is to be asked for again then."""
        self._redis.zadd(key("again"), {app: due})

    def due_again(self) -> list[str]:
        """Return the apps that are to be asked for again by now, and forget that."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrangebyscore(key("again"), 0, self._clock())
            pipe.zremrangebyscore(key("again"), 0, self._clock())
            return list(pipe.execute()[0])

    def turn(self) -> int:
        """Return how many parts of sweeps were begun before this one, by whichever process."""
        return int(self._redis.incr(key("turns"))) - 1

    def syncs(self, app: str, most: int = 10) -> list[SyncRecord]:
        """Return an app's finished syncs, newest first."""
        return [coding.sync(text) for text in self._redis.lrange(key("syncs", app), 0, most - 1)]

    def waiting(self) -> dict[str, float]:
        """Return every app that waits, with the time it is due."""
        return dict(self._redis.zrange(key("waiting"), 0, -1, withscores=True))

    def due(self, app: str) -> float:
        """Return when an app that waits is due, 0 for one that does not wait."""
        return float(self._redis.zscore(key("waiting"), app) or 0.0)

    def unsure(self, app: str) -> None:
        """Note that it is not known what the cluster is like until the app's next sync ends well."""
        self._redis.hset(key("app", app), "inputs", "")

    def unsent(self) -> list[str]:
        """Return the apps that need a message: wanted but not done, or due after a wait; and no live lease."""
        now = self._clock()
        waiting = self.waiting()
        names = self.apps()
        with self._redis.pipeline(transaction=False) as pipe:
            for app in names:
                pipe.hmget(key("app", app), "wanted", "done")
                pipe.exists(key("lease", f"app:{app}"))
                pipe.exists(key("flight", app))
            found = pipe.execute()
        ready = []
        for app, (wanted, done), leased, flies in zip(names, found[0::3], found[1::3], found[2::3], strict=True):
            behind = int(wanted or 0) > int(done or 0)
            if not leased and (behind or flies) and waiting.get(app, 0.0) <= now:
                ready.append(app)
        return ready

    def _guarded(self, app: str, token: str, change: Callable[[Any], None]) -> None:
        lease = key("lease", f"app:{app}")

        def guarded(pipe: Any) -> None:
            if pipe.get(lease) != token:
                raise LeaseLost(f"another worker has taken over {app}: this one stops without recording anything")
            pipe.multi()
            change(pipe)

        self._redis.transaction(guarded, lease)
