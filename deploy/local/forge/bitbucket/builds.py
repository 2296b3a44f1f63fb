"""The build statuses a Bitbucket holds: one for each key of a commit, the newest write wins."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Build:
    """One status as it is now: ``fields`` is what ``creator`` last wrote, in Bitbucket's own words."""

    repository: str
    sha: str
    fields: Mapping[str, str]
    creator: str

    @property
    def key(self) -> str:
        """What names it among the commit's."""
        return self.fields["key"]


class Builds:
    """All of them. Safe for threads."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str, str], Build] = {}
        self._guard = threading.Lock()

    def put(self, build: Build) -> None:
        """Keep one in place of the one with its key; it moves to the end."""
        with self._guard:
            place = (build.repository, build.sha, build.key)
            self._all.pop(place, None)
            self._all[place] = build

    def of(self, sha: str, repository: str = "") -> list[Build]:
        """Return those of a commit, the last written first; ``""`` means of any repository."""
        with self._guard:
            found = [one for one in self._all.values() if one.sha == sha and repository in ("", one.repository)]
        return found[::-1]
