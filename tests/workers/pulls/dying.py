"""A worker that is killed after its n-th step, a call to the forge or to the records, while it plans; for every n.

A program of its own, told by standard input, as `tests.workers.reporting.dying` is: it forks a child for each position,
with a pull request of its own. Prints how many positions there were.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import redis

from tests.workers.conftest import Counter
from tests.workers.reporting.dying import STEPS, Counted
from workers import context, pulling, reporting
from workers.context import Context
from workers.plans import PullPlan
from workers.pull import Pull, Wanted
from workers.records import Records, coding
from workers.records.keys import key
from workers.settings import Settings

BASE = "b" * 40


@dataclass
class Site:
    """A worker and what it sends."""

    context: Context
    counter: Counter

    def wish(self, repository: str, number: int, url: str) -> str:
        """Record a wish as the edge does; return the pull request's record name."""
        wanted = Wanted("main", repository, "", number, (url,), self.context.records.clock())
        self.context.records.redis.hset(key("pulls"), wanted.name, coding.encode(wanted))
        return wanted.name

    def work(self, name: str) -> None:
        """Look at one, and write what that says of commits."""
        pulling.look(self.context, name, planned)
        while self.counter.published:
            reporting.publish(self.context, self.counter.published.pop(0))


def planned(_: Context, pull: Pull, urls: Sequence[str]) -> PullPlan:
    """A plan that touches no app."""
    return PullPlan(pull.head, BASE)


def site(settings: Settings, records: Records) -> Site:
    """Make a worker."""
    counter = Counter(records)
    return Site(context.create(settings, records, counter), counter)


def main() -> None:
    """Kill one child at each position."""
    said = json.load(sys.stdin)
    client = redis.Redis(unix_socket_path=said["redis"], decode_responses=True)  # connects in each child
    made = site(Settings.model_validate(said["settings"]), Records(client, lambda: said["now"]))
    for number in range(1, said["most"] + 1):
        said["now"] += 100.0  # each has a budget of its own
        child = os.fork()
        if not child:
            name = made.wish(said["repository"], number, said["url"])
            client.delete(*[key("lease", "plans:0"), key("lease", f"pull:{name}")])
            counted = Counted(number)
            for where, step in STEPS:
                setattr(where, step, counted.around(getattr(where, step)))
            made.work(name)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            print(number - 1)
            return
    raise SystemExit("more positions than pull requests")


if __name__ == "__main__":
    main()
