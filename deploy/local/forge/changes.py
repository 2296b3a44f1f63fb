"""What a push changed: refs before and after, and the facts a payload tells of each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.forge.repository import ZERO, Commit, Repository


@dataclass(frozen=True, slots=True)
class Place:
    """A repository as payloads name it; ``url`` is the clone URL, ``web`` the address of its page."""

    number: int
    full_name: str
    url: str
    web: str
    default_branch: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One ref that moved. ``before`` and ``after`` are :data:`ZERO` for a new and a deleted ref.

    ``head`` is the commit that ``after`` stands for (the tagged one for an annotated tag), ``None`` when
    deleted. ``count`` counts all commits, ``commits`` holds the newest of them, oldest first.
    """

    ref: str
    before: str
    after: str
    forced: bool = False
    head: Commit | None = None
    commits: tuple[Commit, ...] = ()

    @property
    def is_tag(self) -> bool:
        """Whether the ref is a tag."""
        return self.ref.startswith("refs/tags/")


def moves(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return ``(ref, before, after)`` of each ref that differs, by name. Pure."""
    return [
        (ref, before.get(ref, ZERO), after.get(ref, ZERO))
        for ref in sorted({*before, *after})
        if before.get(ref) != after.get(ref)
    ]


def describe(repository: Repository, ref: str, before: str, after: str, limit: int) -> Moved:
    """Return the facts of one ref that moved, with at most ``limit`` commits."""
    if after == ZERO:
        return Moved(ref, before, after)
    head = repository.read(repository.commit(after))
    if ref.startswith("refs/tags/"):
        return Moved(ref, before, after, forced=before != ZERO, head=head)
    commits = tuple(repository.between(ref, before, after, limit))
    forced = before != ZERO and not repository.is_ancestor(before, after)
    return Moved(ref, before, after, forced=forced, head=head, commits=commits)


def fork(home: Place, full_name: str) -> Place:
    """Return a fork at the same forge as its payloads name it, ``home`` for none. Pure."""
    if not full_name:
        return home
    swap = (home.full_name, full_name)
    return Place(identity(full_name), full_name, home.url.replace(*swap), home.web.replace(*swap), home.default_branch)


def identity(full_name: str) -> int:
    """Return the number that a repository of a name is made with. Pure."""
    return int.from_bytes(hashlib.sha256(full_name.encode()).digest()[:6], "big") % 10**9


def place(repository: Repository, web: str) -> Place:
    """Return a repository as its payloads name it; ``web`` is the forge's own address."""
    url = repository.public_url or f"{web}/{repository.full_name}.git"
    return Place(repository.number, repository.full_name, url, url.removesuffix(".git"), repository.default_branch)
