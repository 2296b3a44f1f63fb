"""Hookline's processes together: drift, missed pushes, load shared, urgency, another forge, no secret anywhere."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from pathlib import Path

import httpx2
import pytest

from deploy.local.forge import DROP, faults
from deploy.local.sight import Sight, available, replicas
from tests.e2e.conftest import ENDS, Site, Start
from workers.model import Manifest
from workers.records import Records
from workers.records.keys import key

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {key: 'VALUE'}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1.25}]}
"""


def config(name: str, value: str = "a") -> str:
    """A ConfigMap."""
    return CONFIG.replace("NAME", name).replace("VALUE", value)


def sight(site: Site, kind: str = "Deployment", name: str = "web") -> Sight:
    """Follow an object of the app."""
    return Sight(site.cluster.kubeconfig, "apps" if kind == "Deployment" else "", kind, site.namespace, name)


def quiet(records: Records) -> None:
    """Wait until beat has seen the app's declaration and nobody wants a sync: one that is under way would repair."""
    deadline = time.monotonic() + 90
    while not records.redis.hexists(key("declared"), "myapp") or records.progress.unsent():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    record = records.progress.app("myapp")
    while not record.done or record.wanted > record.done or records.leases.held("app:myapp"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
        record = records.progress.app("myapp")


def is_there(manifest: Manifest | None) -> bool:
    """Whether the object exists."""
    return manifest is not None


def test_the_watch_undoes_changes_by_hand_and_deletions(start: Start) -> None:
    """With selfHeal; the sweep is too slow to be the one that did it."""
    site = start(watch=True, settings={"sync": {"sweep_every": 600}})
    assert site.ended(site.push({"web.yaml": DEPLOYMENT, "one.yaml": config("one")})).state == "success"
    with sight(site) as web, sight(site, "ConfigMap", "one") as one:
        web.wait(available(3), "3 replicas")
        began = time.time()
        site.kubectl("scale", "deployment", "web", "--replicas=2")
        changed, _ = web.wait(replicas(2), "the change by hand", began)
        back, _ = web.wait(replicas(3), "3 replicas again", changed)
        print(f"kubectl scale was undone {back - changed:.2f} s after it was seen")
        site.kubectl("delete", "configmap", "one")
        gone, _ = one.wait(lambda manifest: manifest is None, "the deletion", began)
        one.wait(is_there, "the ConfigMap again", gone)


def test_the_sweep_undoes_changes_by_hand_when_the_watch_is_off(start: Start) -> None:
    """Slower, and just as sure."""
    site = start(settings={"sync": {"sweep_every": 1}})
    assert site.ended(site.push({"one.yaml": config("one")})).state == "success"
    with sight(site, "ConfigMap", "one") as one:
        one.wait(is_there, "the ConfigMap")
        began = time.time()
        site.kubectl("patch", "configmap", "one", "-p", '{"data":{"key":"by hand"}}')
        one.wait(lambda manifest: bool(manifest and manifest["data"]["key"] == "by hand"), "the change", began)
        changed = time.time()
        one.wait(lambda manifest: bool(manifest and manifest["data"]["key"] == "a"), "the repair", changed - 0.5)


@pytest.mark.parametrize("watch", [True, False])
def test_without_self_heal_drift_is_reported_and_not_undone(start: Start, watch: bool) -> None:
    """By the watch, and by the sweep."""
    sweep = {"sync": {"sweep_every": 600 if watch else 1}}
    site = start(watch=watch, settings=sweep, replace=("selfHeal: true", "selfHeal: false"))
    assert site.ended(site.push({"one.yaml": config("one")})).state == "success"
    records = site.stack.records()
    quiet(records)
    site.kubectl("patch", "configmap", "one", "-p", '{"data":{"key":"by hand"}}')
    deadline = time.monotonic() + 90
    while not records.repairs.noted("myapp"):
        assert time.monotonic() < deadline, "the drift was not noted"
        time.sleep(0.05)
    assert records.repairs.noted("myapp") == {f"ConfigMap {site.namespace}/one": "data.key changed by kubectl-patch"}
    assert site.kubectl("get", "configmap", "one", "-o", "jsonpath={.data.key}") == "by hand"
    assert [sync.outcome for sync in records.progress.syncs("myapp") if sync.why == "drift"] == ["held"]


def test_a_push_whose_delivery_never_came_is_found_by_the_sweep(start: Start) -> None:
    """And its commit gets its status. The mirror is a clone without files here, and is looked after meanwhile."""
    site = start(settings={"sync": {"sweep_every": 1}, "mirrors": {"partial": True, "upkeep_every": 1}})
    assert site.ended(site.push({"one.yaml": config("one")})).state == "success"
    site.forge.silence()
    commit = site.push({"one.yaml": config("one", "b")})
    assert site.ended(commit).state == "success"
    assert site.kubectl("get", "configmap", "one", "-o", "jsonpath={.data.key}") == "b"
    held, deadline = site.stack.records().mirrors, time.monotonic() + 90
    while not (found := held.all(time.time())) or not all(one.count and one.size for one in found.values()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_delivery_five_times_is_one_sync(start: Start) -> None:
    """Redelivered while it is being worked on and afterwards."""
    site = start(settings={"sync": {"sweep_every": 600}})
    quiet(site.stack.records())
    commit = site.push({"one.yaml": config("one")})
    [delivery] = site.forge.settle()
    for _ in range(4):
        site.forge.redeliver(delivery.guid)
    assert site.ended(commit).state == "success"
    [delivery] = site.forge.settle()
    assert [attempt.code for attempt in delivery.attempts] == [202] * 5
    syncs = site.stack.records().progress.syncs("myapp")
    assert [sync.why for sync in syncs if sync.revision == commit] == ["push"]


def test_two_workers_share_the_load_and_never_an_app(start: Start) -> None:
    """While one holds an app, nobody else touches it; the other apps go on with the second worker."""
    site = start(workers=2, settings={"sync": {"concurrency": 1}})
    names = [f"app-{number}" for number in range(6)]
    for name in names:
        site.declare(name, f"apps/{name}")
    files: dict[str, str | None] = {f"apps/{name}/one.yaml": config(name) for name in names}
    first = site.checkout.commit({**files, "myapp/one.yaml": config("one")}, "all")
    site.checkout.push()
    for name in ("myapp", *names):
        assert site.ended(first, name).state == "success"

    def held(method: str, path: str) -> bool:
        return method == "PATCH" and "dryRun" not in path and path.partition("?")[0].endswith("/configmaps/one")

    with site.api.holding(held) as hold:
        second = site.push({"one.yaml": config("one", "b")})
        assert hold.reached.wait(90)
        before = len([path for _, path in site.api.passed if "hookline-myapp" in path])
        third = site.push({"one.yaml": config("one", "c")})
        changed: dict[str, str | None] = {f"apps/{name}/one.yaml": config(name, "b") for name in names}
        fourth = site.checkout.commit(changed, "the others")
        site.checkout.push()
        for name in names:
            assert site.ended(fourth, name).state == "success"
        assert len([path for _, path in site.api.passed if "hookline-myapp" in path]) == before
    # The held request was cut off: a fault of the network, tried again at once.
    assert [site.ended(commit).state for commit in (second, third)] == ["success", "success"]
    ended = [site.stack.log(f"worker-{number}").count("sync ended") for number in (1, 2)]
    assert all(ended), ended


def test_an_emergency_goes_ahead_of_the_queue(start: Start) -> None:
    """Fifteen merges wait; the one with the token is first."""
    site = start(workers=0, beat=False, settings={"sync": {"concurrency": 1}})
    names = [f"app-{number}" for number in range(15)]
    for name in names:
        site.declare(name, f"apps/{name}")
    site.checkout.commit({f"apps/{name}/one.yaml": config(name) for name in names}, "all")
    site.checkout.push()
    site.forge.settle()
    command = [*site.stack.command, "token", "--sub", "ada", "--app", "app-14"]
    token = subprocess.run(
        command, env=site.stack.environment, check=True, capture_output=True, text=True
    ).stdout.strip()
    answer = httpx2.post(f"{site.stack.url}/api/apps/app-14/sync", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 202, answer.text
    site.stack.start("worker-1")
    for name in names:
        site.ended(site.checkout.head, name)
    records = site.stack.records()
    began = {name: records.progress.syncs(name)[0].began for name in names}
    assert min(began, key=lambda name: began[name]) == "app-14"


def test_statuses_reach_the_forge_whatever_it_answers_first(start: Start) -> None:
    """Slow down, broken, cut off: the end is told all the same."""
    site = start()
    site.forge.fail_next(faults.secondary_limit(1), faults.broken(502), DROP, faults.too_many(1))
    status = site.ended(site.push({"one.yaml": config("one")}))
    assert status.state == "success"
    assert site.forge.wait_for_status(status.sha, "hookline", ENDS, 30).state == "success"


def test_gitlab_from_the_push_to_the_green_commit(start: Start) -> None:
    """Its deliveries, its state machine, its words."""
    site = start(kind="gitlab")
    commit = site.push({"one.yaml": config("one")})
    assert site.ended(commit).state == "success"
    bad = site.push({"one.yaml": config("one").replace("data:", "dta:")})
    status = site.ended(bad)
    assert status.state == "failed"
    assert "myapp/one.yaml:1" in status.description
    site.checkout.switch("fix")
    site.push({"one.yaml": config("one", "b")})
    pull = site.forge.open_pull("your-org/your-repo", "fix")
    assert site.ended(site.forge.merge("your-org/your-repo", pull.number)).state == "success"


def test_one_broken_app_harms_itself_only(start: Start) -> None:
    """A fault in its document, its commit red; the other app of the same commit is green."""
    site = start()
    site.declare("broken", "broken", ("prune: true", "prune: sometimes"))
    commit = site.push({"one.yaml": config("one")})
    assert site.ended(commit).state == "success"
    status = site.ended(commit, "broken")
    assert status.state == "failure"
    assert "spec.syncPolicy.automated.prune" in status.description
    assert site.forge.wait_for_status(commit, "hookline", ENDS, 30).state == "failure"


def test_no_canary_is_found_anywhere(start: Start, tmp_path: Path) -> None:
    """A Secret that is refused, one that is applied, one that drifts: no value in status, log, record or answer."""
    canary = "canary-7c0ffee7"
    encoded = base64.b64encode(canary.encode()).decode()
    good = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {canary}}}\n"
    site = start(watch=True)
    assert site.ended(site.push({"s.yaml": good})).state == "success"
    assert site.kubectl("get", "secret", "s", "-o", "jsonpath={.data.password}") == encoded
    for bad in (
        good.replace("stringData", "data"),
        good.replace(f"{{password: {canary}}}", f"{{password: [{canary}]}}"),
        good.replace("stringData: ", f"type: {canary}\nstringDta: "),
        good.replace("name: s}", f"name: s, labels: {{x: {canary} y}}}}"),
    ):
        assert site.ended(site.push({"s.yaml": bad})).state == "failure"
    patch = json.dumps({"stringData": {"password": f"{canary}-by-hand"}})
    assert site.ended(site.push({"s.yaml": good})).state == "success"
    began = time.time()
    with sight(site, "Secret", "s") as secret:
        site.kubectl("patch", "secret", "s", "-p", patch)
        wanted = {"password": encoded}
        changed, _ = secret.wait(lambda manifest: bool(manifest and manifest["data"] != wanted), "the change", began)
        secret.wait(lambda manifest: bool(manifest and manifest["data"] == wanted), "the repair", changed)
    site.forge.settle()
    told = "\n".join(status.description for status in site.forge.statuses())
    logs = "\n".join(site.stack.log(name) for name in site.stack.children)
    appended = b"".join(
        path.read_bytes() for path in (site.stack.folder / "data" / "redis").rglob("*") if path.is_file()
    )
    for place, text in (("statuses", told), ("logs", logs), ("records", appended.decode("utf-8", "replace"))):
        assert text, place
        # The label in the fourth one is the author's own text, no value of a Secret; the rest must not be there.
        assert encoded not in text, place
        assert f"{canary}-by-hand" not in text, place
        assert not [line for line in text.splitlines() if canary in line and "labels" not in line], place
