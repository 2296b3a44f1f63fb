"""What was found of drift and what becomes of it: notes, what was judged, fights, and repairs that are due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from workers.model import Ref
from workers.records import coding
from workers.records.keys import Client, key

MOST_REPAIRED: Final = 50
CHUNK: Final = 500
"""Apps asked about in one round trip."""


_ASKED: Final = """
local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if due and tonumber(due) <= tonumber(ARGV[2]) then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
"""


@dataclass(frozen=True, slots=True)
class Note:
    """One object that drifted: in words, since when, by which manager, and what is done about it (one word)."""

    text: str
    since: float
    manager: str = ""
    fields: tuple[str, ...] = ()
    does: str = "report"


@dataclass(frozen=True, slots=True)
class Repaired:
    """One repair: when, of what, in words, and the seconds since the drift was noticed."""

    at: float
    object: str
    text: str
    seconds: float


class Repairs:
    """By app and object; all of it is lost without harm: the next sweep finds it again."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._asked = client.register_script(_ASKED)

    def judged(self, app: str, notes: Mapping[Ref, Note], seen: Mapping[Ref, str]) -> None:
        """Replace what is known of an app's drift: the notes, and by what each object left as it is was judged."""
        with self._redis.pipeline(transaction=True) as pipe:
            for name, found in (
                ("drifted", {ref: coding.encode(note) for ref, note in notes.items()}),
                ("judged", seen),
            ):
                pipe.delete(key(name, app))
                if found:
                    pipe.hset(key(name, app), mapping={coding.ref_id(ref): text for ref, text in found.items()})
            pipe.execute()

    def clear(self, app: str, refs: Iterable[Ref]) -> None:
        """Forget the drift of objects that are as applied again, and that they were judged."""
        if names := [coding.ref_id(ref) for ref in refs]:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.hdel(key("drifted", app), *names)
                pipe.hdel(key("judged", app), *names)
                pipe.execute()

    def forget(self, app: str, *, fights: bool = True) -> None:
        """Forget an app's drift, with ``fights`` also how often it was repaired; what was repaired stays on record."""
        names = ("drifted", "judged", *(("rounds",) if fights else ()))
        self._redis.delete(*(key(name, app) for name in names))

    def notes(self, app: str) -> dict[Ref, Note]:
        """Return the drift on record."""
        found: Mapping[str, str] = self._redis.hgetall(key("drifted", app))
        return {coding.ref(name): _note(text) for name, text in found.items()}

    def noted(self, app: str) -> dict[str, str]:
        """Return the drift on record: object as people write it, to what is said of it."""
        return {str(ref): note.text for ref, note in self.notes(app).items()}

    def known(self, app: str) -> tuple[set[Ref], dict[Ref, str]]:
        """Return the objects with a note, and by what each judged object was judged."""
        return self.known_of([app])[app]

    def known_of(self, apps: Sequence[str]) -> dict[str, tuple[set[Ref], dict[Ref, str]]]:
        """Return :meth:`known` for many apps, in a few round trips."""
        result = {}
        for begin in range(0, len(apps), CHUNK):
            part = apps[begin : begin + CHUNK]
            with self._redis.pipeline(transaction=False) as pipe:
                for app in part:
                    pipe.hkeys(key("drifted", app))
                    pipe.hgetall(key("judged", app))
                found = pipe.execute()
            for app, noted, judged in zip(part, found[0::2], found[1::2], strict=True):
                refs = {coding.ref(name) for name in noted}
                result[app] = refs, {coding.ref(name): text for name, text in judged.items()}
        return result

    def fights(self, app: str) -> dict[Ref, tuple[tuple[float, ...], float]]:
        """Return the objects repaired lately: when, oldest first, and since when they are left alone (0: not)."""
        found: Mapping[str, str] = self._redis.hgetall(key("rounds", app))
        values = {coding.ref(name): orjson.loads(text) for name, text in found.items()}
        return {ref: (tuple(times), stopped) for ref, (times, stopped) in values.items()}

    def fought(self, app: str, rounds: Mapping[Ref, tuple[Sequence[float], float]]) -> None:
        """Keep when objects were repaired, and since when they are left alone."""
        if rounds:
            texts = {coding.ref_id(ref): orjson.dumps(value).decode() for ref, value in rounds.items()}
            self._redis.hset(key("rounds", app), mapping=texts)

    def repaired(self, app: str, found: Sequence[Repaired]) -> None:
        """Keep what was repaired, newest first."""
        if found:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.lpush(key("repaired", app), *(coding.encode(one) for one in found))
                pipe.ltrim(key("repaired", app), 0, MOST_REPAIRED - 1)
                pipe.execute()

    def history(self, app: str, most: int = 10) -> list[Repaired]:
        """Return an app's last repairs, newest first."""
        return [Repaired(**orjson.loads(text)) for text in self._redis.lrange(key("repaired", app), 0, most - 1)]

    def later(self, app: str, due: float) -> None:
        """Remember that an app's drift is to be looked at again then."""
        self._redis.zadd(key("repair"), {app: due})

    def due(self, now: float) -> list[str]:
        """Return the apps whose drift is to be looked at again by now. They stay due until :meth:`asked`."""
        return list(self._redis.zrangebyscore(key("repair"), 0, now))

    def asked(self, app: str, now: float) -> None:
        """Forget that an app was due by then: its look is recorded. One that is due later stays."""
        self._asked(keys=[key("repair")], args=[app, now])

    def turn(self, cluster: str, every: float) -> bool:
        """Whether nobody has swept a cluster's drift for ``every`` seconds; the caller is the one who does it now."""
        return bool(self._redis.set(key("swept", cluster), "1", nx=True, px=max(1, int(every * 1000))))


def _note(text: str) -> Note:
    value: dict[str, Any] = orjson.loads(text)
    return Note(**{**value, "fields": tuple(value["fields"])})
