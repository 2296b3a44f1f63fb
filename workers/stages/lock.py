"""Stage ``lock``: one writer per app, by a lease that is renewed while the holder lives and ends when it dies."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator

import structlog

from workers.errors import LeaseLost
from workers.records.leases import Leases

log = structlog.get_logger()


class Held:
    """A lease we hold. Ask :meth:`check` before every write: it costs nothing while the lease is safe."""

    def __init__(self, name: str, token: str, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.token = token
        self._seconds = seconds
        self._clock = clock
        self._until = clock() + seconds

    def extended(self, asked_at: float) -> None:
        """The lease was renewed; its time counts from when we asked, not from when the answer came."""
        self._until = asked_at + self._seconds

    def lost(self) -> None:
        """The lease is no longer ours."""
        self._until = float("-inf")

    def is_safe(self) -> bool:
        """Whether the lease is surely ours now."""
        return self._clock() < self._until

    def check(self) -> None:
        """Raise :class:`LeaseLost` unless the lease is surely ours now."""
        if not self.is_safe():
            raise LeaseLost(f"the lease of {self.name} ran out before it could be renewed: another worker may have it")


@contextlib.contextmanager
def hold(leases: Leases, name: str, seconds: float) -> Iterator[Held | None]:
    """Hold the lease ``name`` inside the block, or yield ``None`` at once when somebody else has it.

    A thread renews it every third of ``seconds``. It is released at the end, if it is still ours.
    """
    held = Held(name, uuid.uuid4().hex, seconds)  # its time counts from before Redis starts to count
    if not leases.take(name, held.token, seconds):
        yield None
        return
    done = threading.Event()
    renewer = threading.Thread(target=_renew, args=(leases, held, seconds, done), daemon=True, name=f"lease {name}")
    renewer.start()
    try:
        yield held
    finally:
        done.set()
        renewer.join()
        leases.release(name, held.token)


@contextlib.contextmanager
def hold_one(leases: Leases, names: Iterable[str], seconds: float) -> Iterator[Held | None]:
    """Hold the first of several leases that nobody has, as :func:`hold`; ``None`` when all are taken."""
    with contextlib.ExitStack() as stack:
        yield next(filter(None, (stack.enter_context(hold(leases, name, seconds)) for name in names)), None)


def _renew(leases: Leases, held: Held, seconds: float, done: threading.Event) -> None:
    while not done.wait(seconds / 3):
        asked_at = time.monotonic()
        try:
            if leases.renew(held.name, held.token, seconds):
                held.extended(asked_at)
                continue
        except Exception as error:
            log.warning("lease not renewed", lease=held.name, error=type(error).__name__)
            continue
        held.lost()
        return
