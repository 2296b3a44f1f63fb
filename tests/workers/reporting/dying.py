"""A reporter that is killed after its n-th step, a call to the forge or to the records, for every n.

What is done before a step, and not yet after the one before it, no other process can see: so these are all positions.

A program of its own, told by standard input. It forks a child for each position, so that the kill is a real one and
what Python takes to start is spent once. The child publishes a commit's begin, says its end and publishes that. Prints
how many positions there were: the first child that came to the end alive had one more than there are.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx2
import redis
from redis.client import Pipeline

from tests.workers.conftest import Counter
from workers import context, reporting
from workers.context import Context
from workers.model import Commit, Report, State
from workers.records import Records, commits
from workers.records.coding import commit_id
from workers.settings import Settings

STEPS = ((redis.Redis, "execute_command"), (Pipeline, "execute"), (httpx2.Client, "send"))
"""Where a process does something that outlives it."""


def main() -> None:
    """Kill one child at each position, each with a commit of its own."""
    said = json.load(sys.stdin)
    client = redis.Redis(unix_socket_path=said["redis"], decode_responses=True)  # connects in each child
    records = Records(client, lambda: said["now"])
    made = context.create(Settings.model_validate(said["settings"]), records, Counter(records))
    for position, revision in enumerate(said["revisions"], 1):
        child = os.fork()
        if not child:
            _child(
                made, Commit("main", said["repository"], revision, "refs/heads/main"), Report(**said["end"]), position
            )
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            print(position - 1)
            return
    raise SystemExit("more positions than commits")


def _child(made: Context, commit: Commit, end: Report, position: int) -> None:
    counted = Counted(position)
    for where, name in STEPS:
        setattr(where, name, counted.around(getattr(where, name)))
    for report in (Report(State.PENDING, "accepted"), end):
        with made.records.redis.pipeline() as pipe:
            commits.say(pipe, "myapp", {commit: report})
            pipe.execute()
        reporting.publish(made, commit_id(commit))
    os._exit(0)


class Counted:
    """Counts the steps of the main thread; the thread that renews the lease takes steps of its own."""

    def __init__(self, position: int) -> None:
        self._left = position

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            answer = real(*arguments, **named)
            self._one()
            return answer

        return step

    def _one(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
