"""What the watch does: how soon drift is repaired, and what it costs to watch many objects that change a lot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import psutil

from benchmarks import fleet
from benchmarks.figures import Figure, timed
from benchmarks.site import Site
from deploy.local.sight import Sight, replicas
from deploy.local.stack import APPLICATION
from deploy.local.story import SERVICE, deployment
from workers import fields, kube, manifests
from workers.model import Manifest, Owned, Ref

GROUP = "drift"
CLUSTER = "demo"
"""What the stack calls its cluster."""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {key: value}\n"
MERGE = {"Content-Type": "application/merge-patch+json"}
AT_ONCE = 200
WRITERS = 8
"""Threads that write at the same time."""


def repairs(site: Site, rounds: int) -> list[Figure]:
    """Change an app by hand in three ways: seconds from the change being seen to its repair being seen."""
    files: dict[str, str | None] = {"myapp/deployment.yaml": deployment(3), "myapp/service.yaml": SERVICE}
    site.green(site.push({**files, "myapp/config.yaml": CONFIG.replace("NAME", "myapp")}))
    api = site.cluster.client
    scale = "/apis/apps/v1/namespaces/default/deployments/myapp/scale"
    config, service = "/api/v1/namespaces/default/configmaps/myapp", "/api/v1/namespaces/default/services/myapp"
    ways: list[tuple[str, str, str, Callable[[], httpx2.Response], Callable[[Manifest | None], bool]]] = [
        ("scaled Deployment", "apps", "Deployment", lambda: _patch(api, scale, {"spec": {"replicas": 1}}), replicas(3)),
        ("edited ConfigMap", "", "ConfigMap", lambda: _patch(api, config, {"data": {"key": "by hand"}}), _is_value),
        ("deleted Service", "", "Service", lambda: api.delete(service), lambda found: found is not None),
    ]
    found = []
    for name, group, kind, change, whole in ways:
        seconds = []
        with Sight(site.kubeconfig, group, kind, "default", "myapp") as sight:
            sight.wait(whole, "it to be whole")
            for _ in range(rounds):
                began = time.time()
                change().raise_for_status()
                changed, _ = sight.wait(lambda one: not whole(one), "the change by hand", began)  # noqa: B023
                healed, _ = sight.wait(whole, "the repair", changed)
                seconds.append(healed - changed)
                site.stack.rest()
                # Each is the first of its kind: whoever changes one object again and again is made to wait.
                site.stack.records().repairs.forget("myapp")
        found.append(timed(GROUP, f"{name} → repaired", seconds))
    return found


def at_once(site: Site) -> list[Figure]:
    """Change many objects of one app at the same time; seconds from the first change until all are repaired."""
    names = [f"many-{number}" for number in range(AT_ONCE)]
    text = APPLICATION.replace("name: myapp\n", "name: many\n", 1).replace("path: myapp", "path: many")
    (site.stack.catalog / "many.yaml").write_text(text)
    site.green(site.push({"many/all.yaml": "---\n".join(CONFIG.replace("NAME", name) for name in names)}), "many")
    site.stack.rest()
    began = time.time()
    root = "/api/v1/namespaces/default/configmaps"
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda name: _patch(site.cluster.client, f"{root}/{name}", {"data": {"key": "x"}}), names))
    changed = time.time() - began
    while True:
        items = site.cluster.client.get(root).json()["items"]
        if all(one["data"]["key"] == "value" for one in items if one["metadata"]["name"].startswith("many-")):
            break
        time.sleep(0.02)
    seconds = time.time() - began
    looks = len([one for one in site.stack.records().progress.syncs("many", 50) if one.why == "drift"])
    note = f"changing them took {changed:.1f} s; {looks} looks"
    return [Figure(GROUP, f"{AT_ONCE} objects changed at once → all repaired", seconds * 1000, "ms", None, note)]


def load(site: Site, paths: list[str], objects: int, events: int) -> list[Figure]:
    """Have ``events`` of the ``objects`` that are watched, at ``paths``: memory and CPU of the watch process."""
    process = next(one for one in psutil.process_iter() if fleet.kind_of(one) == "watch")
    time.sleep(5)  # it lists, and compares
    idle = process.memory_full_info().pss
    before, began = process.cpu_times(), time.monotonic()
    with ThreadPoolExecutor(WRITERS * 2) as pool:
        touch = [(path, number) for number in range(-(-events // len(paths))) for path in paths][:events]
        list(pool.map(lambda one: _note(site.cluster.client, *one), touch))
    rate = events / (time.monotonic() - began)
    time.sleep(1)
    after = process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    most = process.memory_full_info().pss
    group, events_note = f"watch of {objects} objects", f"{events} events at {rate:.0f} a second"
    return [
        Figure(group, "memory", idle >> 20, "MiB", None, f"{most >> 20} MiB after {events} events"),
        Figure(group, "CPU for 1,000 events", spent * 1000 / events * 1000, "ms", None, events_note),
    ]


def applied(site: Site, count: int) -> list[str]:
    """Apply and record objects of four kinds, four to an app, as a worker does but without Git.

    Returns the paths of those that may be touched.
    """
    client, records = kube.Client.from_kubeconfig(site.kubeconfig, None), site.stack.records()

    def one(number: int) -> str:
        name, owned = f"load-{number}", []
        applyset = f"applyset-{name}"
        for text in fleet.objects(name, 1).removeprefix("---\n").split("\n---\n"):
            manifest = json.loads(text)
            manifest["metadata"]["namespace"] = "default"
            done = client.apply(manifests.with_owner(manifest, applyset), force=True).manifest
            owned.append(_owned(done))
        records.drift.save(name, applyset, CLUSTER, owned)
        return f"/api/v1/namespaces/default/services/{name}"

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(one, range(count // 4)))


def _owned(done: Manifest) -> Owned:
    group, _, version = done["apiVersion"].rpartition("/")
    ref = Ref(group, done["kind"], done["metadata"]["namespace"], done["metadata"]["name"])
    return Owned(ref, version, "rendered", fields.digest(done), fields.ownership(done))


def _patch(api: httpx2.Client, path: str, body: dict[str, Any]) -> httpx2.Response:
    return api.patch(path, params={"fieldManager": "hand"}, headers=MERGE, json=body)


def _note(api: httpx2.Client, path: str, number: int) -> None:
    _patch(api, path, {"metadata": {"annotations": {"touched": str(number)}}}).raise_for_status()


def _is_value(found: Manifest | None) -> bool:
    return bool(found and found["data"].get("key") == "value")
