"""The two sides that sync a case, and what is live on each."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.local.control_plane import ControlPlane
from deploy.local.stack import APPLICATION
from tests.workers.conftest import Bench
from tests.workers.differential.case import PLACE, Case, files
from workers import inventory, kube
from workers.model import State

PARENTS: Final = "differentials.hookline.dev"
"""The kind of kubectl's ApplySet parents: one of a namespace may hold nothing of another namespace."""
DEFINITION: Final = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": PARENTS, "labels": {"applyset.kubernetes.io/is-parent-type": "true"}},
    "spec": {
        "group": "hookline.dev",
        "names": {"kind": "Differential", "plural": "differentials"},
        "scope": "Cluster",
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}
_SET_BY_OTHERS: Final = ("uid", "resourceVersion", "creationTimestamp", "managedFields")
_ALLOCATED: Final = ("clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort")
_CONTROLLERS: Final = ("deployment.kubernetes.io/", "endpoints.kubernetes.io/")
Objects = dict[str, Any]


class Ours:
    """Hookline, on a bench whose only app is the case."""

    def __init__(self, bench: Bench, case: Case) -> None:
        self.bench, self.case, self.namespace = bench, case, bench.namespace
        declared = yaml.safe_load(APPLICATION)
        declared["spec"]["destination"]["namespace"] = bench.namespace
        declared["spec"]["source"]["path"] = os.path.normpath(f"myapp/{case.path}")
        if case.recurse:
            declared["spec"]["source"]["directory"] = {"recurse": True}
        if case.options:
            declared["spec"]["syncPolicy"]["syncOptions"] = list(case.options)
        declared["spec"] |= yaml.safe_load(case.sync or "{}")
        bench.declare(json.dumps(declared))

    def sync(self, commit: str) -> None:
        """Push, and look until everything is written and deleted; not until it is healthy."""
        pushed = self.bench.push(files(commit, self.namespace))
        self.bench.ask(pushed)
        self.bench.look()
        self.bench.look_until(lambda: self._written(pushed))
        told = self.bench.told(pushed)
        assert told.state in (State.SUCCESS, State.PENDING), told

    def _written(self, pushed: str) -> bool:
        flight = self.bench.context.records.progress.flight("myapp")
        return self.bench.told(pushed).state is not State.PENDING or (flight is not None and flight.last)

    def kinds(self) -> set[str]:
        """Return the kinds of the set, as the KEP writes them."""
        parent = self.bench.get("configmap", "hookline-myapp", "-o", "json")
        return _kinds(json.loads(parent))


class Theirs:
    """kubectl, with a kubeconfig whose namespace is the case's, as an app's destination is."""

    def __init__(self, cluster: ControlPlane, namespace: str, case: Case, folder: Path) -> None:
        self.cluster, self.namespace, self.case, self.folder = cluster, namespace, case, folder
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        for context in config["contexts"]:
            context["context"]["namespace"] = namespace
        self.kubeconfig = folder.parent / f"{namespace}.kubeconfig"
        self.kubeconfig.write_text(json.dumps(config))
        digest = hashlib.sha256(f"{namespace}..Differential.hookline.dev".encode()).digest()
        metadata = {
            "name": namespace,
            "labels": {inventory.ID: f"applyset-{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}-v1"},
            "annotations": {inventory.TOOLING: "kubectl/v1.37.1", inventory.GROUP_KINDS: ""},
        }
        parent = {"apiVersion": "hookline.dev/v1", "kind": "Differential", "metadata": metadata}
        cluster.client.patch(
            f"/apis/hookline.dev/v1/differentials/{namespace}",
            params={"fieldManager": "kubectl-applyset"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            content=json.dumps(parent),
        ).raise_for_status()

    def sync(self, commit: str) -> None:
        """Write the files and apply them; once more where a kind or a namespace was only just made."""
        for name, text in files(commit, self.namespace).items():
            path = self.folder / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        deadline = time.monotonic() + 90
        while (done := self._apply()).returncode:
            assert time.monotonic() < deadline, done.stderr
            assert re.search(
                "no matches for kind|ensure CRDs are installed|not found|could not find the requested", done.stderr
            ), done.stderr
            threading.Event().wait(0.2)

    def _apply(self) -> subprocess.CompletedProcess[str]:
        place = self.folder / self.case.path
        built = any((place / name).exists() for name in ("kustomization.yaml", "kustomization.yml", "Kustomization"))
        what = ["-k", str(place)] if built else ["-f", str(place), *(["-R"] if self.case.recurse else [])]
        command = [
            str(Path(sys.executable).with_name("kubectl")), "--kubeconfig", str(self.kubeconfig),
            "--cache-dir", str(self.folder.parent / "discovery"),
            "apply", "--server-side", "--force-conflicts", f"--applyset={PARENTS}/{self.namespace}", "--prune",
            *self.case.kubectl, *what,
        ]  # fmt: skip
        environment = {**os.environ, "KUBECTL_APPLYSET": "true"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def kinds(self) -> set[str]:
        """Return the kinds of the set, as the KEP writes them."""
        answer = self.cluster.client.get(f"/apis/hookline.dev/v1/differentials/{self.namespace}")
        return _kinds(answer.raise_for_status().json())


def _kinds(parent: Objects) -> set[str]:
    return set(filter(None, parent["metadata"].get("annotations", {}).get(inventory.GROUP_KINDS, "").split(",")))


def live(client: kube.Client, kinds: Iterable[str], namespace: str) -> dict[str, Objects]:
    """Return what is live on a side: everything of these kinds whose namespace or name holds the side's namespace.

    As ``Kind/name``, with the namespace before the name where it is another one than the side's.
    """
    found: dict[str, Objects] = {}
    for name in kinds:
        kind, _, group = name.replace(namespace, PLACE).partition(".")
        try:
            items = client.list(client.resource(group.replace(PLACE, namespace), kind)).items
        except kube.UnknownKind:  # its definition is gone
            continue
        for item in items:
            metadata = item["metadata"]
            home = metadata.get("namespace", "")
            if (home and namespace not in home) or (not home and namespace not in metadata["name"]):
                continue
            if inventory.ID in metadata.get("labels", {}) or metadata["name"] in ("kube-root-ca.crt", "default"):
                continue
            if (kind, metadata["name"]) == ("Namespace", namespace) or "ownerReferences" in metadata:
                continue
            place = f"{home}/" if home not in ("", namespace) else ""
            found[f"{kind}/{place}{metadata['name']}".replace(namespace, PLACE)] = comparable(item, namespace)
    return found


def comparable(item: Objects, namespace: str) -> Objects:
    """Return an object without what the API server, controllers and the ApplySet put there."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in _SET_BY_OTHERS}
    labels = {key: value for key, value in metadata.pop("labels", {}).items() if key != inventory.PART_OF}
    noted = {key: value for key, value in metadata.pop("annotations", {}).items() if not key.startswith(_CONTROLLERS)}
    rest = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    if "example.com" in item["apiVersion"] and "status" in item:
        rest["status"] = item["status"]
    text = json.dumps({**rest, "metadata": {**metadata, "labels": labels, "annotations": noted}})
    made: Objects = json.loads(text.replace(item["metadata"]["uid"], "@UID@").replace(namespace, PLACE))
    spec = made.get("spec") or {}
    if made["kind"] == "Service" and spec.get("clusterIP") != "None":
        for part in (spec, *spec.get("ports", ())):
            for key in _ALLOCATED:
                if key in part:
                    part[key] = "allocated"
    return made
