"""The objects of a repository as its readers see them: what one may take, and what is brought when it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import git
from git.db import GitCmdObjectDB

from workers.git.lacking import Lacking

LARGEST: Final = 256 * 1024 * 1024
_BROKEN: Final = (ValueError, OSError, git.GitCommandError)


@dataclass(frozen=True, slots=True)
class Rules:
    """How a repository is mirrored: ``partial``, without files that nobody reads, where its server can do that; how
    many bytes a file may have that is read.
    """

    partial: bool = False
    largest: int = LARGEST
    put_into: Callable[..., Any] = lambda _mirror, tree, _made=None: tree
    """Puts what belongs into a tree of a mirror, or of a quarantine: its submodules."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Whose files they are, and how many bytes one may have."""

    url: str = ""
    largest: int = LARGEST


class Objects(GitCmdObjectDB):
    """Reads objects; one that was left out is brought. Raises as a fetch does, ``ValueError`` for what is not there."""

    lacking: Lacking | None = None
    limits: Limits = Limits()

    def info(self, binsha: bytes) -> Any:
        """Return type and size of an object."""
        return self.read(binsha, super().info)

    def stream(self, binsha: bytes) -> Any:
        """Return an object's content."""
        return self.read(binsha, super().stream)

    def read(self, binsha: bytes, how: Callable[[bytes], Any]) -> Any:
        """Read an object, for a second time where it had to be brought first."""
        try:
            return how(binsha)
        except _BROKEN:
            if self.lacking is None or not self.lacking.one(binsha.hex()):
                raise
            self._git.clear_cache()  # the reader that stumbled is dead
            return how(binsha)


def opened(folder: Path, limits: Limits, lacking: Lacking | None, kind: type[Objects] = Objects) -> git.Repo:
    """Open a repository whose objects are read so."""
    repo = git.Repo(folder, odbt=kind)
    if isinstance(repo.odb, Objects):
        repo.odb.limits, repo.odb.lacking = limits, lacking
    return repo


def of(item: git.Object) -> Objects | None:
    """Return the objects that a file or a folder is read from, ``None`` for a repository that is nobody's mirror."""
    found = item.repo.odb
    return found if isinstance(found, Objects) else None


def complete(folders: Iterable[git.Tree]) -> None:
    """Bring all files in and below some folders of one repository, with one request at most."""
    chosen = list(folders)
    if chosen and (found := of(chosen[0])) and found.lacking:
        found.lacking.folders(str(one.hexsha) for one in chosen)


def together(blobs: Iterable[git.Blob]) -> None:
    """Bring some files of one repository, with one request at most."""
    chosen = list(blobs)
    if chosen and (found := of(chosen[0])) and found.lacking:
        found.lacking.files(str(one.hexsha) for one in chosen)
