"""``kill -9`` at any line loses nothing: everything still ends applied, with one terminal status."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deploy.local.control_plane import ControlPlane
from deploy.local.stack import REPOSITORY
from tests.e2e.conftest import ENDS, Site, Start, open_site
from tests.fakes.tollgate import Match, Tollgate
from tests.workers.test_sync import DEPLOYMENT
from workers import embedded

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {key: 'VALUE'}\n"


def config(name: str, value: str) -> str:
    """A ConfigMap."""
    return CONFIG.replace("NAME", name).replace("VALUE", value)


def is_apply(method: str, path: str) -> bool:
    """A real server-side apply."""
    return method == "PATCH" and "dryRun" not in path


STAGES: dict[str, tuple[str, Match, bool]] = {
    "fetch": ("git", lambda _, path: "git-upload-pack" in path, False),
    "render": ("api", lambda _, path: path.startswith("/apis?") or path == "/apis", False),
    "diff, reading the inventory": ("api", lambda method, path: method == "GET" and "hookline-myapp" in path, False),
    "diff, listing": ("api", lambda _, path: "labelSelector" in path, False),
    "diff, dry-run": ("api", lambda method, path: method == "PATCH" and "dryRun" in path, False),
    "inventory, before it is saved": ("api", lambda method, _: method in ("POST", "PUT"), False),
    "inventory, after it was saved": ("api", lambda method, _: method in ("POST", "PUT"), True),
    "apply, before the first write": ("api", is_apply, False),
    "apply, after the first write": ("api", is_apply, True),
    "prune, before the delete": ("api", lambda method, _: method == "DELETE", False),
    "prune, after the delete": ("api", lambda method, _: method == "DELETE", True),
    "report, before the write": ("git", lambda method, path: method == "POST" and "/statuses/" in path, False),
    "report, after the write": ("git", lambda method, path: method == "POST" and "/statuses/" in path, True),
}
"""Where the worker is killed: the gate, the request it is caught at, and whether the other side has done it already."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, cluster: ControlPlane) -> Iterator[Site]:
    """One worker and no watch, for all stages: each begins with what the one before it left."""
    with ExitStack() as exits:
        yield open_site(tmp_path_factory.mktemp("crashes"), cluster, exits)


@pytest.fixture
def site(running: Site) -> Site:
    """An app with three objects that are in place, and a worker."""
    if "worker-1" not in running.stack.children:
        running.stack.start("worker-1")
    files: dict[str, str | None] = {
        "one.yaml": config("one", "0"),
        "two.yaml": config("two", "0"),
        "web.yaml": DEPLOYMENT,
    }
    if (running.checkout.folder / "myapp" / "three.yaml").exists():
        files["three.yaml"] = None
    status = running.ended(running.push(files))
    assert status.state == "success", status.description
    return running


def killed_and_replaced(site: Site, gate: Tollgate, match: Match, after: bool, push: dict[str, str | None]) -> str:
    """Push, kill the worker at the request, start another one; return the commit."""
    with gate.holding(match, after=after) as hold:
        commit = site.push(push)
        assert hold.reached.wait(90), "the worker never came to this request"
        site.stack.kill("worker-1")
    site.stack.start("worker-1")
    return commit


@pytest.mark.parametrize("stage", STAGES)
def test_a_worker_killed_in_any_stage(site: Site, stage: str) -> None:
    """The next one ends the sync: applied, pruned, owned, green; nothing is orphaned and nothing stays pending."""
    if stage == "render":
        site.stack.kill("worker-1")  # discovery is asked once in a worker's life, so this one must be new
        site.stack.start("worker-1")
    gate, match, after = STAGES[stage]
    push: dict[str, str | None] = {"one.yaml": config("one", "1"), "two.yaml": None, "three.yaml": config("three", "1")}
    commit = killed_and_replaced(site, getattr(site, gate), match, after, push)
    status = site.ended(commit)
    assert status.state == "success", status.description
    assert site.kubectl("get", "configmap", "one", "three", "-o", "jsonpath={.items[*].data.key}") == "1 1"
    assert "configmap/two" not in site.kubectl("get", "configmap", "-o", "name")
    inventory = json.loads(site.kubectl("get", "configmap", "hookline-myapp", "-o", "jsonpath={.data.inventory}"))
    assert sorted(row[3] for row in inventory) == ["one", "three", "web"]
    assert_all_ended(site)


def test_a_worker_killed_while_an_app_waits_for_health(site: Site) -> None:
    """The wait is on record: another worker finds it."""
    files: dict[str, str | None] = {"web.yaml": DEPLOYMENT.replace("replicas: 1", "replicas: 2\n  paused: true")}
    commit = site.push(files)
    deadline = time.monotonic() + 90
    records = site.stack.records()
    while records.progress.flight("myapp") is None:
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)
    site.stack.kill("worker-1")
    site.kubectl("patch", "deployment", "web", "--type=json", "-p", '[{"op":"remove","path":"/spec/paused"}]')
    site.stack.start("worker-1")
    status = site.ended(commit)
    assert status.state == "success", status.description


def test_the_web_process_killed_after_its_202(start: Start) -> None:
    """Without any worker at that time: what was answered 202 is done later."""
    site = start(workers=0)
    commit = site.push({"one.yaml": config("one", "1")})
    [delivery] = site.forge.settle()
    assert delivery.code == 202
    site.stack.kill("web")
    site.stack.start("worker-1")
    assert site.ended(commit).state == "success"
    assert site.kubectl("get", "configmap", "one", "-o", "jsonpath={.data.key}") == "1"


def test_the_web_process_killed_between_record_and_message(start: Start) -> None:
    """The queue is emptied behind Hookline's back, as if the message had never been sent: the tick finds the record."""
    site = start(workers=0)
    commit = site.push({"one.yaml": config("one", "1")})
    site.forge.settle()
    site.stack.kill("web")
    redis = site.stack.records().redis
    redis.delete("merge", "report", "emergency")
    site.stack.start("worker-1")
    assert site.ended(commit).state == "success"


def test_redis_killed_and_started_again_keeps_what_was_accepted(start: Start) -> None:
    """Its append-only file has it."""
    site = start(workers=0, beat=False)
    commit = site.push({"one.yaml": config("one", "1")})
    [delivery] = site.forge.settle()
    assert delivery.code == 202
    data = site.stack.folder / "data"
    pid = int((data / "redis" / "redis.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    embedded.ensure(data)
    site.stack.start("worker-1")
    site.stack.start("beat")
    assert site.ended(commit).state == "success"


def assert_all_ended(site: Site) -> None:
    """No commit's newest status is pending, in any context."""
    latest = {(status.sha, status.context): status.state for status in site.forge.statuses(repository=REPOSITORY)}
    commits = {sha for sha, _ in latest}
    for sha in commits:
        for context in ("hookline", "hookline/myapp"):
            site.forge.wait_for_status(sha, context, ENDS, 30)
    latest = {(status.sha, status.context): status.state for status in site.forge.statuses(repository=REPOSITORY)}
    assert set(latest.values()) <= set(ENDS), latest
