"""What can go wrong with a status write, to be scripted by a test."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from deploy.local.forge.web import Response, json


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one status write. ``does_write``: whether the status is kept all the same."""

    code: int
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    does_write: bool = False
    hangs: bool = False

    def response(self) -> Response:
        """Return the answer, in the shape both forges use for errors."""
        return json(self.code, {"message": self.message}, self.headers) if self.code else Response(0)


DROP: Final = Fault(0)
"""The connection closes without an answer and nothing is written."""
LOST: Final = Fault(0, does_write=True)
"""The status is written, but the connection closes without an answer."""
LATE: Final = Fault(0, does_write=True, hangs=True)
"""The status is written, but the answer never comes: the caller's time-out ends the call."""


def secondary_limit(seconds: int) -> Fault:
    """GitHub's secondary rate limit: 403 and ``retry-after``."""
    return Fault(403, "You have exceeded a secondary rate limit.", {"retry-after": str(seconds)})


def quota_used_up(reset: float) -> Fault:
    """GitHub's primary rate limit: 403, nothing remaining until ``reset`` (seconds since the epoch)."""
    return Fault(
        403,
        "API rate limit exceeded for user ID 1.",
        {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(reset))},
    )


def too_many(seconds: int | None = None) -> Fault:
    """429, with ``retry-after`` when ``seconds`` is given."""
    return Fault(429, "Too Many Requests", {} if seconds is None else {"retry-after": str(seconds)})


def broken(code: int) -> Fault:
    """A server error such as 500 or 502."""
    return Fault(code, "Server Error")


def locked() -> Fault:
    """GitLab's 409 while another status of the same commit is written."""
    return Fault(409, "Commit status is being updated by another request")


def moved(location: str, code: int = 307) -> Fault:
    """A redirect, as for a renamed repository."""
    return Fault(code, "Moved Permanently", {"location": location})


class Script:
    """The faults still to happen, first in first out. Safe for threads."""

    def __init__(self) -> None:
        self._next: deque[Fault] = deque()
        self._guard = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Let the next status writes meet ``faults``, one each."""
        with self._guard:
            self._next.extend(faults)

    def take(self) -> Fault | None:
        """Return the fault for this write, ``None`` when it may succeed."""
        with self._guard:
            return self._next.popleft() if self._next else None
