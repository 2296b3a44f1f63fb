"""A worker that is killed at its n-th write: after the API server did it, before anybody heard of it.

A program of its own, so that the kill is a real one. It is told the settings in the first line of its standard input
and a turn in each further one, and forks a child for every turn: what Python takes to start is spent once. Answers each
turn with the child's exit status in a line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any

import redis

from tests.workers.conftest import Counter
from workers import context, sync
from workers.kube import calls, connection
from workers.records import Records
from workers.settings import Settings


def main() -> None:
    """Let one child after another die, until there is nothing more to read."""
    settings = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what it logs is no answer
            work(settings, **json.loads(line))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def work(settings: dict[str, Any], redis_socket: str, position: int, number: int, now: float) -> None:
    """Sync ``myapp`` until request ``number`` is done, or die at write ``position``."""
    lock, writes = threading.Lock(), 0
    real = connection.Connection.send

    def send(self: connection.Connection, call: calls.Call) -> calls.Answer:
        nonlocal writes
        answer = real(self, call)
        if call.method not in calls.READS and "dryRun" not in call.target:
            with lock:
                writes += 1
                if writes == position:
                    os.kill(os.getpid(), signal.SIGKILL)
        return answer

    connection.Connection.send = send  # type: ignore[method-assign]
    records = Records(redis.Redis(unix_socket_path=redis_socket, decode_responses=True), lambda: now)
    made = context.create(Settings.model_validate(settings), records, Counter(records))
    while records.progress.app("myapp").done < number:
        sync.look(made, "myapp")
        threading.Event().wait(0.03)


if __name__ == "__main__":
    main()
