"""``kill -9`` at every write of a sync of 30 objects with waves, hooks and prune; the next one ends it right."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.conftest import Bench
from tests.workers.manifests import config, job
from workers import embedded
from workers.records.keys import key
from workers.stages import hooks

OBJECTS = 30
MOST_WRITES = 100


def wanted(turn: int) -> dict[str, str | None]:
    """The files of one commit: every object has another value each time, and two have another name."""
    files: dict[str, str | None] = {
        f"o{number}.yaml": config(f"o{number}", str(turn), wave=str(number % 3 - 1)) for number in range(OBJECTS - 2)
    }
    for number in range(2):
        files[f"t{number}.yaml"] = config(f"t{number}-{turn % 2}", str(turn), wave=str(number))
    files["pre.yaml"] = job("pre", hook="PreSync", note=str(turn))
    files["post.yaml"] = config("post", str(turn), hook="PostSync", policy="HookSucceeded")
    return files


@pytest.fixture
def dying(bench: Bench) -> Iterator[subprocess.Popen[str]]:
    """The program whose children die: see there."""
    command = [sys.executable, "-m", "tests.workers.dying"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        tell(started, bench.context.settings.model_dump(mode="json"))
        yield started
        assert started.stdin is not None
        started.stdin.close()
        assert started.wait(60) == 0


@pytest.mark.timeout(900)
def test_a_worker_killed_at_every_write(
    bench: Bench, dying: subprocess.Popen[str], redis_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is orphaned, doubled or wrongly deleted; hooks run at most once more than asked. All positions."""
    commit = bench.push(wanted(0))
    bench.ask(commit)
    bench.look()
    bench.settle(commit)
    positions = 0
    for position in range(1, MOST_WRITES):
        before = bench.writes()
        number = bench.ask(bench.push(wanted(position)))
        killed = died(bench, dying, redis_data, position, number)
        bench.context.records.redis.delete(key("lease", "app:myapp"))  # it runs out: nobody renews it
        bench.look_until_done(number)
        check(bench, position, bench.writes()[len(before) :])
        if not killed:
            break
        positions += 1
    with capsys.disabled():
        print(f"\nkilled at each of {positions} writes")
    assert OBJECTS + 6 <= positions < MOST_WRITES - 1


def test_what_a_killed_worker_changed_is_still_told(
    bench: Bench, dying: subprocess.Popen[str], redis_data: Path
) -> None:
    """The trail has all that was changed from Git, whoever wrote it: the next worker finds it written already."""
    names = [f"o{number}" for number in range(4)]
    commit = bench.push({f"{name}.yaml": config(name, "before") for name in names})
    bench.ask(commit)
    bench.look()
    bench.settle(commit)
    number = bench.ask(bench.push({f"{name}.yaml": config(name, "after") for name in names}))
    assert died(bench, dying, redis_data, 3, number)
    bench.context.records.redis.delete(key("lease", "app:myapp"))
    bench.look_until_done(number)
    newest = bench.context.records.progress.syncs("myapp", 1)[0]
    assert {(change.ref.name, change.action.value) for change in newest.changes} == {
        (name, "configured") for name in names
    }


def died(bench: Bench, dying: subprocess.Popen[str], redis_data: Path, position: int, number: int) -> bool:
    """Let a worker of its own sync, killed at its n-th write; return whether it was."""
    socket = str(embedded.socket_of(redis_data))
    tell(dying, {"redis_socket": socket, "position": position, "number": number, "now": bench.clock()})
    assert dying.stdout is not None
    status = int(dying.stdout.readline())
    assert status in (0, -signal.SIGKILL)
    return status != 0


def tell(program: subprocess.Popen[str], said: object) -> None:
    """Write a line to a program."""
    assert program.stdin is not None
    program.stdin.write(json.dumps(said) + "\n")
    program.stdin.flush()


def check(bench: Bench, turn: int, writes: list[str]) -> None:
    """The cluster, the inventory and the hooks are as after an undisturbed sync."""
    record = bench.context.records.progress.app("myapp")
    assert record.outcome == "succeeded", record.text
    labelled = bench.get("configmaps,jobs", "-l", "applyset.kubernetes.io/part-of", "-o", "json")
    found = {item["metadata"]["name"]: item for item in json.loads(labelled)["items"]}
    objects = {f"o{number}" for number in range(OBJECTS - 2)} | {f"t{number}-{turn % 2}" for number in range(2)}
    assert set(found) == objects | {"pre"}
    assert {found[name]["data"]["key"] for name in objects} == {str(turn)}
    assert hooks.FINALIZER not in found["pre"]["metadata"].get("finalizers", [])
    inventory = json.loads(bench.get("configmap", "hookline-myapp", "-o", "jsonpath={.data.inventory}"))
    assert {row[3] for row in inventory} == objects | {"pre", "post"}
    for hook in ("jobs/pre", "configmaps/post"):
        assert 1 <= writes.count(f"create {hook}") <= 2, writes
    deleted = {write.rpartition("/")[2] for write in writes if write.startswith("delete")}
    assert deleted == {"pre", "post"} | {f"t{number}-{(turn + 1) % 2}" for number in range(2)}
