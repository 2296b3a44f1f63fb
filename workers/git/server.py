"""The Git server of one repository, as a mirror talks to it: what it has is listed and brought here, nothing else.

It is called ``origin`` for the time of a call only: a mirror's configuration holds no address, so that git by itself
can ask nobody for what a partial clone left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import git

from workers.errors import OperatorError, SourceMissing
from workers.git import damage, transport
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


class Server:
    """Where ``url`` is fetched from: ``clone``, with the credential that ``find`` finds anew for each call."""

    def __init__(self, url: str, clone: str, find: Find) -> None:
        self._url, self._clone, self._find = url, clone, find

    def fetch(self, repo: git.Repo, lock: int, what: tuple[str, ...], *options: str) -> None:
        """Bring refs (``+there:here``) or objects (by id) into ``repo``. git and its children inherit ``lock``.

        Raises as `transport.reaching` does.
        """
        command = ["git", "-c", f"remote.origin.url={self._clone}", "fetch", *QUIETLY, *options]
        command += ["--end-of-options", "origin", *what]

        def call(handed: dict[str, str]) -> str:
            _, _, said = repo.git.execute(
                command, with_extended_output=True, kill_after_timeout=FETCH_SECONDS, env=handed, pass_fds=(lock,)
            )
            return str(said)

        said = asked(self._url, self._clone, self._find, call)
        if damage.is_sign(said):  # git went around it, and would at every call
            raise transport.judged(self._url, said)

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
