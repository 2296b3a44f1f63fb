"""Where apps are deployed to: what each app says of its environment, and the deployments the forge was told of.

What an app says is written in the transaction that ends its sync; what the forge has, only by who holds the lease of
the environment. So whoever dies, the next one goes on from what was meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from workers.environments import Deployment, Progress, Word
from workers.errors import LeaseLost
from workers.records import coding
from workers.records.keys import Client, key

MOST_AT_ONCE: Final = 200
MOST_OLD: Final = 20
"""Deployments that are remembered until they are seen to be over."""

SETTLED = """
-- KEYS: environment, due; ARGV: version, name, 1 when nothing is left to say of it
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[2])
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) else redis.call('HDEL', KEYS[1], 'tries') end
return 1
"""
"""Call an environment told of, unless something was said of it since it was read."""


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """One environment: app to what it says, the deployment that counts, and older ones that are not over yet.

    ``account`` is where it is told of, ``page`` the address of its page that the forge has, ``made`` whether there ever
    was a deployment of ours.
    """

    version: str = ""
    words: Mapping[str, Word] = field(default_factory=dict)
    live: Deployment | None = None
    old: tuple[Deployment, ...] = ()
    account: str = ""
    page: str = ""
    made: bool = False


class Environments:
    """Reads and keeps them, by the name that :attr:`workers.environments.Place.name` is."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._settled = client.register_script(SETTLED)

    def due(self, now: float) -> list[str]:
        """Return the environments whose forge may have to be told something by now."""
        return list(self._redis.zrangebyscore(key("environments"), 0, now, 0, MOST_AT_ONCE))

    def is_due(self, name: str, now: float) -> bool:
        """Whether one is."""
        at = self._redis.zscore(key("environments"), name)
        return at is not None and at <= now

    def read(self, name: str) -> EnvironmentRecord:
        """Return what is on record."""
        fields: Mapping[str, str] = self._redis.hgetall(key("environment", name))
        apps = {one.removeprefix("app:"): text for one, text in fields.items() if one.startswith("app:")}
        return EnvironmentRecord(
            version=fields.get("version", ""),
            words={app: _word(text) for app, text in apps.items()},
            live=_deployment(orjson.loads(fields["live"])) if fields.get("live") else None,
            old=tuple(_deployment(one) for one in orjson.loads(fields.get("old") or "[]")),
            account=fields.get("account", ""),
            page=fields.get("page", ""),
            made=bool(fields.get("made")),
        )

    def place_of(self, app: str) -> str:
        """Return the environment that an app said something of last, "" for none."""
        return str(self._redis.hget(key("placed"), app) or "")

    def word(self, name: str, app: str) -> Word | None:
        """Return what an app says of an environment."""
        text = self._redis.hget(key("environment", name), f"app:{app}")
        return _word(text) if text else None

    def begun(self, name: str, app: str, word: Word) -> None:
        """Record that an app is being deployed; the end of its sync says the rest."""
        with self._redis.pipeline(transaction=True) as pipe:
            say(pipe, name, app, word)
            pipe.execute()

    def pending(self, apps: Collection[str], revision: str) -> bool:
        """Whether one of these apps has still to be looked at for a commit."""
        with self._redis.pipeline(transaction=False) as pipe:
            for app in apps:
                pipe.hmget(key("app", app), "wanted", "done", "last")
            found = pipe.execute()
        behind = [last or "" for wanted, done, last in found if int(wanted or 0) > int(done or 0)]
        return any(last.endswith(revision) for last in behind)

    def keep(self, name: str, token: str, **fields: Any) -> None:
        """Record ``fields`` (of `EnvironmentRecord`). Raises :class:`LeaseLost` when ``token`` is not the lease's."""
        said = {one: value if isinstance(value, str) else coding.encode(value) for one, value in fields.items()}
        self._guarded(name, token, lambda pipe: pipe.hset(key("environment", name), mapping=said))

    def settled(self, name: str, version: str, *, is_over: bool) -> bool:
        """Say that the forge has all of it, and forget it when it ``is_over``; ``False`` when more was said since."""
        arguments = [version, name, "1" if is_over else ""]
        return bool(self._settled(keys=[key("environment", name), key("environments")], args=arguments))

    def postpone(self, name: str, until: float) -> None:
        """Leave it alone until then, unless something new is said of it."""
        self._redis.zadd(key("environments"), {name: until}, xx=True)

    def failed(self, name: str) -> int:
        """Count a look that came to nothing, and return how many in a row there were."""
        return int(self._redis.hincrby(key("environment", name), "tries", 1))

    def _guarded(self, name: str, token: str, change: Callable[[Any], None]) -> None:
        lease = key("lease", f"environment:{name}")

        def guarded(pipe: Any) -> None:
            if pipe.get(lease) != token:
                raise LeaseLost(f"another worker tells of {name}: this one stops without recording anything")
            pipe.multi()
            change(pipe)

        self._redis.transaction(guarded, lease)


def say(pipe: Any, name: str, app: str, word: Word | None) -> None:
    """Add to a transaction what an app says of its environment; ``None`` only has that looked at again."""
    if word is not None:
        pipe.hset(key("environment", name), f"app:{app}", coding.encode(word))
        pipe.hset(key("placed"), app, name)
    _touch(pipe, name)


def leave(pipe: Any, name: str, app: str) -> None:
    """Add to a transaction that an app is no longer of an environment."""
    pipe.hdel(key("environment", name), f"app:{app}")
    pipe.hdel(key("placed"), app)
    _touch(pipe, name)


def _touch(pipe: Any, name: str) -> None:
    pipe.hincrby(key("environment", name), "version", 1)
    pipe.zadd(key("environments"), {name: 0})


def _word(text: str) -> Word:
    value = orjson.loads(text)
    return Word(**value | {"progress": Progress(value["progress"])})


def _deployment(value: dict[str, Any]) -> Deployment:
    steps = {one: Progress(value[one]) if value.get(one) else None for one in ("progress", "trying")}
    return Deployment(**value | steps)
