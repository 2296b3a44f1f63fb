"""`kill -9` of the reporter at every step: after the restart every status is the right one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.workers.reporting.conftest import FINAL, ONE_OF_A_NAME, REPOSITORY, Desk
from workers import embedded
from workers.model import State

SAMPLE = ("github", "gitlab", "gitea", "bitbucket")
"""A Bitbucket Data Center is written to in the steps of the Cloud."""
POSITIONS = 45
"""More than there are; the program says so when there are not."""


@pytest.mark.parametrize("standing", SAMPLE, indirect=True)
def test_a_reporter_that_is_killed_anywhere_leaves_nothing_pending(desk: Desk, redis_data: Path) -> None:
    """At each call to forge and records; no status stands there twice."""
    made = [desk.commit() for _ in range(POSITIONS)]
    said = {
        "revisions": [commit.revision for commit in made],
        "repository": REPOSITORY,
        "redis": str(embedded.socket_of(redis_data)),
        "now": desk.clock(),
        "settings": json.loads(desk.context.settings.model_dump_json()),
        "end": asdict(FINAL),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.workers.reporting.dying"],
        input=json.dumps(said).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    positions = int(done.stdout.split()[-1])
    assert positions >= 20
    for lease in desk.records.redis.keys("hookline:lease:*"):
        desk.records.redis.delete(lease)  # they run out by themselves, in real time
    word = desk.word(State.SUCCESS)
    for commit in made[:positions]:
        desk.say(commit, myapp=FINAL)
        desk.settle(commit)
        assert desk.shown(commit) == {"hookline": (word, f"myapp: {FINAL.text}"), "hookline/myapp": (word, FINAL.text)}
        states = [(one.context, one.state) for one in desk.forge.statuses(sha=commit.revision)]
        if desk.kind in ONE_OF_A_NAME:
            assert len(desk.kept(commit)) == 2
        else:
            assert len(states) == len(set(states)), states
        if desk.kind == "gitlab":
            assert len(desk.forge.jobs(REPOSITORY, commit.revision)) == 2
