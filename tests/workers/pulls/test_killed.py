"""`kill -9` of a worker at every step of a plan: its successor leaves one comment, and a status that has an end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from deploy.local.forge import Forge
from deploy.local.stack import APPLICATION, PUBLIC_URL, REPOSITORY
from tests.fixtures import Clock
from tests.workers.pulls.dying import site
from workers import embedded
from workers.records import Records
from workers.settings import Settings

MOST = 60
"""More positions than there are; the program says so when there are not."""


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_planner_that_is_killed_anywhere_is_followed_by_one_that_ends_it(
    kind: str, tmp_path: Path, redis_data: Path, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each call to forge and records; no comment stands there twice."""
    with Forge(tmp_path / "forge", kind=kind) as forge:
        monkeypatch.setenv("TOKEN", forge.token)
        repository = forge.create(REPOSITORY)
        one = "commit refs/heads/{}\ncommitter Ada <a> {} +0000\ndata 0\n{}\n\n"
        history = one.format("main", 1, "")
        history += "".join(one.format(f"c{n}", n + 1, "from refs/heads/main") for n in range(1, MOST + 1))
        subprocess.run(["git", "fast-import", "--quiet"], cwd=repository.path, input=history.encode(), check=True)
        heads = [forge.open_pull(REPOSITORY, f"c{number}").head_sha for number in range(1, MOST + 1)]
        (tmp_path / "catalog").mkdir()
        (tmp_path / "catalog" / "app.yaml").write_text(APPLICATION)
        settings = Settings.model_validate(
            {
                "data": tmp_path / "data",
                "catalog": {"folders": [tmp_path / "catalog"]},
                "hooks": {"main": {"forge": kind, "secrets": ["env:TOKEN"]}},
                "forges": {"it": {"kind": kind, "api": forge.api, "token": "env:TOKEN"}},
            }
        )
        clock = Clock()
        said = {
            "most": MOST,
            "repository": REPOSITORY,
            "url": PUBLIC_URL.removeprefix("https://").removesuffix(".git"),
            "redis": str(embedded.socket_of(redis_data)),
            "now": clock(),
            "settings": json.loads(settings.model_dump_json()),
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.workers.pulls.dying"],
            input=json.dumps(said).encode(),
            stdout=subprocess.PIPE,
            check=True,
            timeout=150,
        )
        positions = int(done.stdout.split()[-1])
        assert positions >= 25
        for lease in redis_client.keys("hookline:lease:*"):
            redis_client.delete(lease)  # they run out by themselves, in real time
        follow(settings, Records(redis_client, clock), clock, positions)
        for number, head in enumerate(heads[:positions], 1):
            [comment] = forge.state.talk.comments(REPOSITORY, number)
            assert "No app is touched" in comment.body
            states = [written.state for written in forge.statuses(sha=head)]
            assert (states[-1], len(states) == len(set(states))) == ("success", True), (number, states)


def follow(settings: Settings, records: Records, clock: Clock, positions: int) -> None:
    """Do what the tick and another worker do."""
    worker = site(settings, records)
    clock.forward(100.0 * (MOST + 2))
    for _ in range(positions + 1):
        for name in records.pulls.due(clock()):
            worker.work(name)
        for commit in records.commits.dirty(clock()):
            worker.counter.published.append(commit)
        worker.work("nothing")
        clock.forward(100.0)
    assert (records.pulls.due(clock() + 1e6), records.commits.dirty(clock())) == ([], [])
    worker.context.http.close()
