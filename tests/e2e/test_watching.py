"""Several watch processes: they share the clusters, and what a dead one leaves the others take over."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

from deploy.local.control_plane import ControlPlane
from tests.e2e.conftest import Site, Start
from tests.workers.test_sync import config
from workers.model import Why

APPS = {"demo": "myapp", "second": "other"}
"""Cluster to the app that is on it."""


def until(is_so: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for what happens in another process."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def taken(site: Site, name: str) -> list[str]:
    """Return the clusters a watch process says that it took, in turn."""
    said = [json.loads(line) for line in site.stack.log(name).splitlines() if line.startswith("{")]
    return [line["cluster"] for line in said if line["event"] == "watching"]


def repaired(site: Site, cluster: str) -> None:
    """Change an object by hand; see that it is put back by one look, and only one."""
    app, progress = APPS[cluster], site.stack.records().progress
    before = len([sync for sync in progress.syncs(app, 50) if sync.why == Why.DRIFT])
    site.kubectl("patch", "configmap", app, "-p", '{"data":{"key":"by hand"}}')

    def looks() -> int:
        return len([sync for sync in progress.syncs(app, 50) if sync.why == Why.DRIFT]) - before

    until(lambda: looks() > 0)
    assert site.kubectl("get", "configmap", app, "-o", "jsonpath={.data.key}") == "a"
    threading.Event().wait(0.5)
    assert looks() == 1


def test_two_share_the_clusters_and_one_takes_over_from_one_killed(start: Start, cluster: ControlPlane) -> None:
    """Each change by hand is put back once, whoever watches."""
    second = {"second": {"kubeconfig": str(cluster.kubeconfig)}}
    site = start(watch=True, settings={"sync": {"sweep_every": 600}, "clusters": second, "log": {"format": "json"}})
    site.declare("other", "other", ("server: https://kubernetes.default.svc", "name: second"))
    commit = site.checkout.commit({"myapp/a.yaml": config("myapp"), "other/a.yaml": config("other")}, "both")
    site.checkout.push()
    for app in APPS.values():
        assert site.ended(commit, app).state == "success"
    until(lambda: sorted(taken(site, "watch")) == ["demo", "second"])
    site.stack.start("watch-2")
    until(lambda: len(taken(site, "watch-2")) == 1)
    [gone] = taken(site, "watch-2")
    for name in APPS:
        repaired(site, name)
    site.stack.kill("watch-2")
    until(lambda: taken(site, "watch")[2:] == [gone])
    for name in APPS:
        repaired(site, name)
