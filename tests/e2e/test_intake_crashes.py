"""1,000 deliveries while the web process and Redis are killed: what got a 2xx is on record and is synced, once."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from deploy.local.control_plane import ControlPlane
from deploy.local.forge import Forge
from deploy.local.stack import PUBLIC_URL, REPOSITORY, Stack
from tests.e2e.conftest import QUICK, application
from tests.receiver.serving import signed_push
from workers import embedded
from workers.model import Outcome

DELIVERIES = 1000
BRANCHES = 40
KILLS = 4
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: value\n"


@pytest.fixture
def stack(tmp_path: Path, cluster: ControlPlane) -> Iterator[tuple[Stack, dict[str, str], str]]:
    """Hookline with two workers, an app for every branch, and the commit of every branch."""
    namespace = f"e2e-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", namespace)
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY, public_url=PUBLIC_URL)
        checkout = forge.checkout(REPOSITORY, tmp_path / "checkout")
        checkout.commit({"README": "one repository, many branches"}, "begin")
        checkout.push()
        commits = {}
        for number in range(BRANCHES):
            checkout.switch(f"b{number}", "main")
            commits[f"b{number}"] = checkout.commit({"myapp/a.yaml": CONFIG_MAP.format(name=f"app-{number}")}, "add")
        checkout.push(*commits)
        made = Stack(tmp_path / "hookline", cluster.kubeconfig, forge, workers=2, settings=QUICK)
        text = application(namespace)
        for number in range(BRANCHES):
            named = text.replace("name: myapp\n", f"name: app-{number}\n", 1)
            branch = named.replace("targetRevision: main", f"targetRevision: b{number}")
            (made.catalog / f"app-{number}.yaml").write_text(branch)
        with made:
            yield made, commits, forge.secret
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def kill_redis(data: Path) -> None:
    """Kill the embedded server at whatever it is doing, and start it on its append-only file again."""
    os.kill(int((data / "redis" / "redis.pid").read_text()), signal.SIGKILL)
    embedded.ensure(data)


@pytest.mark.timeout(400)
def test_no_accepted_delivery_is_lost_and_none_is_done_twice(stack: tuple[Stack, dict[str, str], str]) -> None:
    """Each is sent until it gets a 2xx, as "Redeliver" would; every commit is told of by many deliveries."""
    site, commits, secret = stack
    branches = list(commits)
    sent = [
        signed_push(commits[branch], f"refs/heads/{branch}", secret=secret)
        for branch in (branches[number % BRANCHES] for number in range(DELIVERIES))
    ]
    accepted: list[str] = []

    def deliver(one: tuple[bytes, dict[str, str]]) -> None:
        body, headers = one
        code = 0
        while code != 202:
            try:
                code = client.post(site.hook_url, content=body, headers=headers).status_code
            except httpx2.HTTPError:
                code = 0
                time.sleep(0.02)  # asking without a pause would take the core that it starts on
            assert code in (0, 202, 503), code
        accepted.append(headers["x-github-delivery"])

    def kill() -> None:
        for number in range(1, KILLS + 1):
            while len(accepted) < number * DELIVERIES // (KILLS + 1):
                time.sleep(0.002)
            if number % 2:
                site.kill("web")
                site.start("web")
            else:
                kill_redis(site.folder / "data")

    killer = threading.Thread(target=kill)
    killer.start()
    # One for all: a client of its own for each delivery takes 50 ms of a core to read the trusted certificates.
    with httpx2.Client(timeout=30) as client, ThreadPoolExecutor(16) as pool:
        list(pool.map(deliver, sent))
    killer.join()
    records = site.records()
    kept = {one.delivery.key: one for one in records.intake.deliveries(DELIVERIES * 2)}
    assert set(accepted) == {headers["x-github-delivery"] for _, headers in sent}
    assert [key for key in accepted if key not in kept] == []
    assert all(kept[key].requests for key in accepted)
    site.rest(200)
    for number, commit in enumerate(commits.values()):
        syncs = records.progress.syncs(f"app-{number}", 50)
        assert [sync.outcome for sync in syncs if sync.revision == commit and sync.changes] == [Outcome.SUCCEEDED]
        assert max(kept[key].requests.get(f"app-{number}", 0) for key in accepted) <= syncs[0].number
