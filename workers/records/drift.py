"""What is known of live objects: whose they are, and what was accepted of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from workers.model import Owned, Ref
from workers.records import coding, scripts
from workers.records.keys import Client, key

CHUNK: Final = 500
"""Apps asked about in one round trip."""


class Saved(NamedTuple):
    """What is owned by an app now, and where: ``cluster`` and ``applyset`` are "" when nobody wrote that down."""

    app: str
    cluster: str
    applyset: str
    owned: dict[Ref, Owned]


_OF: Final = "of"
"""The field beside those of the objects, none of which is called so."""


class Drift:
    """Digests of the last apply per object."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def save(self, app: str, applyset: str, cluster: str, owned: Sequence[Owned], seen: str = "") -> None:
        """Replace an app's digests, and remember its ApplySet and kinds for the watch and the sweep.

        ``seen`` is the resourceVersion of the last write, "" when nothing was written.
        """
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key("digests", app))
            if owned:
                pipe.hset(key("digests", app), mapping={coding.ref_id(item.ref): _text(item) for item in owned})
                pipe.sadd(
                    key("kinds", cluster), *{f"{item.ref.group}|{item.version}|{item.ref.kind}" for item in owned}
                )
            pipe.hset(key("applysets"), f"{cluster}|{applyset}", app)
            pipe.hset(key("home"), app, f"{cluster}|{applyset}")
            if seen:
                pipe.hset(key("seen", cluster), app, seen)
            self._tell(pipe, app)
            pipe.execute()

    def seen(self, cluster: str, app: str) -> str:
        """Return the resourceVersion of an app's last write to a cluster, "" for none."""
        return str(self._redis.hget(key("seen", cluster), app) or "")

    def owned(self, app: str) -> dict[Ref, Owned]:
        """Return the objects of the last apply with their digests."""
        return _owned(self._redis.hgetall(key("digests", app)))

    def owned_of(self, apps: Sequence[str]) -> dict[str, dict[Ref, Owned]]:
        """Return :meth:`owned` for many apps, in a few round trips."""
        result: dict[str, dict[Ref, Owned]] = {}
        for begin in range(0, len(apps), CHUNK):
            part = apps[begin : begin + CHUNK]
            with self._redis.pipeline(transaction=False) as pipe:
                for app in part:
                    pipe.hgetall(key("digests", app))
                result |= {app: _owned(found) for app, found in zip(part, pipe.execute(), strict=True)}
        return result

    def owners(self, apps: Sequence[str], refs: Sequence[Ref]) -> dict[Ref, str]:
        """Return the one of ``apps`` that owns each of ``refs``, where one does."""
        if not refs:
            return {}
        with self._redis.pipeline(transaction=False) as pipe:
            for app in apps:
                pipe.hmget(key("digests", app), [coding.ref_id(ref) for ref in refs])
            found = pipe.execute()
        return {
            ref: app for app, has in zip(apps, found, strict=True) for ref, text in zip(refs, has, strict=True) if text
        }

    def forget(self, app: str) -> None:
        """Forget what an app owned: it is gone. Whose its ApplySet was stays known, for what it left behind."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key("digests", app), key("asked", app))
            self._tell(pipe, app)
            pipe.execute()

    def saved_since(self, number: int) -> tuple[int, list[str]]:
        """Return the number of the newest change to what apps own, and the apps with a change after ``number``."""
        found: list[tuple[str, float]] = self._redis.zrangebyscore(key("saved"), f"({number}", "+inf", withscores=True)
        return max((int(score) for _, score in found), default=number), [app for app, _ in found]

    def saved(self, apps: Sequence[str]) -> list[Saved]:
        """Return what some apps own, in one round trip."""
        with self._redis.pipeline(transaction=False) as pipe:
            for app in apps:
                pipe.hget(key("home"), app)
                pipe.hgetall(key("digests", app))
            answers = pipe.execute()
        found = []
        for app, home, digests in zip(apps, answers[0::2], answers[1::2], strict=True):
            cluster, _, applyset = (home or "").partition("|")
            found.append(Saved(app, cluster, applyset, _owned(digests)))
        return found

    def _tell(self, pipe: Any, app: str) -> None:
        pipe.eval(scripts.SAVED, 2, key("saves"), key("saved"), app)

    def asked(self, app: str, refs: Sequence[Ref], now: float, of: int = 0) -> dict[Ref, float]:
        """Return since when a person is asked about the deletion of each of ``refs``; the others are forgotten.

        ``of`` is how many objects the app had then, where it is asked because they are so many; kept until nobody is.
        """
        since = self.asks(app, refs, now)
        if since or self._redis.exists(key("asked", app)):
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.delete(key("asked", app))
                if since:
                    many = {_OF: of} if of else {}
                    pipe.hset(key("asked", app), mapping=many | {coding.ref_id(ref): at for ref, at in since.items()})
                pipe.execute()
        return since

    def asks(self, app: str, refs: Sequence[Ref], now: float) -> dict[Ref, float]:
        """Return what :meth:`asked` does, and note nothing."""
        known: Mapping[str, str] = self._redis.hgetall(key("asked", app))
        return {ref: float(known.get(coding.ref_id(ref), now)) for ref in refs}

    def asked_of(self, app: str) -> int:
        """Return how many objects an app had when a person was asked about so many deletions, 0 where nobody is."""
        return int(self._redis.hget(key("asked", app), _OF) or 0)

    def approve(self, app: str, now: float) -> None:
        """Note that a person approved the deletions an app asks about."""
        self._redis.hset(key("approved"), app, now)

    def approved(self, app: str) -> float:
        """Return when a person last approved, 0 for never."""
        return float(self._redis.hget(key("approved"), app) or 0.0)

    def kinds(self, cluster: str) -> set[tuple[str, str, str]]:
        """Return (group, version, kind) of everything ever owned on a cluster, in the versions it was applied in."""
        found: set[str] = self._redis.smembers(key("kinds", cluster))
        return {(group, version, kind) for group, version, kind in (text.split("|") for text in found)}

    def app_of(self, cluster: str, applyset: str) -> str | None:
        """Return the app of an ApplySet on a cluster."""
        found: str | None = self._redis.hget(key("applysets"), f"{cluster}|{applyset}")
        return found

    def applysets(self, cluster: str) -> dict[str, str]:
        """Return every ApplySet of a cluster with its app."""
        found: Mapping[str, str] = self._redis.hgetall(key("applysets"))
        return {name.partition("|")[2]: app for name, app in found.items() if name.startswith(f"{cluster}|")}


def _text(item: Owned) -> str:
    return f"{item.version} {item.rendered} {item.accepted} {item.ownership}"


def _owned(found: Mapping[str, str]) -> dict[Ref, Owned]:
    """Read digests back; those written before there was an ``ownership`` have three parts."""
    return {(ref := coding.ref(name)): Owned(ref, *text.split(" ")[:4]) for name, text in found.items()}
