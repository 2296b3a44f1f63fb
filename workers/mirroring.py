"""The group of settings that says how copies of Git repositories are kept on a machine."""

from __future__ import annotations

from pydantic import Field

from workers.groups import Group, Seconds

MIB = 1024 * 1024


class Mirrors(Group):
    """How copies of Git repositories are kept on each machine (`docs/git.md`)."""

    disk_budget: int | None = Field(default=None, ge=MIB)
    """Bytes that the mirrors of one machine may take; what was not used for longest goes first, and is cloned again
    when it is wanted. Without it, mirrors stay."""
    upkeep_every: Seconds = 60.0
    """Seconds between two times that a worker without other work looks whether mirrors have to be packed or removed."""
    grace: float = Field(default=7 * 24 * 3600.0, ge=3600)
    """Seconds for which a mirror keeps commits that no branch and no tag leads to any more."""
