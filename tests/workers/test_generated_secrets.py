"""Sealed Secrets and the External Secrets Operator: what comes first, when it is healthy, and whose the Secret is.

The controllers are stand-ins that do what theirs do: the definitions, the Secret with its owner, the condition.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.control_plane import KubectlFailed
from tests.workers.conftest import Bench
from workers.model import State, Why

EXAMPLES = Path(__file__).parents[2] / "examples"
KINDS = {
    "sealed-secrets": [("bitnami.com", "v1alpha1", "SealedSecret", "sealedsecrets", "Synced")],
    "external-secrets": [
        ("external-secrets.io", "v1", "SecretStore", "secretstores", "Ready"),
        ("external-secrets.io", "v1", "ExternalSecret", "externalsecrets", "Ready"),
    ],
}


def definition(group: str, version: str, kind: str, plural: str) -> str:
    """The definition of a kind, as far as it matters here."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True, "subresources": {"status": {}}}
    return json.dumps(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}", "annotations": {"argocd.argoproj.io/sync-wave": "-3"}},
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                "versions": [{**served, "schema": {"openAPIV3Schema": schema}}],
            },
        }
    )


def answer(bench: Bench, plural: str, group: str, name: str, condition: str) -> dict[str, Any]:
    """Do what the controller does for an object: say that it is done; return the object."""
    told = {"status": {"observedGeneration": 1, "conditions": [{"type": condition, "status": "True"}]}}
    place = ("-n", bench.namespace, "patch", f"{plural}.{group}", name)
    bench.cluster.kubectl(*place, "--subresource=status", "--type=merge", "-p", json.dumps(told))
    found: dict[str, Any] = json.loads(bench.get(f"{plural}.{group}", name, "-o", "json"))
    return found


def exists(bench: Bench, what: str) -> bool:
    """Whether there is an object of a kind, which may not be known yet."""
    try:
        return bool(bench.get(what, "-o", "name"))
    except KubectlFailed:
        return False


def secret(bench: Bench, owner: dict[str, Any], password: str) -> None:
    """Make or change the Secret as the controller does: owned by its object, labels copied as some controllers do."""
    reference = {
        **{field: owner[field] for field in ("apiVersion", "kind")},
        **{field: owner["metadata"][field] for field in ("name", "uid")},
        "controller": True,
    }
    metadata = {"name": "database", "namespace": bench.namespace, "ownerReferences": [reference]}
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": password}}
    path = bench.catalog.parent / "secret.json"
    path.write_text(json.dumps(made))
    bench.cluster.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=controller", "-f", str(path))


@pytest.mark.parametrize("example", KINDS)
def test_the_secret_comes_first_and_stays_its_controller_s(bench: Bench, example: str) -> None:
    """The definitions in the same commit, then the store, then the secret, then who uses it; no fight afterwards."""
    files: dict[str, str | None] = {
        path.name: path.read_text() for path in (EXAMPLES / example / "shop").glob("*.yaml")
    }
    files["crds.yaml"] = "---\n".join(definition(*kind[:4]) + "\n" for kind in KINDS[example])
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    owner: dict[str, Any] = {}
    objects = [one for text in files.values() if text for one in yaml.safe_load_all(text)]
    for group, _, kind, plural, condition in KINDS[example]:
        name = next(one["metadata"]["name"] for one in objects if one["kind"] == kind)
        bench.look_until(lambda what=f"{plural}.{group}": exists(bench, what), also=lambda: bench.clock.forward(5))  # type: ignore[misc]
        bench.look()
        assert bench.told(commit).state is State.PENDING
        assert not bench.get("deployments", "-o", "name")
        owner = answer(bench, plural, group, name, condition)
    secret(bench, owner, "first")
    bench.look_until(lambda: bool(bench.get("deployments", "-o", "name")))
    assert bench.settle(commit).state is State.SUCCESS, bench.told(commit).text
    secret(bench, owner, "rotated")
    before = bench.get("secret", "database", "-o", "jsonpath={.metadata.resourceVersion}")
    bench.look_until_done(bench.ask(why=Why.DRIFT))
    commit = bench.push({"README.md": "words"})
    bench.ask(commit)
    bench.look()
    assert bench.settle(commit).state is State.SUCCESS
    assert bench.get("secret", "database", "-o", "jsonpath={.metadata.resourceVersion}") == before
    assert "part-of" not in bench.get("secret", "database", "-o", "jsonpath={.metadata.labels}")
