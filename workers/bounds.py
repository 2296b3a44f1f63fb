"""What making something of a stranger's files may cost: time, text and documents, for the thread that makes it.

A sync renders what was merged and has the limits of its child processes. A plan of a pull request has these besides,
for whoever opens one decides what is in it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from workers.errors import TooMuch

SECONDS: Final = 60.0
MOST_BYTES: Final = 12 * 1024 * 1024
MOST_DOCUMENTS: Final = 5_000
MOST_FILE: Final = 16 * 1024 * 1024
"""What one file may have, of whatever sort."""


class Bounds:
    """What is left. ``until`` is by the monotonic clock; ``size`` and ``documents`` are of all that is read."""

    def __init__(self, until: float, size: float = float("inf"), documents: float = float("inf")) -> None:
        self.until, self.size, self.documents = until, size, documents
        self._sizes = (size, documents)

    @property
    def seconds(self) -> float:
        """The time left, 0 for none."""
        return max(0.0, self.until - time.monotonic())

    def check(self) -> None:
        """Raise :class:`TooMuch` when the time is up."""
        if time.monotonic() >= self.until:
            raise TooMuch("its time was up before it was planned to the end: make the change, or the app, smaller")

    def file(self, name: str, size: int) -> None:
        """Note that a file is read into memory. Raises :class:`TooMuch`."""
        self.check()
        if size > MOST_FILE and self.size != float("inf"):
            raise TooMuch(f"{name} has more than {MOST_FILE >> 20} MiB, too much for a plan")

    def text(self, size: int) -> None:
        """Note that so many bytes of manifests are read. Raises :class:`TooMuch`."""
        self.check()
        self.size -= size
        if self.size < 0:
            raise TooMuch(f"its manifests have more than {self._sizes[0] / 2**20:.0f} MiB, too much for a plan")

    def document(self) -> None:
        """Note that a document is read. Raises :class:`TooMuch`."""
        self.check()
        self.documents -= 1
        if self.documents < 0:
            raise TooMuch(f"it has more than {self._sizes[1]} documents, too many for a plan")


def for_app(seconds: float = SECONDS) -> Bounds:
    """Return what planning one app may cost: ``seconds`` from now, and no more than :data:`SECONDS`."""
    return Bounds(time.monotonic() + min(seconds, SECONDS), MOST_BYTES, MOST_DOCUMENTS)


_FREE: Final = Bounds(float("inf"))
_current: ContextVar[Bounds] = ContextVar("bounds", default=_FREE)


def current() -> Bounds:
    """Return what this thread has left; without :func:`within` it is as much as it likes."""
    return _current.get()


@contextlib.contextmanager
def within(bounds: Bounds) -> Iterator[None]:
    """Let the block cost no more than ``bounds``. Threads that it starts have to be handed them."""
    token = _current.set(bounds)
    try:
        yield
    finally:
        _current.reset(token)
