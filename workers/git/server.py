"""The Git server of one repository, as a mirror talks to it: what it has is listed and brought here, nothing else.

It is called ``origin`` for the time of a call only: a mirror's configuration holds no address, so that git by itself
can ask nobody for what a partial clone left out.
"""

from __future__ import annotations

from typing import Final

import git

from workers.git import damage, transport
from workers.git.access import Access
from workers.git.refs import Refs, advertised

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
    """Where ``url`` is fetched from: ``clone``, with the credential that ``access`` reads anew for each call."""

    def __init__(self, url: str, clone: str, access: Access | None) -> None:
        self._url, self._clone, self._access = url, clone, access

    def fetch(self, repo: git.Repo, lock: int, what: tuple[str, ...], *options: str) -> None:
        """Bring refs (``+there:here``) or objects (by id) into ``repo``. git and its children inherit ``lock``.

        Raises as `transport.reaching` does.
        """
        command = ["git", "-c", f"remote.origin.url={self._clone}", "fetch", *QUIETLY, *options]
        with transport.reaching(self._url, self._clone, self._access) as handed:
            command += ["--end-of-options", "origin", *what]
            _, _, said = repo.git.execute(
                command, with_extended_output=True, kill_after_timeout=FETCH_SECONDS, env=handed, pass_fds=(lock,)
            )
        if damage.is_sign(str(said)):  # git went around it, and would at every call
            raise transport.judged(self._url, str(said))

    def refs(self, repo: git.Repo, *patterns: str) -> Refs:
        """Return the refs that the server has of these names, or all of them. Raises as `transport.reaching` does."""
        with transport.reaching(self._url, self._clone, self._access) as handed:
            arguments = ("--symref", "--end-of-options", self._clone, *patterns)
            return advertised(str(repo.git.ls_remote(*arguments, kill_after_timeout=FETCH_SECONDS, env=handed)))
