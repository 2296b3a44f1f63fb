"""One thread that starts every child process.

The kernel's "my parent died" means the *thread* that forked (prctl(2), PR_SET_PDEATHSIG): a child started by a
short-lived thread would be ended in the middle of its work. This thread lives until the process ends.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import IO

Job = tuple[Future[subprocess.Popen[bytes]], Sequence[str], IO[bytes], Mapping[str, str] | None, Path | None]

_lock = threading.Lock()
_jobs: SimpleQueue[Job] = SimpleQueue()
_owner = 0


def spawn(
    argv: Sequence[str], output: IO[bytes], env: Mapping[str, str] | None, cwd: Path | None
) -> subprocess.Popen[bytes]:
    """Start ``argv`` in its own session, no input, standard output and error to ``output``; raises :class:`OSError`."""
    global _owner, _jobs  # one thread per process is the point
    with _lock:
        if _owner != os.getpid():  # the first call, or we are a fork: threads do not survive a fork
            _jobs, _owner = SimpleQueue(), os.getpid()
            threading.Thread(target=_serve, args=(_jobs,), name="spawner", daemon=True).start()
        future: Future[subprocess.Popen[bytes]] = Future()
        _jobs.put((future, argv, output, env, cwd))
    return future.result()


def _serve(jobs: SimpleQueue[Job]) -> None:
    while True:
        future, argv, output, env, cwd = jobs.get()
        try:
            future.set_result(
                subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=env,
                    cwd=cwd,
                    start_new_session=True,
                )
            )
        except OSError as error:
            future.set_exception(error)
