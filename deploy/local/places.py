"""Places nobody else uses: a data folder, a port."""

from __future__ import annotations

import contextlib
import fcntl
import socket
from collections.abc import Iterator
from pathlib import Path

from deploy.local.components import LOOPBACK
from workers.errors import OperatorError


@contextlib.contextmanager
def only_user_of(data: Path) -> Iterator[None]:
    """Keep a second control plane out of a data folder; the kernel lets go when this process ends."""
    with (data / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperatorError(
                f"{data} is used by a control plane that runs: stop it or take another folder"
            ) from None
        yield


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
