"""What each app says of each commit, and what the forge was last told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workers.model import Commit, Report, Status
from workers.records import coding, scripts
from workers.records.keys import Client, key


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """One commit: app to what it says, and status context to what the forge has
    (as encoded). ``version`` counts what was said."""

    commit: Commit
    apps: dict[str, Report]
    written: dict[str, str]
    version: str


class Commits:
    """Reads commits and keeps count of what was written."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._clean = client.register_script(scripts.CLEAN)

    def dirty(self, now: float) -> list[str]:
        """Return the commits whose statuses may have to be written now."""
        return list(self._redis.zrangebyscore(key("dirty"), 0, now))

    def is_dirty(self, commit: str, now: float) -> bool:
        """Whether this commit's statuses may have to be written now."""
        due = self._redis.zscore(key("dirty"), commit)
        return due is not None and due <= now

    def postpone(self, commit: str, until: float) -> None:
        """Leave a commit dirty but alone until then, unless something new is said of it."""
        self._redis.zadd(key("dirty"), {commit: until}, xx=True)

    def read(self, commit: str) -> CommitRecord:
        """Return what is known of a commit, by its record name."""
        fields: Mapping[str, str] = self._redis.hgetall(key("commit", commit))
        return CommitRecord(
            commit=Commit(*commit.split("|", 3)),
            apps={name[4:]: coding.report(text) for name, text in fields.items() if name.startswith("app:")},
            written={name[8:]: text for name, text in fields.items() if name.startswith("written:")},
            version=fields.get("version", ""),
        )

    def wrote(self, commit: str, status: Status) -> None:
        """Remember that the forge has this status now."""
        self._redis.hset(key("commit", commit), f"written:{status.context}", coding.encode(status))

    def clean(self, record: CommitRecord) -> bool:
        """Say that the forge has all of ``record``; ``False`` when more was said meanwhile."""
        name = coding.commit_id(record.commit)
        return bool(self._clean(keys=[key("commit", name), key("dirty")], args=[record.version, name]))
