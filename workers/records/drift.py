"""What is known of live objects: whose they are, what was accepted, and where they drifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workers.model import Owned, Ref
from workers.records import coding
from workers.records.keys import Client, key


class Drift:
    """Digests of the last apply per object, and the differences found since."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def save(self, app: str, applyset: str, cluster: str, owned: Sequence[Owned], seen: str = "") -> None:
        """Replace an app's digests, and remember its ApplySet and kinds for the watch and the sweep.

        ``seen`` is the resourceVersion of the last write, "" when nothing was written.
        """
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key("digests", app), key("drift", app))
            if owned:
                digests = {coding.ref_id(item.ref): f"{item.version} {item.rendered} {item.accepted}" for item in owned}
                pipe.hset(key("digests", app), mapping=digests)
                pipe.sadd(
                    key("kinds", cluster), *{f"{item.ref.group}|{item.version}|{item.ref.kind}" for item in owned}
                )
            pipe.hset(key("applysets"), f"{cluster}|{applyset}", app)
            if seen:
                pipe.hset(key("seen", cluster), app, seen)
            pipe.execute()

    def seen(self, cluster: str, app: str) -> str:
        """Return the resourceVersion of an app's last write to a cluster, "" for none."""
        return str(self._redis.hget(key("seen", cluster), app) or "")

    def owned(self, app: str) -> dict[Ref, Owned]:
        """Return the objects of the last apply with their digests."""
        found: Mapping[str, str] = self._redis.hgetall(key("digests", app))
        return {(ref := coding.ref(name)): Owned(ref, *text.split(" ")) for name, text in found.items()}

    def forget(self, app: str) -> None:
        """Forget what an app owned: it is gone. Whose its ApplySet was stays known, for what it left behind."""
        self._redis.delete(key("digests", app), key("drift", app), key("asked", app))

    def asked(self, app: str, refs: Sequence[Ref], now: float) -> dict[Ref, float]:
        """Return since when a person is asked about the deletion of each of ``refs``; the others are forgotten."""
        known: Mapping[str, str] = self._redis.hgetall(key("asked", app))
        since = {ref: float(known.get(coding.ref_id(ref), now)) for ref in refs}
        if since or known:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.delete(key("asked", app))
                if since:
                    pipe.hset(key("asked", app), mapping={coding.ref_id(ref): at for ref, at in since.items()})
                pipe.execute()
        return since

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

    def note(self, app: str, found: Mapping[Ref, str]) -> bool:
        """Record the drift seen (object to what differs); return whether any of it is news."""
        if not found:
            return False
        mapping = {coding.ref_id(ref): text for ref, text in found.items()}
        return bool(self._redis.hset(key("drift", app), mapping=mapping))

    def clear(self, app: str, refs: Sequence[Ref]) -> None:
        """Forget the drift of objects that are as applied again."""
        if refs:
            self._redis.hdel(key("drift", app), *(coding.ref_id(ref) for ref in refs))

    def noted(self, app: str) -> dict[str, str]:
        """Return the drift recorded: object as people write it, to what differs."""
        found: Mapping[str, str] = self._redis.hgetall(key("drift", app))
        return {str(coding.ref(name)): text for name, text in found.items()}
