"""Brings files into a mirror that was cloned without them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import git

from workers.git import transport
from workers.git.lacking import Lacking
from workers.git.place import Place
from workers.git.server import Server


class Bringing:
    """Brings objects by their ids into the mirror at a place; nothing where there is none. Raises as a fetch does.

    It knows no mirror: what a mirror's repository holds on to must not hold on to the mirror, or git's processes would
    outlive both until Python looks for such circles.
    """

    def __init__(self, place: Place, server: Server) -> None:
        self._place, self._server = place, server

    def __call__(self, ids: Sequence[str]) -> None:
        """Bring those that are not here."""
        with self._place.locked() as lock:
            if not self._place.is_made():
                return
            with contextlib.closing(git.Repo(self._place.path)) as repo:
                repo.git.update_environment(**transport.environment())
                # others may have brought them meanwhile
                missing = Lacking(self._place.path, self, self._place.path).missing(ids)
                self._server.objects(repo, lock, missing)
