"""500 apps that wait for a hook Job each, on two worker processes: no wait holds a worker, and all of them finish."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deploy.local.simulated import NODES
from tests.e2e.conftest import Site, Start, application
from tests.workers.manifests import config, job
from workers.model import Outcome

APPS = 500
SETTINGS: dict[str, Any] = {"sync": {"lease": 15, "tick_every": 2}, "log": {"level": "debug", "format": "json"}}


def until(seen: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something is seen."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.25)


def bind(site: Site) -> None:
    """Be the scheduler that all the Jobs wait for."""
    pods = f"/api/v1/namespaces/{site.namespace}/pods"

    def one(name: str) -> None:
        target = {"apiVersion": "v1", "kind": "Node", "name": NODES[hash(name) % len(NODES)]}
        binding = {"metadata": {"name": name}, "target": target}
        site.cluster.client.post(f"{pods}/{name}/binding", json=binding).raise_for_status()

    waiting = site.cluster.client.get(pods, params={"fieldSelector": "spec.nodeName="}).json()["items"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, [pod["metadata"]["name"] for pod in waiting]))


def held(site: Site) -> list[float]:
    """Return the seconds that each look held a worker's slot, from the workers' logs."""
    found = []
    for log in (site.stack.folder / "logs").glob("worker-*"):
        for line in log.read_text(errors="replace").splitlines():
            found += [json.loads(line)["seconds"]] if '"looked"' in line else []
    return sorted(found)


@pytest.mark.timeout(900)
def test_five_hundred_apps_wait_for_their_hooks_on_two_workers(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    """Meanwhile another app is synced as ever; then all finish. Prints the longest time a slot was held."""
    site = start(workers=2, watch=True, settings=SETTINGS)
    names = [f"wait-{number:03}" for number in range(APPS)]
    text = application(site.namespace)
    documents = [
        text.replace("name: myapp\n", f"name: {name}\n", 1).replace("path: myapp", f"path: {name}") for name in names
    ]
    (site.stack.catalog / "many.yaml").write_text("---\n".join(documents))
    files: dict[str, str | None] = {}
    for name in names:
        files[f"{name}/a.yaml"] = config(name)
        files[f"{name}/h.yaml"] = job(name, takes="ever", hook="PreSync", policy="HookSucceeded")
    records = site.stack.records()
    began = time.monotonic()
    site.checkout.commit(files, "500 apps")
    site.checkout.push()
    until(lambda: sum(records.progress.flight(name) is not None for name in names) == APPS, 240, "not all came to wait")
    waiting = time.monotonic() - began
    began = time.monotonic()
    commit = site.push({"one.yaml": config("one")})
    until(lambda: records.progress.app("myapp").revision == commit, 60, "the other app was starved")
    beside = time.monotonic() - began
    pods = f"/api/v1/namespaces/{site.namespace}/pods"
    until(lambda: len(site.cluster.client.get(pods).json()["items"]) == APPS, 120, "not every Job has its Pod")
    began = time.monotonic()
    bind(site)
    outcomes = [Outcome.SUCCEEDED] * APPS
    until(lambda: [records.progress.app(name).outcome for name in names] == outcomes, 300, "not all finished")
    finishing = time.monotonic() - began
    slots = held(site)
    found = site.kubectl("get", "configmaps", "-l", "applyset.kubernetes.io/part-of", "-o", "name").split()
    assert len(found) == APPS + 1
    assert site.kubectl("get", "jobs", "-o", "name") == ""
    median = slots[len(slots) // 2]
    with capsys.disabled():
        print(
            f"\n{APPS} apps: all waiting after {waiting:.0f} s, another app synced in {beside:.1f} s beside them, all "
            f"done {finishing:.0f} s after their Jobs; {len(slots)} looks, a slot was held {slots[-1]:.2f} s at most, "
            f"{median:.3f} s in the median"
        )
