"""Open pull requests: which are to be looked at, what was made of each, and what its forge has of that.

The edge writes the wishes, with the delivery that brought them; a worker that looks at one has its turn, and nothing of
an older turn is recorded any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from workers.model import Commit, Report, State
from workers.pull import Made, Wanted, Word
from workers.records import coding, intake, turns
from workers.records.intake import RETENTION
from workers.records.keys import Client, key

LOST: Final = 60.0
"""Seconds after which a pull request that nobody looked at is handed out once more."""
KEPT: Final = 90 * 24 * 3600
"""Seconds that one nothing happens to is remembered; then it is as new."""
MOST_AT_ONCE: Final = 20
SETTLE: Final = 10.0
"""Seconds after a push to a branch until the plans for it are made anew: by then what it brings is mostly applied."""
SPACING: Final = 1.0
"""Seconds between those of one branch."""


@dataclass(frozen=True, slots=True)
class PullRecord:
    """What is on record of a pull request.

    ``made`` is its last plan. ``told`` is the commit that was told of it last, and ``state`` what it was told. ``ids``
    are the parts of its comment, ``written`` the digest of the text they have; ``tried`` is whether the comment may be
    there although nobody heard so. ``moved`` is a newer commit of its branch, "" for none that is known.
    """

    made: Made | None = None
    told: Commit | None = None
    state: State | None = None
    ids: tuple[str, ...] = ()
    written: str = ""
    tried: bool = False
    moved: str = ""
    branch: str = ""
    skips: int = 0
    tries: int = 0


class Pulls:
    """Reads and keeps them. A pull request goes by the name that :attr:`workers.pull.Wanted.name` is."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._tell = client.register_script(turns.TELL)
        self._done = client.register_script(turns.DONE)

    def due(self, now: float, most: int = MOST_AT_ONCE) -> list[str]:
        """Hand out the pull requests to look at by now, those that something happened to first."""
        names = self._redis.hkeys(key("pulls"))
        later = dict(self._redis.zrange(key("pulls", "later"), 0, -1, withscores=True)) if names else {}
        found = sorted((later.get(name, 0.0), name) for name in names if later.get(name, 0.0) <= now)[:most]
        for _, name in found:
            self.later(name, now + LOST)
        return [name for _, name in found]

    def wanted(self, name: str) -> tuple[Wanted, str] | None:
        """Return a wish, and its text by which :meth:`done` knows it; ``None`` for none."""
        text = self._redis.hget(key("pulls"), name)
        return (_wanted(text), text) if text else None

    def words(self, name: str) -> list[Word]:
        """Return what deliveries said that people did for heads of the pull request."""
        return [Word(**orjson.loads(text)) for text in self._redis.hvals(key("words", name))]

    def read(self, name: str) -> PullRecord:
        """Return what is on record."""
        return _record(self._redis.hgetall(key("pull", name)))

    def begin(self, wanted: Wanted, branch: str) -> int:
        """Begin a turn of a pull request into a branch (`workers.pulls.branch`), and return its number."""
        name, hash_ = wanted.name, key("pull", wanted.name)
        before = self._redis.hget(hash_, "branch")
        with self._redis.pipeline(transaction=True) as pipe:
            if before and before != branch:
                pipe.zrem(key("branch", before), name)
            pipe.hset(hash_, mapping={"branch": branch, "wanted": coding.encode(wanted)})
            pipe.zadd(key("branch", branch), {name: wanted.at})
            for kept in (hash_, key("words", name), key("branch", branch)):
                pipe.expire(kept, KEPT)
            pipe.hincrby(hash_, "turn", 1)
            return int(pipe.execute()[-1])

    def tell(self, name: str, turn: int, commit: Commit | None, report: Report | None, **fields: Any) -> bool:
        """Record ``fields`` (of `PullRecord`) and what a commit is told; ``False`` when a newer turn has begun."""
        about = coding.commit_id(commit) if commit else ""
        if commit and report:
            fields |= {"told": about, "state": report.state.value}
        keys = [
            key("pull", name),
            key("commit", about),
            key("dirty"),
            key("alike", coding.alike(about) if about else ""),
        ]
        arguments = [turn, KEPT, about, f"{intake.PLAN}{name.rpartition('|')[2]}", coding.encode(report), RETENTION]
        for field, value in fields.items():
            arguments += [field, value if isinstance(value, str) else coding.encode(value)]
        return bool(self._tell(keys=keys, args=arguments))

    def later(self, name: str, due: float) -> None:
        """Leave one for later."""
        self._redis.zadd(key("pulls", "later"), {name: due})

    def failed(self, name: str) -> int:
        """Count a look that came to nothing, and return how many in a row there were."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hincrby(key("pull", name), "tries", 1)
            pipe.expire(key("pull", name), KEPT)
            return int(pipe.execute()[0])

    def done(self, name: str, text: str) -> bool:
        """Let go of a wish; ``False`` when there is a newer one."""
        self._redis.hdel(key("pull", name), "tries")
        return bool(self._done(keys=[key("pulls"), key("pulls", "later")], args=[name, text]))

    def anew(self, name: str, now: float) -> bool:
        """Wish for a new plan of one whose commits may be the same; ``False`` where nothing is on record of it."""
        wanted = self._redis.hget(key("pull", name), "wanted")
        if wanted is None:
            return False
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(key("pull", name), "made")
            pipe.hset(key("pulls"), name, coding.encode(replace(_wanted(wanted), at=now)))  # nobody has done that one
            pipe.zadd(key("pulls", "later"), {name: now})
            pipe.execute()
        return True

    def forget(self, name: str) -> None:
        """Forget a pull request that is no longer open; a wish stays until it is :meth:`done`."""
        branch = self._redis.hget(key("pull", name), "branch")
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key("pull", name), key("words", name))
            if branch:
                pipe.zrem(key("branch", branch), name)
            pipe.execute()

    def move(self, branch: str, revision: str, at: float) -> None:
        """Note that a branch has a newer commit, as the edge does for a push."""
        self._redis.hset(key("moved"), branch, f"{revision} {at}")

    def outdate(self, now: float) -> None:
        """Wish for new plans of the pull requests into branches that moved, the liveliest first.

        One that is wished for already stays as it is. Doing this twice changes nothing but time.
        """
        for branch, text in self._redis.hgetall(key("moved")).items():
            revision = text.partition(" ")[0]
            for place, name in enumerate(self._redis.zrevrange(key("branch", branch), 0, -1)):
                self._again(branch, name, revision, now + SETTLE + place * SPACING)
            self._done(keys=[key("moved"), key("pulls", "later")], args=[branch, text])

    def _again(self, branch: str, name: str, revision: str, due: float) -> None:
        wanted = self._redis.hget(key("pull", name), "wanted")
        if wanted is None:
            self._redis.zrem(key("branch", branch), name)
            return
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key("pull", name), "moved", revision)
            pipe.zadd(key("pulls", "later"), {name: due}, nx=True)
            pipe.hsetnx(key("pulls"), name, wanted)
            pipe.execute()


def _wanted(text: str) -> Wanted:
    value = orjson.loads(text)
    return Wanted(**value | {"urls": tuple(value["urls"])})


def _record(fields: Mapping[str, str]) -> PullRecord:
    made = orjson.loads(fields["made"]) if fields.get("made") else None
    return PullRecord(
        made=Made(**made | {"bodies": tuple(made["bodies"]), "state": State(made["state"])}) if made else None,
        told=Commit(*fields["told"].split("|", 3)) if fields.get("told") else None,
        state=State(fields["state"]) if fields.get("state") else None,
        ids=tuple(orjson.loads(fields.get("ids", "[]"))),
        written=fields.get("written", ""),
        tried=bool(fields.get("tried")),
        moved=fields.get("moved", ""),
        branch=fields.get("branch", ""),
        skips=int(fields.get("skips", 0)),
        tries=int(fields.get("tries", 0)),
    )
