"""What other controllers write beside Git's fields is no drift, and no sync takes it away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.workers.conftest import Bench
from workers import drift
from workers.model import State, Why

pytestmark = pytest.mark.cluster


def _deployment() -> dict[str, Any]:
    """A Deployment that leaves its replicas to an autoscaler and its sidecars to an injector."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx:1", "resources": {}}]},
            },
        },
    }


def _webhook(name: str) -> dict[str, Any]:
    """A webhook that matches nothing and whose CA bundle somebody else fills in."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name, "annotations": {"cert-manager.io/inject-ca-from": "x/y"}},
        "webhooks": [
            {
                "name": "a.example.com",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Ignore",
                "objectSelector": {"matchLabels": {"never": name}},
                "clientConfig": {"url": "https://127.0.0.1:1/"},
                "rules": [
                    {
                        "apiGroups": ["x.example.com"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["x"],
                    }
                ],
            }
        ],
    }


SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"type": "NodePort", "ports": [{"port": 80}]},
}
ACCOUNT: dict[str, Any] = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web"}}

APPS = "apis/apps/v1/namespaces/NS/deployments/web"
HOOKS = "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/NS"
CORE = "api/v1/namespaces/NS"
WRITTEN: list[tuple[str, str, str, Any]] = [
    ("hpa", APPS, "/spec/replicas", 0),
    ("injector", APPS, "/spec/template/spec/containers/-", {"name": "proxy", "image": "proxy:1"}),
    ("injector", APPS, "/spec/template/metadata/labels/injected", "yes"),
    ("vpa", APPS, "/spec/template/spec/containers/0/resources/requests", {"cpu": "100m"}),
    ("cainjector", HOOKS, "/webhooks/0/clientConfig/caBundle", "CA"),
    ("tokens", f"{CORE}/serviceaccounts/web", "/secrets", [{"name": "t"}]),
    ("notes", f"{CORE}/services/web", "/metadata/annotations", {"a": "b"}),
]
"""(field manager, object, field, value) of what others write."""


def _ca(bench: Bench) -> str:
    """Return a CA bundle that the API server takes: its own."""
    config = json.loads(bench.cluster.kubectl("config", "view", "--raw", "-o", "json"))
    return str(config["clusters"][0]["cluster"]["certificate-authority-data"])


def test_what_controllers_fill_in_is_neither_drift_nor_undone(bench: Bench) -> None:
    """Replicas, sidecars, requests, a CA bundle, secrets, annotations; then a push of something else leaves them."""
    objects = [_deployment(), _webhook(bench.namespace), SERVICE, ACCOUNT]
    files: dict[str, str | None] = {f"{one['kind']}.yaml": json.dumps(one) for one in objects}
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    flight = bench.context.records.progress.flight("myapp")
    assert flight is not None or bench.told(commit).state is State.SUCCESS
    for manager, path, field, value in WRITTEN:
        text = json.dumps([{"op": "add", "path": field, "value": value}]).replace('"CA"', json.dumps(_ca(bench)))
        bench.cluster.client.patch(
            "/" + path.replace("NS", bench.namespace),
            params={"fieldManager": manager},
            headers={"Content-Type": "application/json-patch+json"},
            content=text,
        ).raise_for_status()
    assert bench.settle(commit).state is State.SUCCESS
    assert drift.sweep(bench.context, "test") == []
    before = len(bench.writes())
    commit = bench.push(
        {"Service.yaml": json.dumps({**SERVICE, "metadata": {"name": "web", "labels": {"new": "yes"}}})}
    )
    bench.ask(commit)
    bench.look()
    assert bench.settle(commit).state is State.SUCCESS
    assert bench.writes()[before:] == ["patch services/web"]
    live = json.loads(bench.get("deployment", "web", "-o", "json"))["spec"]
    assert live["replicas"] == 0
    assert [one["name"] for one in live["template"]["spec"]["containers"]] == ["web", "proxy"]
    assert live["template"]["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "100m"}}
    hook = json.loads(bench.get("validatingwebhookconfiguration", bench.namespace, "-o", "json"))
    assert hook["webhooks"][0]["clientConfig"]["caBundle"] == _ca(bench)
    assert json.loads(bench.get("service", "web", "-o", "json"))["metadata"]["annotations"] == {"a": "b"}
    bench.cluster.kubectl("delete", "validatingwebhookconfiguration", bench.namespace)


def _mutation(name: str) -> list[dict[str, Any]]:
    """An admission policy that changes what is in Git, of ConfigMaps in one namespace, with every write."""
    kind = "admissionregistration.k8s.io/v1"
    patch = 'Object{data: {"image": object.data.image.replace("hub", "mirror"), "proxy": "injected"}}'
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}
    where = {"resourceRules": [rule], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    policy = {
        "matchConstraints": where,
        "matchConditions": [{"name": "ours", "expression": "object.metadata.name == 'mutated'"}],
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": patch}}],
    }
    return [
        {"apiVersion": kind, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name}, "spec": policy},
        {
            "apiVersion": kind,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name},
        },
    ]


def test_what_admission_makes_of_git_s_fields_is_no_drift(bench: Bench) -> None:
    """A field that is changed on its way in and one that is added: applied once, then nothing to do for ever."""
    objects = _mutation(bench.namespace)
    bench.cluster.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mutated"}, "data": {"image": "hub/a"}}
    try:
        probe = {**value, "metadata": {"name": "mutated", "namespace": bench.namespace}}

        def mutates() -> bool:
            made = bench.cluster.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", input=json.dumps(probe))
            return "injected" in made

        bench.look_until(mutates)
        commit = bench.push({"a.yaml": json.dumps(value)})
        bench.ask(commit)
        bench.look()
        assert bench.settle(commit).state is State.SUCCESS
        assert json.loads(bench.get("configmap", "mutated", "-o", "json"))["data"] == {
            "image": "mirror/a",
            "proxy": "injected",
        }
        assert drift.sweep(bench.context, "test") == []
        before = len(bench.writes())
        bench.look_until_done(bench.ask(why=Why.SWEEP))
        assert bench.writes()[before:] == []
    finally:
        for one in objects:
            bench.cluster.kubectl("delete", one["kind"], bench.namespace)
