"""Pull requests (merge requests, at GitLab): opened, read and merged for real in the bare repository."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from deploy.local.forge.repository import GitFailed, Repository


class Conflict(Exception):
    """The pull request cannot be merged as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull request between two branches of one repository; shas are commit ids.

    ``base_sha`` is the base branch before the merge. ``merge_sha`` is ``""`` until merged.
    """

    number: int
    repository: str
    title: str
    body: str
    head: str
    base: str
    head_sha: str
    base_sha: str
    author: str
    merge_sha: str = ""
    merged_at: float = 0.0

    @property
    def is_merged(self) -> bool:
        """Whether it was merged; one that was not is open, for none is ever closed otherwise."""
        return bool(self.merge_sha)


class Pulls:
    """The pull requests of all repositories, numbered per repository from 1. Safe for threads."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, int], Pull] = {}
        self._guard = threading.RLock()

    def open(self, repository: Repository, head: str, base: str, title: str, body: str, author: str) -> Pull:
        """Open one; raises :class:`Conflict` when a branch is missing or there is nothing to merge."""
        with self._guard:
            head_sha, base_sha = (repository.commit(f"refs/heads/{branch}") for branch in (head, base))
            for branch, sha in ((head, head_sha), (base, base_sha)):
                if not sha:
                    raise Conflict(f"there is no branch {branch}")
            if repository.is_ancestor(head_sha, base_sha):
                raise Conflict(f"No commits between {base} and {head}")
            number = 1 + sum(1 for name, _ in self._all if name == repository.full_name)
            pull = Pull(number, repository.full_name, title, body, head, base, head_sha, base_sha, author)
            self._all[repository.full_name, number] = pull
            return pull

    def get(self, repository: Repository, number: int) -> Pull | None:
        """Return one as it is now: an open one follows its branches."""
        with self._guard:
            pull = self._all.get((repository.full_name, number))
            if pull is None or pull.is_merged:
                return pull
            return replace(
                pull,
                head_sha=repository.commit(f"refs/heads/{pull.head}") or pull.head_sha,
                base_sha=repository.commit(f"refs/heads/{pull.base}") or pull.base_sha,
            )

    def merge(self, repository: Repository, pull: Pull, message: str, at: float, *, squash: bool) -> Pull:
        """Merge one and return it merged; ``at`` is the time of the merge. Raises :class:`Conflict`."""
        with self._guard:
            if pull.is_merged:
                raise Conflict("it is merged already")
            author = (pull.author, f"{pull.author}@localhost")
            try:
                sha = repository.merge(pull.base, pull.head_sha, message, author, squash=squash)
            except GitFailed as error:
                raise Conflict(str(error)) from None
            merged = replace(pull, merge_sha=sha, merged_at=at)
            self._all[repository.full_name, pull.number] = merged
            return merged
