"""Brings what a partial clone left out: the files that are about to be read, as many as there are with one request.

A partial clone holds every commit and folder and only those files that somebody read. Git itself would ask for each of
the others as it trips over it; here it can ask nobody, for a mirror's configuration names no server. So whoever is
going to read files says which, and one that nobody said is brought when it is read. Field facts: partial-clone.txt of
Git's technical documentation, git-rev-list(1) (``--missing=print``).
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from workers.errors import GitUnreachable
from workers.git import transport

READING: Final = "reading"
"""The folder beside mirrors with an empty repository."""
MOST_KNOWN: Final = 4_096
SECONDS: Final = 60
_EMPTY: Final = {"config": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n", "HEAD": "ref: refs/heads/none\n"}


def is_partial(repository: Path) -> bool:
    """Whether files of the history were left out of a repository."""
    return any(True for _ in (repository / "objects/pack").glob("*.promisor"))


def declined(said: str) -> bool:
    """Whether a server told git that it leaves nothing out. Pure."""
    return "filtering not recognized" in said


def take_for_whole(repository: Path) -> None:
    """Note that a repository is no partial clone after all, its server having sent everything."""
    for file in (repository / "objects/pack").glob("*.promisor"):
        file.unlink(missing_ok=True)
    asked(repository, {}, "", "config", "--remove-section", "remote.origin")


def plain(repository: Path, mirrors: Path) -> dict[str, str]:
    """Return the environment in which git sees the objects of a repository and nothing of how that was cloned.

    ``mirrors`` is the folder where an empty repository may be.
    """
    empty = mirrors / READING
    if not (empty / "HEAD").exists():
        for folder in ("objects", "refs"):
            (empty / folder).mkdir(parents=True, exist_ok=True)
        for name, text in _EMPTY.items():
            fresh = empty / f"{name}.{uuid.uuid4().hex[:8]}"
            fresh.write_text(text)
            fresh.replace(empty / name)
    return {"GIT_DIR": str(empty.resolve()), "GIT_OBJECT_DIRECTORY": str((repository / "objects").resolve())}


class Lacking:
    """What is not in a repository that is a mirror, or borrows from one. ``bring`` brings objects by their ids."""

    def __init__(self, repository: Path, bring: Callable[[Sequence[str]], None], mirror: Path) -> None:
        self._repository, self._bring, self._mirror = repository, bring, mirror
        self._whole: set[str] = set()

    def folders(self, trees: Iterable[str]) -> None:
        """Bring every file in and below some folders, by the ids of their trees. Raises as a fetch does."""
        trees = [tree for tree in dict.fromkeys(trees) if tree not in self._whole]
        if not trees or not self._applies():
            return
        words = ("rev-list", "--objects", "--missing=print", "--no-object-names", "--stdin")
        said = asked(self._repository, {}, "".join(f"{tree}\n" for tree in trees), *words)
        if missing := [line[1:] for line in said.splitlines() if line.startswith("?")]:
            self._bring(missing)
        if len(self._whole) > MOST_KNOWN:
            self._whole.clear()
        self._whole.update(trees)

    def files(self, ids: Iterable[str]) -> None:
        """Bring these files, as far as they are not here. Raises as a fetch does."""
        wanted = list(dict.fromkeys(ids))
        if wanted and self._applies() and (missing := self.missing(wanted)):
            self._bring(missing)

    def one(self, name: str) -> bool:
        """Bring one object that could not be read; return whether it was not here, rather than broken."""
        if not self._applies() or not self.missing([name]):
            return False
        self._bring([name])
        return True

    def _applies(self) -> bool:
        return is_partial(self._mirror)

    def missing(self, ids: Sequence[str]) -> list[str]:
        """Return which of these are not here."""
        # Asked of a git that knows nothing of a partial clone, and so does not try to fetch what it has not got.
        plainly = plain(self._repository, self._mirror.parent)
        said = asked(self._repository, plainly, "".join(f"{one}\n" for one in ids), "cat-file", "--batch-check")
        return [line.split()[0] for line in said.splitlines() if line.endswith(" missing")]


def asked(folder: Path, environment: dict[str, str], given: str, *arguments: str) -> str:
    """Return what git says in a repository, whatever its exit code."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**os.environ, **transport.environment(), "GIT_DIR": ".", "LC_ALL": "C", **environment},
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GitUnreachable(f"git needed more than {SECONDS} s to say which files are missing here") from None
    # What git complains of here, it complains of again when the files are read: there it is judged.
    return done.stdout
