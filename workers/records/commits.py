"""What each app says of each commit, and what the forge was last told.

What is said is kept by commit as a delivery named it (hook, repository, revision, ref); what the forge has, by place:
where the forge keeps one status of a name. Several commits may share one, a branch's and a tag's of one revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from workers.model import Commit, Report, State, Status
from workers.records import coding, intake, quotas, status_scripts
from workers.records import commit as known
from workers.records.commit import CommitRecord, Shown
from workers.records.intake import RETENTION
from workers.records.keys import Client, key
from workers.records.quotas import Note

MOST_AT_ONCE: Final = 200
POSTED: Final = 2_000
"""Milliseconds after which a message that nobody took counts as lost."""
_OPEN: Final = coding.encode({"state": State.PENDING})[:-1]
"""How a report begins that is not final: the state is a report's first field."""


class Commits:
    """Reads commits and keeps count of what was written."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._clean = client.register_script(status_scripts.CLEAN)
        self._wrote = client.register_script(status_scripts.WROTE)
        self._begin = client.register_script(status_scripts.BEGIN)
        self._worth = client.register_script(status_scripts.WORTH)

    def dirty(self, now: float) -> list[str]:
        """Return the commits whose statuses may have to be written now, new ones first; not more than can be done soon.

        A forge that comes back after hours has thousands that wait for it, and each is asked for every few seconds.
        """
        return list(self._redis.zrangebyscore(key("dirty"), 0, now, 0, MOST_AT_ONCE))

    def is_dirty(self, commits: Iterable[str], now: float) -> bool:
        """Whether the statuses of any of these commits may have to be written now."""
        due = self._redis.zmscore(key("dirty"), list(commits))
        return any(at is not None and at <= now for at in due)

    def post(self, commit: str) -> bool:
        """Whether a message has to be sent that asks for a look at a commit: one that nobody took yet will do.

        A thousand apps that end with one commit are a few looks at it, each of which reads what all of them said.
        """
        return bool(self._redis.set(key("posted", commit), "1", nx=True, px=POSTED))

    def worth(self, commits: Sequence[str], most: int) -> list[str]:
        """Return those of the commits of which a status may have to be written at once, after something was said.

        Where more than ``most`` apps share the one status, it stays as it is until the last of them ended.
        """
        keys = [key("commit", commit) for commit in commits]
        found = self._worth(keys=keys, args=[most, _OPEN]) if keys else []
        return [commit for commit, is_worth in zip(commits, found, strict=True) if is_worth]

    def postpone(self, commits: Iterable[str], until: float, *, keep: bool = True) -> None:
        """Leave commits dirty but alone until then, unless something new is said of them.

        With ``keep`` their records are kept for as long as it takes, else for as long as they would be anyway.
        """
        with self._redis.pipeline(transaction=False) as pipe:
            for commit in commits:
                pipe.zadd(key("dirty"), {commit: until}, xx=True)
                if keep:
                    pipe.expire(key("commit", commit), RETENTION)
            pipe.execute()

    def read(self, commit: str) -> CommitRecord:
        """Return what is known of a commit, by its record name."""
        return self.look("", [commit])[0][0]

    def look(self, place: str, commits: Sequence[str]) -> tuple[list[CommitRecord], Shown]:
        """Return what is known of commits that share a place, and what the forge has there."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(key("shown", place))
            for commit in commits:
                pipe.hgetall(key("commit", commit))
            shown, *found = pipe.execute()
        return [known.record(name, one) for name, one in zip(commits, found, strict=True)], known.shown_of(shown)

    def begin(self, commit: str, account: str, now: float) -> list[tuple[CommitRecord, bool]]:
        """Return all commits that are one revision of a repository and of which something was said, this one first.

        With each goes whether its statuses may have to be written now. ``account`` is where this one's statuses go:
        kept, should its hook leave the configuration before the last is written ("" for not known). What is said from
        here on needs another message (:meth:`post`).
        """
        keys = [key("dirty"), key("alike", coding.alike(commit)), key("posted", commit)]
        found = self._begin(keys=keys, args=[commit, key("commit", ""), account, RETENTION])
        told = [(known.record(name, known.fields(flat)), bool(due) and float(due) <= now) for name, due, flat in found]
        return sorted(told, key=lambda pair: (pair[0].name != commit, pair[0].name))

    @staticmethod
    def trying(place: str, status: Status) -> Note:
        """Return what says that a status is about to be written: whoever finds it does not know whether it was."""
        return Note(key("shown", place), f"trying:{status.context}", coding.encode(status), RETENTION)

    def refused(self, place: str, status: Status) -> None:
        """Say that the forge surely does not have the status that was tried."""
        self._redis.hdel(key("shown", place), f"trying:{status.context}")

    def failed(self, place: str, *, is_busy: bool) -> int:
        """Count one failure at a place, of the forge or of it being busy with the commit; return how many of its kind
        there were since the last write that went well."""
        return int(self._redis.hincrby(key("shown", place), "busy" if is_busy else "tries", 1))

    def full(self, place: str, context: str) -> None:
        """Remember that a context takes no more statuses."""
        self._redis.hset(key("shown", place), f"full:{context}", "1")

    def wrote(
        self, place: str, status: Status, records: Sequence[CommitRecord], well: Sequence[str] = ()
    ) -> tuple[list[CommitRecord], Shown]:
        """Remember that the forge has this status now, which follows from ``records``; return what :meth:`look` does.

        What was said since they were read makes the commit dirty again, whoever called it clean meanwhile: so a writer
        that was slow cannot leave an old status standing. ``well`` are scopes of `Quotas` that worked.
        """
        arguments = [status.context, coding.encode(status), RETENTION, len(well)]
        keys = [key("shown", place), key("dirty"), *quotas.breakers(well)]
        for record in records:
            keys.append(key("commit", record.name))
            arguments += [record.name, record.version]
        shown, *found = (known.fields(flat) for flat in self._wrote(keys=keys, args=arguments))
        return [known.record(old.name, one) for old, one in zip(records, found, strict=True)], known.shown_of(shown)

    def clean(self, records: Sequence[CommitRecord]) -> bool:
        """Say that the forge has all of ``records``; ``False`` when more was said of one meanwhile."""
        keys, arguments = [key("dirty")], []
        for record in records:
            keys.append(key("commit", record.name))
            arguments += [record.name, record.version]
        return bool(self._clean(keys=keys, args=arguments))


def say(pipe: Any, app: str, reports: Mapping[Commit, Report]) -> None:
    """Add to a transaction what an app, or a plan (a name that begins with ``plan:``), says of commits."""
    for commit, report in reports.items():
        name = coding.commit_id(commit)
        pipe.hset(key("commit", name), intake.field(app), coding.encode(report))
        pipe.hincrby(key("commit", name), "version", 1)
        pipe.expire(key("commit", name), RETENTION)
        pipe.sadd(key("alike", coding.alike(name)), name)
        pipe.expire(key("alike", coding.alike(name)), RETENTION)
        pipe.zadd(key("dirty"), {name: 0})
