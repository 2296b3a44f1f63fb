"""The drift table: an object, what somebody does to it by hand, and what that is: drift in which words, or nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
Kubectl = Callable[..., str]
Change = Callable[[Kubectl, Object], None]
"""Does something to an object, given kubectl in its namespace and the object as it is in Git."""


@dataclass(frozen=True)
class Row:
    """``says`` is part of what is told, "" for no drift.

    ``retaken`` marks what is as in Git but belongs to somebody else: no drift, yet a repair makes it ours again.
    ``stays`` are fields that the change adds and nobody takes away. ``lasts`` marks what a repair cannot undo at once.
    """

    manifest: Object
    change: Change
    says: str = ""
    retaken: bool = False
    stays: tuple[str, ...] = ()
    lasts: bool = False


def run(*arguments: str) -> Change:
    """kubectl with these arguments; NAME and OBJECT (``kind/name``) stand for the object's."""

    def change(kubectl: Kubectl, one: Object) -> None:
        name = one["metadata"]["name"]
        kubectl(*(word.replace("OBJECT", f"{one['kind']}/{name}").replace("NAME", name) for word in arguments))

    return change


def merge(patch: Object) -> Change:
    """A merge patch."""
    return run("patch", "OBJECT", "--type=merge", "-p", json.dumps(patch))


def operate(op: str, path: str, value: Any = None) -> Change:
    """A JSON patch of one operation."""
    return run("patch", "OBJECT", "--type=json", "-p", json.dumps([{"op": op, "path": path, "value": value}]))


def both(*changes: Change) -> Change:
    """One after the other."""

    def change(kubectl: Kubectl, one: Object) -> None:
        for step in changes:
            step(kubectl, one)

    return change


def written(edit: Callable[[Object], object], *arguments: str) -> Change:
    """kubectl with an edited manifest on its standard input."""

    def change(kubectl: Kubectl, one: Object) -> None:
        new = copy.deepcopy(one)
        edit(new)
        kubectl(*arguments, "-f", "-", input=json.dumps(new))

    return change


def refused(change: Change) -> Change:
    """What kubectl must not be able to do."""

    def attempt(kubectl: Kubectl, one: Object) -> None:
        try:
            change(kubectl, one)
        except Exception:
            return
        raise AssertionError("kubectl was expected to be refused")

    return attempt


def copied(**annotations: str) -> Change:
    """A copy of the live object under another name, with its labels."""

    def change(kubectl: Kubectl, one: Object) -> None:
        name = one["metadata"]["name"]
        live = json.loads(kubectl("get", one["kind"], name, "-o", "json"))
        metadata = {"name": f"{name}-copy", "labels": live["metadata"]["labels"], "annotations": annotations}
        kubectl("create", "-f", "-", input=json.dumps({**live, "metadata": metadata}))

    return change


def config(name: str, **metadata: Any) -> Object:
    """A ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"key": "a", "kept": "b"},
    }


def secret(name: str, **fields: Any) -> Object:
    """A Secret."""
    body = fields or {"data": {"key": "c2VjcmV0MQ==", "kept": "c2VjcmV0Mg=="}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **body}


CONTAINER: Object = {
    "name": "web",
    "image": "nginx:1.25",
    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
}


def template(name: str, *more: Object) -> Object:
    """A Pod template."""
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [CONTAINER, *more]}}


def deployment(name: str, *more: Object, **spec: Any) -> Object:
    """A Deployment of one Pod."""
    body = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template(name, *more), **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {key: value for key, value in body.items() if value is not None},
    }


def of(version: str, kind: str, name: str, **fields: Any) -> Object:
    """Any other object."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


def service(name: str, **spec: Any) -> Object:
    """A Service."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "admin", "port": 81, "targetPort": 8081}]
    return of("v1", "Service", name, spec={"type": "ClusterIP", "selector": {"app": name}, "ports": ports, **spec})


def widget(name: str) -> Object:
    """An object of the CRD below."""
    spec = {"size": 1, "set": ["a", "b"], "map": [{"name": "x", "v": 1}, {"name": "y", "v": 2}], "list": [1, 2]}
    return of("drift.example.com/v1", "Widget", name, spec=spec)


def items(properties: Object, kind: str, **more: Any) -> Object:
    """A list's schema."""
    return {"type": "array", "x-kubernetes-list-type": kind, "items": properties, **more}


ENTRY: Object = {"type": "object", "properties": {"name": {"type": "string"}, "v": {"type": "integer"}}}
SPEC: Object = {
    "size": {"type": "integer"},
    "set": items({"type": "string"}, "set"),
    "map": items({**ENTRY, "required": ["name"]}, "map", **{"x-kubernetes-list-map-keys": ["name"]}),
    "list": items({"type": "integer"}, "atomic"),
    "speed": {"type": "string", "default": "slow"},
}
SCHEMA: Object = {
    "type": "object",
    "properties": {
        "spec": {"type": "object", "properties": SPEC},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
CRD: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.drift.example.com"},
    "spec": {
        "group": "drift.example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": SCHEMA},
            }
        ],
    },
}

PROXY: Object = {"name": "proxy", "image": "proxy:1"}
TOKEN = {"automountServiceAccountToken": False}
RULES = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
SUBJECT = {"kind": "ServiceAccount", "name": "default", "namespace": "default"}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "nobody"}
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
PATHS = {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND}]}
HOSTS = {"rules": [{"host": "a.example.com", "http": PATHS}]}
CRON = {
    "schedule": "0 0 1 1 *",
    "jobTemplate": {
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}}}
    },
}
BUDGET = {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}
NET = {"podSelector": {"matchLabels": {"app": "x"}}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 80}]}]}
SCALER = {
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "idle"},
    "minReplicas": 1,
    "maxReplicas": 3,
}
SET: Object = {"serviceName": "web", "replicas": 1, "selector": {"matchLabels": {"app": "set"}}}
