"""Tries of every kind of write at a real API server, as somebody else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from deploy.local.control_plane import ControlPlane

FILES = Path(__file__).parents[3] / "deploy" / "kubernetes" / "plans"
ACCOUNT = "system:serviceaccount:hookline:hookline-plans"
REFUSED = "plans are made with dry-runs only"
NOTE = {"metadata": {"annotations": {"tried": "yes"}}}
CONNECTS = ("attach", "exec", "portforward", "proxy")
BODIES: dict[str, dict[str, Any]] = {
    "binding": {"metadata": {"name": "sample"}, "target": {"kind": "Node", "name": "node-1"}},
    "eviction": {"metadata": {"name": "sample"}},
    "token": {"spec": {"audiences": ["me"]}},
}


@dataclass(frozen=True)
class Somebody:
    """Somebody at the API server, by impersonation."""

    cluster: ControlPlane
    user: str
    groups: tuple[str, ...] = ()

    def ask(self, method: str, path: str, body: Any = None, kind: str = "", *, dry: bool = False) -> httpx2.Response:
        """Send one request; ``kind`` is that of a patch."""
        headers = [("Impersonate-User", self.user), *(("Impersonate-Group", group) for group in self.groups)]
        headers.append(("Content-Type", f"application/{kind}" if kind else "application/json"))
        content = None if body is None else json.dumps(body)
        query = ({"dryRun": "All"} if dry else {}) | ({"fieldManager": "me"} if "apply" in kind else {})
        return self.cluster.client.request(method, path, content=content, headers=headers, params=query)


def applied(cluster: ControlPlane, namespace: str) -> None:
    """Apply the identity's files, and return when the policy keeps it from writing and its rights are there."""
    cluster.kubectl("apply", "-k", str(FILES))
    strong = Somebody(cluster, "strong", ("hookline:plans", "system:masters"))
    plans, path = Somebody(cluster, ACCOUNT), f"/api/v1/namespaces/{namespace}/configmaps"
    deadline = time.monotonic() + 60
    number = 0
    while REFUSED not in strong.ask("POST", path, {"metadata": {"name": f"try-{number}"}}).text or not (
        plans.ask("POST", path.replace("configmaps", "secrets"), {"metadata": {"name": "try"}}, dry=True).is_success
    ):
        assert time.monotonic() < deadline, "the policy or the rights did not come"
        number += 1
        time.sleep(0.05)


def tried(who: Somebody, namespace: str, *, dry: bool = False, but: str = "") -> Iterator[tuple[str, httpx2.Response]]:
    """Try to write everything that the API server says can be written, ``but`` one group's, in every way.

    Yields what was tried, and the answer.
    """
    admin = who.cluster.client
    places = ["/api/v1"]
    places += [f"/apis/{one['preferredVersion']['groupVersion']}" for one in admin.get("/apis").json()["groups"]]
    for place in places:
        if but and but in place:
            continue
        served = {one["name"]: one for one in admin.get(place).json()["resources"]}
        for name, one in served.items():
            main, _, sub = name.partition("/")
            root = f"{place}/namespaces/{namespace}" if one["namespaced"] else place
            verbs, item = one["verbs"], _item(admin, f"{root}/{main}", served.get(main))
            what = f"{name}.{place.partition('/apis/')[2].partition('/')[0]}".rstrip(".")
            if not sub and "create" in verbs:
                yield f"create {what}", who.ask("POST", f"{root}/{main}", _twin(item), dry=dry)
            if item:
                path = f"{root}/{main}/{item['metadata']['name']}{f'/{sub}' if sub else ''}"
                kind = {"apiVersion": place.removeprefix("/apis/").removeprefix("/api/"), "kind": served[main]["kind"]}
                yield from ((f"{way} {what}", answer) for way, answer in _changed(who, path, verbs, kind, dry))
            if not sub and item and one["namespaced"] and "deletecollection" in verbs:
                yield f"delete all {what}", who.ask("DELETE", f"{root}/{main}", dry=dry)


def _changed(
    who: Somebody, path: str, verbs: list[str], kind: dict[str, str], dry: bool
) -> Iterator[tuple[str, httpx2.Response]]:
    sub = path.rpartition("/")[2]
    if sub in CONNECTS:
        yield "connect to", who.ask("GET", f"{path}?command=ls&stdout=1&container=web&ports=80", dry=dry)
        yield "post to", who.ask("POST", f"{path}?command=ls&stdout=1&container=web&ports=80", dry=dry)
        return
    name = path.split("/")[-2 if sub in BODIES else -1]
    if "patch" in verbs:
        yield "merge", who.ask("PATCH", path, NOTE, "merge-patch+json", dry=dry)
        operation = {"op": "add", "path": "/metadata/annotations", "value": {"tried": "yes"}}
        yield "patch", who.ask("PATCH", path, [operation], "json-patch+json", dry=dry)
        whole = {**kind, "metadata": {"name": name, **NOTE["metadata"]}}
        yield "apply", who.ask("PATCH", path, whole, "apply-patch+yaml", dry=dry)
    if "update" in verbs:
        there = who.cluster.client.get(path)
        yield "update", who.ask("PUT", path, there.json() if there.is_success else {**kind, **NOTE}, dry=dry)
    if "create" in verbs and sub in BODIES:
        yield "post to", who.ask("POST", path, BODIES[sub], dry=dry)
    if "delete" in verbs and "/namespaces/" in path:
        yield "delete", who.ask("DELETE", path, dry=dry)


def _item(admin: httpx2.Client, path: str, served: dict[str, Any] | None) -> dict[str, Any] | None:
    """One object of a kind: our sample, or whichever there is."""
    if served is None or "list" not in served["verbs"]:
        return None
    items: list[dict[str, Any]] = admin.get(path).json()["items"]
    return next((one for one in items if one["metadata"]["name"] == "sample"), items[0] if items else None)


def _twin(item: dict[str, Any] | None) -> dict[str, Any]:
    """Another object like it."""
    made = json.loads(json.dumps(item or {}))
    made["metadata"] = {"name": f"{made['metadata']['name'] if item else 'sample'}-2"}
    for field in ("clusterIP", "clusterIPs"):
        made.get("spec", {}).pop(field, None)
    return dict(made)
