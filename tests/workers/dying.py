"""A worker that is killed at its n-th write: after the API server did it, before anybody heard of it.

A program of its own, told by standard input, so that the kill is a real one. Prints how many writes it made when it
came to the end alive.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

import redis

from tests.workers.conftest import Counter
from workers import context, sync
from workers.kube import calls, connection
from workers.records import Records
from workers.settings import Settings


def main() -> None:
    """Sync ``myapp`` until its newest request is done, or die."""
    said = json.load(sys.stdin)
    lock, writes = threading.Lock(), 0
    real = connection.Connection.send

    def send(self: connection.Connection, call: calls.Call) -> calls.Answer:
        nonlocal writes
        answer = real(self, call)
        if call.method not in calls.READS and "dryRun" not in call.target:
            with lock:
                writes += 1
                if writes == said["position"]:
                    os.kill(os.getpid(), signal.SIGKILL)
        return answer

    connection.Connection.send = send  # type: ignore[method-assign]
    records = Records(redis.Redis(unix_socket_path=said["redis"], decode_responses=True), lambda: said["now"])
    made = context.create(Settings.model_validate(said["settings"]), records, Counter(records))
    while records.progress.app("myapp").done < said["number"]:
        sync.look(made, "myapp")
        threading.Event().wait(0.03)
    print(writes)


if __name__ == "__main__":
    main()
