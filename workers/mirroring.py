"""The group of settings that says how copies of Git repositories are kept on a machine."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from workers import repositories
from workers.groups import Group, Seconds

MIB = 1024 * 1024


def _prefix(url: str) -> str:
    repositories.canonical(f"{url.rstrip('/')}/x")
    return url


class Mirrors(Group):
    """How copies of Git repositories are kept on each machine (`docs/git.md`)."""

    disk_budget: int | None = Field(default=None, ge=MIB)
    """Bytes that the mirrors of one machine may take; what was not used for longest goes first, and is cloned again
    when it is wanted. Without it, mirrors stay."""
    upkeep_every: Seconds = 60.0
    """Seconds between two times that a worker without other work looks whether mirrors have to be packed or removed."""
    partial: bool = False
    """Whether a mirror is cloned without files, where the server can leave them out: those of a folder are fetched when
    an app reads it, all at once. Meant for repositories whose history is large."""
    largest_file: int = Field(default=64 * MIB, ge=1024)
    """Bytes that a file may have which an app reads. Files that none reads may have any size."""
    submodules: tuple[Annotated[str, AfterValidator(_prefix)], ...] = ()
    """Which submodules are read: starts of their repositories' URLs, in whole segments, such as
    https://git.example.com/team. Without any, an app that reads a folder with a submodule fails."""
    grace: float = Field(default=7 * 24 * 3600.0, ge=3600)
    """Seconds for which a mirror keeps commits that no branch and no tag leads to any more."""
