"""Pull requests (merge requests, at GitLab): opened, read and merged for real in the bare repository.

The head of each is kept below ``refs/pull``, ``refs/merge-requests`` and ``refs/pull-requests``, as GitHub and Gitea,
GitLab and Bitbucket Data Center do, so that a fork's commits can be fetched where they would be merged.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

from deploy.local.forge.repository import GitFailed, Repository
from deploy.local.forge.talk import Talk

HEADS = ("refs/pull/{}/head", "refs/merge-requests/{}/head", "refs/pull-requests/{}/from")
"""Where the forges keep the head of a pull request, by its number."""


class Conflict(Exception):
    """The pull request cannot be merged as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull request into a branch of a repository, from a branch of it or of ``fork``; shas are commit ids.

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
    fork: str = ""
    labels: tuple[str, ...] = ()
    closed_at: float = 0.0

    @property
    def is_merged(self) -> bool:
        """Whether it was merged."""
        return bool(self.merge_sha)

    @property
    def is_open(self) -> bool:
        """Whether it is neither merged nor closed."""
        return not self.merge_sha and not self.closed_at


class Pulls:
    """The pull requests of all repositories, numbered per repository from 1. Safe for threads."""

    def __init__(self, talk: Talk | None = None) -> None:
        self._talk = talk or Talk()
        self._all: dict[tuple[str, int], Pull] = {}
        self._sources: dict[tuple[str, int], Repository] = {}
        self._heads: dict[tuple[str, int], list[tuple[float, str]]] = {}
        self._guard = threading.RLock()

    def open(
        self,
        repository: Repository,
        head: str,
        base: str,
        title: str,
        body: str,
        author: str,
        fork: Repository | None = None,
    ) -> Pull:
        """Open one; raises :class:`Conflict` when a branch is missing or there is nothing to merge."""
        source = fork or repository
        with self._guard:
            head_sha, base_sha = source.commit(f"refs/heads/{head}"), repository.commit(f"refs/heads/{base}")
            for branch, sha in ((head, head_sha), (base, base_sha)):
                if not sha:
                    raise Conflict(f"there is no branch {branch}")
            number = 1 + sum(1 for name, _ in self._all if name == repository.full_name)
            repository.keep(source, head_sha, [ref.format(number) for ref in HEADS])
            if repository.is_ancestor(head_sha, base_sha):
                raise Conflict(f"No commits between {base} and {head}")
            pull = Pull(number, repository.full_name, title, body, head, base, head_sha, base_sha, author)
            self._all[repository.full_name, number] = replace(pull, fork=fork.full_name if fork else "")
            self._sources[repository.full_name, number] = source
            self._heads[repository.full_name, number] = [(time.time(), head_sha)]
            return self._all[repository.full_name, number]

    def get(self, repository: Repository, number: int) -> Pull | None:
        """Return one as it is now: an open one follows its branches."""
        with self._guard:
            pull = self._all.get((repository.full_name, number))
            if pull is None:
                return None
            pull = replace(pull, labels=tuple(self._talk.labels(repository.full_name, number)))
            if not pull.is_open:
                return pull
            source = self._sources[repository.full_name, number]
            return replace(
                pull,
                head_sha=source.commit(f"refs/heads/{pull.head}") or pull.head_sha,
                base_sha=repository.commit(f"refs/heads/{pull.base}") or pull.base_sha,
            )

    def from_branch(self, source: Repository, branch: str) -> list[Pull]:
        """Return the open ones that would merge a branch of a repository, as they are kept; of all repositories."""
        with self._guard:
            return [
                pull
                for place, pull in self._all.items()
                if pull.is_open and pull.head == branch and self._sources[place].full_name == source.full_name
            ]

    def follow(self, repository: Repository, number: int) -> Pull:
        """Move the head of an open one to where its branch is now."""
        with self._guard:
            pull = self.get(repository, number)
            if pull is None:
                raise KeyError(number)
            source = self._sources[repository.full_name, number]
            repository.keep(source, pull.head_sha, [ref.format(number) for ref in HEADS])
            self._all[repository.full_name, number] = pull
            self._heads[repository.full_name, number].append((time.time(), pull.head_sha))
            return pull

    def heads(self, repository: Repository, number: int) -> list[tuple[float, str]]:
        """Return the heads that one has had, oldest first, each with when it came (seconds since the epoch)."""
        with self._guard:
            return list(self._heads.get((repository.full_name, number), ()))

    def close(self, repository: Repository, number: int, at: float) -> Pull:
        """Close one without merging it (``at`` 0.0 opens it again) and return it as it is then."""
        with self._guard:
            pull = self.get(repository, number)
            if pull is None or pull.is_merged:
                raise Conflict("there is no such pull request, or it is merged")
            self._all[repository.full_name, number] = replace(pull, closed_at=at)
            return self._all[repository.full_name, number]

    def of(self, repository: Repository) -> list[Pull]:
        """Return all of a repository, the oldest first."""
        numbers = [number for name, number in list(self._all) if name == repository.full_name]
        return [pull for number in numbers if (pull := self.get(repository, number))]

    def merge(self, repository: Repository, pull: Pull, message: str, at: float, *, squash: bool) -> Pull:
        """Merge one and return it merged; ``at`` is the time of the merge. Raises :class:`Conflict`."""
        with self._guard:
            if not pull.is_open:
                raise Conflict("it is merged already" if pull.is_merged else "it is closed")
            author = (pull.author, f"{pull.author}@localhost")
            try:
                sha = repository.merge(pull.base, pull.head_sha, message, author, squash=squash)
            except GitFailed as error:
                raise Conflict(str(error)) from None
            merged = replace(pull, merge_sha=sha, merged_at=at)
            self._all[repository.full_name, pull.number] = merged
            return merged
