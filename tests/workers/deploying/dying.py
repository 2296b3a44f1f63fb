"""A worker that is killed after its n-th step, a call to the forge or to the records, for every n.

A program of its own, told by standard input. It forks a child for each position, each with an environment of its own:
the child lets one commit begin, a newer one succeed, and the app leave, and tells the forge after each. Prints how many
positions there were: the first child that came to the end alive had one more than there are.
"""

from __future__ import annotations

import json
import os
import sys

import redis

from tests.workers.conftest import Counter
from tests.workers.reporting.dying import STEPS, Counted
from workers import context, deploying
from workers.environments import Place, Progress, Word
from workers.records import Records, environments
from workers.settings import Settings


def main() -> None:
    """Kill one child at each position."""
    said = json.load(sys.stdin)
    client = redis.Redis(unix_socket_path=said["redis"], decode_responses=True)  # connects in each child
    records = Records(client, lambda: said["now"])
    made = context.create(Settings.model_validate(said["settings"]), records, Counter(records))
    for position in range(1, said["positions"]):
        child = os.fork()
        if not child:
            _child(made, said["revisions"], position)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            print(position - 1)
            return
    raise SystemExit("more positions than there should be")


def _child(made: context.Context, revisions: list[str], position: int) -> None:
    made.records.redis.delete("hookline:budget:it")  # the clock stands still
    counted = Counted(position)
    for where, name in STEPS:
        setattr(where, name, counted.around(getattr(where, name)))
    story(made, revisions, position)
    os._exit(0)


def story(made: context.Context, revisions: list[str], position: int, begin: int = 0) -> None:
    """Let an app of an environment be deployed twice and leave, from a chapter on; the forge is told after each."""
    place, app = Place("main", "your-org/your-repo", f"qa/{position}"), f"app-{position}"
    words = (
        Word(revisions[0], "refs/heads/main", Progress.RUNNING, "", 1, 1.0),
        Word(revisions[1], "refs/heads/main", Progress.SUCCESS, "synced", 2, 2.0),
        None,
    )
    for word in words[begin:]:
        with made.records.redis.pipeline() as pipe:
            if word:
                environments.say(pipe, place.name, app, word)
            else:
                environments.leave(pipe, place.name, app)
            pipe.execute()
        deploying.publish(made, place.name)


if __name__ == "__main__":
    main()
