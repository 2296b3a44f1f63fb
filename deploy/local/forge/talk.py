"""What people say of a pull request: comments, labels and who set them, reviews. In memory, alike for every forge."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Final

COMMENT_LIMIT: Final = 65_536
"""Characters (code points) of GitHub's longest comment; each forge names its own."""


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment below a pull request; ``version`` counts its edits, times are seconds since the epoch."""

    number: int
    repository: str
    pull: int
    author: str
    body: str
    created: float
    updated: float
    version: int = 0


@dataclass(frozen=True, slots=True)
class Labelling:
    """Somebody set a label, or took it off."""

    number: int
    label: str
    actor: str
    is_set: bool
    at: float


@dataclass(frozen=True, slots=True)
class Review:
    """Somebody's judgement of a commit; ``state`` is GitHub's word."""

    number: int
    author: str
    state: str
    commit: str
    at: float


class Talk:
    """All that was said, by full name of the repository and number of the pull request. Safe for threads."""

    def __init__(self) -> None:
        self._comments: dict[int, Comment] = {}
        self._labels: dict[tuple[str, int], list[Labelling]] = {}
        self._reviews: dict[tuple[str, int], list[Review]] = {}
        self._last = 0
        self._guard = threading.RLock()

    def comment(self, repository: str, pull: int, author: str, body: str) -> Comment:
        """Write a comment."""
        with self._guard:
            now = time.time()
            made = Comment(self._number(), repository, pull, author, body, now, now)
            self._comments[made.number] = made
            return made

    def edit(self, number: int, body: str) -> Comment:
        """Replace the text of a comment. Raises :class:`KeyError` for one that is not there."""
        with self._guard:
            one = self._comments[number]
            self._comments[number] = replace(one, body=body, updated=time.time(), version=one.version + 1)
            return self._comments[number]

    def delete(self, number: int) -> None:
        """Take a comment away. Raises :class:`KeyError` for one that is not there."""
        with self._guard:
            del self._comments[number]

    def one(self, number: int, repository: str) -> Comment | None:
        """Return a comment of a repository."""
        with self._guard:
            found = self._comments.get(number)
            return found if found and found.repository == repository else None

    def comments(self, repository: str, pull: int) -> list[Comment]:
        """Return the comments below a pull request, oldest first."""
        with self._guard:
            return [one for one in self._comments.values() if (one.repository, one.pull) == (repository, pull)]

    def label(self, repository: str, pull: int, label: str, actor: str, *, on: bool = True) -> Labelling | None:
        """Set a label or take it off; ``None`` when it was so already."""
        with self._guard:
            if (label in self.labels(repository, pull)) is on:
                return None
            made = Labelling(self._number(), label, actor, on, time.time())
            self._labels.setdefault((repository, pull), []).append(made)
            return made

    def labelled(self, repository: str, pull: int) -> list[Labelling]:
        """Return what happened to labels, oldest first."""
        with self._guard:
            return list(self._labels.get((repository, pull), ()))

    def labels(self, repository: str, pull: int) -> list[str]:
        """Return the labels that are set now, in the order in which they were."""
        found: dict[str, None] = {}
        for one in self.labelled(repository, pull):
            if one.is_set:
                found[one.label] = None
            else:
                found.pop(one.label, None)
        return list(found)

    def review(self, repository: str, pull: int, author: str, state: str, commit: str) -> Review:
        """Write a review."""
        with self._guard:
            made = Review(self._number(), author, state, commit, time.time())
            self._reviews.setdefault((repository, pull), []).append(made)
            return made

    def reviews(self, repository: str, pull: int) -> list[Review]:
        """Return the reviews, oldest first."""
        with self._guard:
            return list(self._reviews.get((repository, pull), ()))

    def _number(self) -> int:
        self._last += 1
        return self._last
