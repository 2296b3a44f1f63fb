"""Every status ever written, in order, and waiting for one."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass


class Closed(Exception):
    """The forge stopped while somebody waited."""


@dataclass(frozen=True, slots=True)
class Written:
    """One accepted write: the forge's own word for the state, ``at`` in seconds since the epoch.

    ``number`` counts all writes of this forge from 1.
    """

    number: int
    repository: str
    sha: str
    context: str
    state: str
    description: str
    target_url: str
    creator: str
    at: float


class Ledger:
    """Statuses in the order they came. Safe for threads; nothing is ever removed or changed."""

    def __init__(self) -> None:
        self._all: list[Written] = []
        self._changed = threading.Condition()
        self._closed = False

    def add(
        self, *, repository: str, sha: str, context: str, state: str, description: str, target_url: str, creator: str
    ) -> Written:
        """Keep one write and wake who waits for it."""
        with self._changed:
            written = Written(
                len(self._all) + 1, repository, sha, context, state, description, target_url, creator, time.time()
            )
            self._all.append(written)
            self._changed.notify_all()
            return written

    def all(self, *, repository: str = "", sha: str = "", context: str = "") -> list[Written]:
        """Return the statuses of a repository, commit and context, oldest first; ``""`` means any."""
        with self._changed:
            return [
                one
                for one in self._all
                if (not repository or one.repository == repository)
                and (not sha or one.sha == sha)
                and (not context or one.context.casefold() == context.casefold())
            ]

    def wait(
        self, *, sha: str, context: str, states: Collection[str], timeout: float, after: int = 0, repository: str = ""
    ) -> Written | None:
        """Return the first status with a number above ``after`` in one of ``states``, waiting for it if need be.

        ``None`` when ``timeout`` seconds pass without; raises :class:`Closed` when the forge stops meanwhile.
        """

        def found() -> Written | None:
            mine = self.all(repository=repository, sha=sha, context=context)
            return next((one for one in mine if one.number > after and one.state in states), None)

        deadline = time.monotonic() + timeout
        with self._changed:
            while (status := found()) is None:
                if self._closed:
                    raise Closed
                if not self._changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    return found()
            return status

    def close(self) -> None:
        """Let go of everybody who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
