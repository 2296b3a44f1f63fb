"""`kill -9` of the worker at every step: after the restart the forge shows each deployment once, and none left open."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from deploy.local.stack import REPOSITORY
from tests.workers.deploying.conftest import Desk
from tests.workers.deploying.dying import story
from workers import embedded

POSITIONS = 110
"""More than there are; the program says so when there are not."""


def test_a_worker_that_is_killed_anywhere_leaves_one_deployment_of_each_commit(desk: Desk, redis_data: Path) -> None:
    """At each call to forge and records: the next worker finds what was made, tells the rest, and ends it."""
    said = {
        "revisions": desk.revisions[:2],
        "redis": str(embedded.socket_of(redis_data)),
        "now": desk.clock(),
        "settings": json.loads(desk.context.settings.model_dump_json()),
        "positions": POSITIONS,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.workers.deploying.dying"],
        input=json.dumps(said).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    positions = int(done.stdout.split()[-1])
    assert positions >= 30
    for lease in desk.records.redis.keys("hookline:lease:*"):
        desk.records.redis.delete(lease)  # they run out by themselves, in real time
    said_so_far = {}
    for position in range(1, positions + 1):
        version = desk.records.redis.hget(f"hookline:environment:main|{REPOSITORY}|qa/{position}", "version")
        said_so_far[position] = int(version or 3)  # forgotten once all is told
    desk.settle()
    for position, chapters in said_so_far.items():
        desk.records.redis.delete("hookline:budget:it")  # no chapter waits for its turn
        story(desk.context, desk.revisions, position, begin=chapters)
        desk.settle()
        last = "inactive" if desk.kind == "github" else "success"
        begun = ["in progress"] * (desk.kind == "gitlab")
        shown = [(0, ["in progress", "inactive"]), (1, [*begun, "success", *[last] * (last == "inactive")])]
        assert desk.shown(f"qa/{position}") == shown, position
    places = desk.forge.state.deployments.environments
    made = positions + 1 if desk.kind == "gitlab" else 0  # one was not killed
    assert [place.state for place in places] == ["stopped"] * made
    assert desk.records.redis.keys("hookline:environment:*") == []
