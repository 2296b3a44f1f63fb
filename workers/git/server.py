"""The Git server of one repository, as a mirror talks to it: what it has is listed and brought here, nothing else.

It is called ``origin`` for the time of a call only: a mirror's configuration holds no address, so that git by itself
can ask nobody for what a partial clone left out.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import git

from workers.errors import HooklineError, OperatorError, SourceMissing
from workers.git import damage, following, lacking, transport
from workers.git.access import Find
from workers.git.refs import Refs, advertised

Answer = TypeVar("Answer")
FETCH_SECONDS: Final = 120
QUIETLY: Final = (
    "--no-tags",
    "--force",
    "--no-recurse-submodules",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--quiet",
)
NOTHING: Final = "blob:none"
"""The filter of a first fetch: no file of all the history; those of a folder come when it is read, all at once."""
BARELY: Final = ("-c", "fetch.negotiationAlgorithm=noop")
"""Says nothing of the commits that are here: a server takes it that their files are, too."""
MOST_AT_ONCE: Final = 20_000
"""Objects asked for with one command."""


def called(clone: str) -> tuple[str, str]:
    """Return the options that give a server its name for the time of a call. Pure."""
    return "-c", f"remote.origin.url={clone}"


class Server:
    """Where ``url`` is fetched from: ``clone``, with the credential that ``find`` finds anew for each call."""

    def __init__(self, url: str, clone: str, find: Find) -> None:
        self._url, self._clone, self._find = url, clone, find

    def fetch(
        self, repo: git.Repo, lock: int, what: tuple[str, ...], *options: str, settings: tuple[str, ...] = ()
    ) -> str:
        """Bring refs (``+there:here``) or objects (by id) into ``repo``. git and its children inherit ``lock``.

        Returns what git said. Raises as `transport.reaching` does.
        """
        command = ["git", *called(self._clone), *settings, "fetch", *QUIETLY, *options]
        command += ["--end-of-options", "origin", *what]

        def call(handed: dict[str, str]) -> str:
            _, _, said = repo.git.execute(
                command, with_extended_output=True, kill_after_timeout=FETCH_SECONDS, env=handed, pass_fds=(lock,)
            )
            return str(said)

        said = asked(self._url, self._clone, self._find, call)
        if damage.is_sign(said):  # git went around it, and would at every call
            raise transport.judged(self._url, said)
        return said

    def update(self, repo: git.Repo, lock: int, what: tuple[str, ...]) -> None:
        """Bring refs, and forget those that are gone. Raises as `transport.reaching` does."""
        before = following.tips(Path(repo.git_dir))
        self.fetch(repo, lock, what, "--prune")
        with contextlib.suppress(HooklineError):  # they are asked for again where they are read
            self.objects(repo, lock, following.replaced(Path(repo.git_dir), before) if before else ())

    def clone(self, repo: git.Repo, lock: int, what: tuple[str, ...]) -> None:
        """Bring refs without any file, where the server can leave those out. Raises as `transport.reaching` does."""
        if lacking.declined(self.fetch(repo, lock, what, "--prune", f"--filter={NOTHING}")):
            lacking.take_for_whole(Path(repo.git_dir))

    def objects(self, repo: git.Repo, lock: int, ids: Sequence[str]) -> None:
        """Bring objects by their ids, with one call for some thousands. Raises as `transport.reaching` does."""
        for some in chunks(ids):
            self.fetch(repo, lock, some, settings=BARELY)

    def refs(self, folder: Path, *patterns: str) -> Refs:
        """Return the refs that the server has of these names, or all of them. Raises as `transport.reaching` does.

        ``folder`` is any that is there: no repository is needed to ask.
        """
        asking = git.Git(folder)
        asking.update_environment(**transport.environment(), GIT_DIR=os.devnull)
        arguments = ("--symref", "--end-of-options", self._clone, *patterns)

        def call(handed: dict[str, str]) -> str:
            return str(asking.ls_remote(*arguments, kill_after_timeout=FETCH_SECONDS, env=handed))

        return advertised(asked(self._url, self._clone, self._find, call))

    def head(self, folder: Path) -> str:
        """Return the full ref of the default branch. Raises :class:`SourceMissing` when there is none."""
        if not (found := self.refs(folder, "HEAD").head):
            raise SourceMissing(f"{self._url} has no default branch: name a branch in targetRevision")
        return found


def asked(url: str, clone: str, find: Find, call: Callable[[dict[str, str]], Answer]) -> Answer:
    """Return what ``call`` returns, which gets what git's environment needs besides; raises as `transport.reaching`.

    A credential that was refused is looked for anew: where it is another one by now, ``call`` is made once more.
    """
    access = find(False)
    try:
        with transport.reaching(url, clone, access) as handed:
            return call(handed)
    except (OperatorError, SourceMissing):  # of what nobody may see, some say that it is not there
        other = find(True)
        if other is None or (access is not None and other.version == access.version):
            raise
    with transport.reaching(url, clone, other) as handed:
        return call(handed)


def chunks(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield as many ids as a command may have arguments. Pure."""
    for first in range(0, len(ids), MOST_AT_ONCE):
        yield tuple(ids[first : first + MOST_AT_ONCE])
