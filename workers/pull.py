"""A pull request (GitLab's merge request), as a worker plans it, and what is on record of one. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from workers.model import State


@dataclass(frozen=True, slots=True)
class Pull:
    """An open pull request as its forge tells it now.

    ``ref`` is the full ref it would be merged into, ``base`` that branch's commit as the forge knows it ("" where it
    does not say), ``head`` the commit that would be merged. ``source`` is the head's branch, "" where that is in a
    ``fork``. ``author`` and ``author_id`` are who opened it, by the forge's name and number.
    """

    hook: str
    repository: str
    repository_id: str
    number: int
    ref: str
    base: str
    head: str
    source: str = ""
    fork: bool = False
    labels: tuple[str, ...] = ()
    author: str = ""
    author_id: str = ""

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"pull request {self.number} of {self.repository}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pull request that a worker is to look at, as a delivery named it; ``urls`` are its repository's, canonical."""

    hook: str
    repository: str
    repository_id: str
    number: int
    urls: tuple[str, ...]
    at: float
    delivery: str = ""

    @property
    def name(self) -> str:
        """The name its records go by; it outlives a rename of the repository."""
        return f"{self.hook}|{self.repository_id or self.repository}|{self.number}"


@dataclass(frozen=True, slots=True)
class Word:
    """What a delivery says that a person did for one head of a pull request: put a label on it, or approve it.

    ``how`` is ``label`` or ``approval``. The forge is asked whether the person may.
    """

    how: str
    who: str
    person: str
    head: str
    at: float


@dataclass(frozen=True, slots=True)
class Made:
    """What a pull request's plan came to: on record before any of it is written to the forge.

    ``head`` and ``base`` are the commits it was made of, ``told`` is the branch's commit as the forge told it then.
    ``state`` and ``text`` are the status, ``bodies`` the parts of the comment.
    """

    head: str
    ref: str
    base: str
    told: str
    state: State
    text: str
    bodies: tuple[str, ...] = ()
    at: float = 0.0

    @property
    def digest(self) -> str:
        """A key of the comment's text."""
        return hashlib.sha256("\0".join(self.bodies).encode()).hexdigest()

    def is_of(self, pull: Pull, moved: str) -> bool:
        """Whether it is of the pull request as it is now. Pure; ``moved`` is a newer commit of its branch, if known.

        Forges tell a branch's commit late or never, so it is compared with what they told before.
        """
        return (self.head, self.ref, self.told) == (pull.head, pull.ref, pull.base) and moved in ("", self.base)
