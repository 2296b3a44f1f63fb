"""Keeps the last good commits in a mirror, by refs of our own that no fetch brings and no fetch takes away.

A force push leaves commits without a branch, and git throws those away after some time. What an app was synced to well
stays at hand here, so that it can go back to it. A commit is kept once, however many apps were synced to it.
"""

from __future__ import annotations

from typing import Final

import git
import structlog

from workers.git.mirror import Mirror

log = structlog.get_logger()

MOST: Final = 500
"""Commits kept in one mirror, the last committed ones."""
_FOLDER: Final = "refs/hookline"


def keep(mirror: Mirror, revision: str) -> None:
    """Keep a commit that an app was synced to well, and let the oldest go where there are too many.

    Does nothing on a machine whose mirror does not hold it. What git refuses is logged: the sync went well without it.
    """
    if (mirror.path / name_of(revision)).exists() or not mirror.place.is_made() or not mirror.has(revision):
        return
    try:
        mirror.repo.git.update_ref(name_of(revision), revision)
        for old in [one for one in kept(mirror) if one != revision][MOST - 1 :]:
            mirror.repo.git.update_ref("-d", name_of(old))
    except git.GitCommandError as error:
        log.warning("commit not kept", revision=revision, reason=str(error.stderr).strip()[-200:])


def kept(mirror: Mirror) -> list[str]:
    """Return the commits kept, the last committed first."""
    return str(mirror.repo.git.for_each_ref("--sort=-committerdate", "--format=%(objectname)", _FOLDER)).split()


def bring(mirror: Mirror, revision: str) -> None:
    """Ask the server for one commit, which may be part of no branch, and keep it. Raises as `Mirror.bring` does."""
    mirror.bring(revision, name_of(revision))


def name_of(revision: str) -> str:
    """Return the ref that keeps a commit. Pure."""
    return f"{_FOLDER}/{revision}"
