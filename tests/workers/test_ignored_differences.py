"""Fields that others write, named in every way, on a real API server: no drift, and kept where that is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import config
from tests.workers.test_declared_fields import kustomization
from tests.workers.test_sync_options import declare, options, web
from tests.workers.test_sync_order import deploy, since
from workers import drift
from workers.groups import IgnoredDifferences
from workers.model import State, Why

pytestmark = pytest.mark.cluster

REPLICAS = "jsonpath={.spec.replicas}"
SHOWN = "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}"
WAYS: dict[str, dict[str, list[str]]] = {
    "pointer": {"jsonPointers": ["/spec/replicas"]},
    "jq": {"jqPathExpressions": ['select(.metadata.name == "web") | .spec.replicas']},
    "manager": {"managedFieldsManagers": ["kubectl"]},
}
RESPECT = "RespectIgnoreDifferences=true"
RULE = {"group": "apps", "kind": "Deployment"}


def ignore(bench: Bench, rule: dict[str, Any], *words: str) -> None:
    """Declare the app with a rule and sync options."""
    declare(bench, (options(*words) if words else "") + f"  ignoreDifferences: {json.dumps([rule])}\n")


def scale(bench: Bench, replicas: int) -> None:
    """Scale as an autoscaler does: by the subresource."""
    bench.cluster.kubectl("-n", bench.namespace, "scale", "deployment/web", f"--replicas={replicas}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("respects", [(), (RESPECT,), (RESPECT, "Replace=true")], ids=str)
@shows(
    "Application spec.ignoreDifferences[].jqPathExpressions",
    "Application spec.ignoreDifferences[].managedFieldsManagers",
)
def test_what_an_autoscaler_writes(bench: Bench, way: str, respects: tuple[str, ...]) -> None:
    """Replicas are in Git: an ignored difference is no drift and no reason to write; kept if that is asked."""
    ignore(bench, {**RULE, **WAYS[way]}, *respects)
    deploy(bench, {"web.yaml": web()})
    for replicas in (3, 4):
        scale(bench, replicas)
        assert drift.sweep(bench.context, "test") == []
    before = bench.writes()
    commit = deploy(bench, {"a.yaml": config("a")})
    if "Replace=true" not in respects:
        assert bench.told(commit).text == "synced: 1 created; 2 objects are healthy"
        assert since(bench, before) == ["patch configmaps/a"]
    assert bench.get("deployment", "web", "-o", REPLICAS) == "4"
    commit = deploy(bench, {"web.yaml": web().replace("nginx", "nginx:1.27")})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    assert bench.get("deployment", "web", "-o", SHOWN) == ("4 nginx:1.27" if respects else "1 nginx:1.27")
    assert drift.sweep(bench.context, "test") == []


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_ignored_is_drift_as_ever(bench: Bench, way: str) -> None:
    """Another field of the same object, written by somebody else; it is made good, and the ignored one stays."""
    ignore(bench, {**RULE, **WAYS[way]}, RESPECT)
    deploy(bench, {"web.yaml": web()})
    scale(bench, 3)
    patch = json.dumps([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil"}])
    bench.cluster.kubectl(
        "-n", bench.namespace, "patch", "deployment", "web", "--type=json", "-p", patch, "--field-manager=hand"
    )
    assert drift.sweep(bench.context, "test") == ["myapp"]
    bench.look_until_done(bench.ask(why=Why.DRIFT))
    assert bench.get("deployment", "web", "-o", SHOWN) == "3 nginx"
    assert drift.sweep(bench.context, "test") == []


def test_a_git_change_of_an_ignored_field_alone_is_no_difference(bench: Bench) -> None:
    """As in Argo CD: what is ignored does not make an app out of sync."""
    ignore(bench, {**RULE, **WAYS["jq"]})
    deploy(bench, {"web.yaml": web()})
    scale(bench, 3)
    before = bench.writes()
    commit = deploy(bench, {"web.yaml": web().replace('"replicas": 1', '"replicas": 2')})
    assert bench.told(commit).state is State.SUCCESS
    assert since(bench, before) == []
    assert bench.get("deployment", "web", "-o", REPLICAS) == "3"


def test_an_expression_that_never_ends_is_the_author_s_error(bench: Bench) -> None:
    """With the app, the expression and the object; a sweep says so too, and goes on with everything else."""
    endless = 'if .kind == "Deployment" then def f: f; f else .none end'
    ignore(bench, {**RULE, "jqPathExpressions": [endless]})
    commit = deploy(bench, {"web.yaml": web()})
    assert bench.told(commit).state is State.FAILURE
    for part in ("app myapp", "def f: f; f", "took more than 1 s", f"on Deployment {bench.namespace}/web"):
        assert part in bench.context.records.progress.app("myapp").text


@pytest.mark.parametrize(
    ("target", "applies"),
    [
        (None, True),
        ({"kind": "Deployment", "group": "apps", "version": "v1", "name": "w.*", "namespace": ".*"}, True),
        ({"group": "batch|extensions"}, False),
        ({"version": "v1beta1"}, False),
        ({"kind": "Deploy"}, False),
        ({"name": "we"}, False),
        ({"namespace": "elsewhere"}, False),
        ({"labelSelector": "tier in (front, back)"}, True),
        ({"labelSelector": "tier=back"}, False),
        ({"annotationSelector": "scaled=yes"}, True),
        ({"annotationSelector": "!scaled"}, False),
    ],
)
@shows(
    "Kustomization spec.ignore[].paths",
    "Kustomization spec.ignore[].target.group",
    "Kustomization spec.ignore[].target.version",
    "Kustomization spec.ignore[].target.kind",
    "Kustomization spec.ignore[].target.name",
    "Kustomization spec.ignore[].target.namespace",
    "Kustomization spec.ignore[].target.labelSelector",
    "Kustomization spec.ignore[].target.annotationSelector",
)
def test_flux_ignore_is_neither_drift_nor_reverted(bench: Bench, target: dict[str, str] | None, applies: bool) -> None:
    """Where the target is meant: the field is the other one's, and no longer ours."""
    rule = {"paths": ["/spec/replicas"], **({"target": target} if target else {})}
    kustomization(bench, {"ignore": [rule], "wait": False})
    marks = '"labels": {"tier": "front"}, "annotations": {"scaled": "yes"}, '
    text = web().replace('"metadata": {', '"metadata": {' + marks, 1)
    files: dict[str, str | None] = {"kustomization.yaml": "resources: [web.yaml]\n", "web.yaml": text}
    deploy(bench, files)
    scale(bench, 3)
    assert drift.sweep(bench.context, "test") == ([] if applies else ["myapp"])
    commit = deploy(bench, {"web.yaml": text.replace("nginx", "nginx:1.27")})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    assert bench.get("deployment", "web", "-o", SHOWN) == ("3 nginx:1.27" if applies else "1 nginx:1.27")
    assert ("f:replicas" in json.dumps(ours(bench))) is not applies


def ours(bench: Bench) -> Any:
    """Return what Hookline owns of the Deployment."""
    live = json.loads(bench.get("deployment", "web", "-o", "json", "--show-managed-fields"))
    found = [entry["fieldsV1"] for entry in live["metadata"]["managedFields"] if entry["manager"] == "hookline"]
    return found[0]


def test_flux_ignore_keeps_what_nobody_else_owns(bench: Bench) -> None:
    """It would go with our claim to it: so it is applied as it is, whatever Git says."""
    kustomization(bench, {"ignore": [{"paths": ["/data/key"]}], "wait": False})
    files: dict[str, str | None] = {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": config("a", "first")}
    deploy(bench, files)
    assert bench.get("configmap", "a", "-o", "jsonpath={.data.key}") == "first"
    labelled = config("a", "second").replace('"metadata": {', '"metadata": {"labels": {"new": "yes"}, ', 1)
    deploy(bench, {"a.yaml": labelled})
    assert bench.get("configmap", "a", "-o", "jsonpath={.data.key} {.metadata.labels.new}") == "first yes"


def test_an_object_that_is_taken_over_keeps_its_ignored_fields(bench: Bench) -> None:
    """Applied by Flux and scaled since: taken over, the scale stays, though Flux's fields become ours."""
    kustomization(bench, {"ignore": [{"paths": ["/spec/replicas"]}], "wait": False})
    bench.cluster.kubectl(
        "-n", bench.namespace, "apply", "--server-side", "--field-manager=kustomize-controller", "-f", "-",
        input=web().replace('"replicas": 1', '"replicas": 5'),
    )  # fmt: skip
    deploy(bench, {"kustomization.yaml": "resources: [web.yaml]\n", "web.yaml": web()})
    assert bench.get("deployment", "web", "-o", REPLICAS) == "5"
    assert drift.sweep(bench.context, "test") == []


def test_rules_of_the_configuration_are_for_every_app(bench: Bench) -> None:
    """As Argo CD's `resource.customizations.ignoreDifferences`, whatever the app says."""
    rules = ({"kind": "Deploy*", "jqPathExpressions": [".spec.replicas"]},)
    bench.configure(ignored=tuple(IgnoredDifferences.model_validate(rule) for rule in rules))
    deploy(bench, {"web.yaml": web()})
    scale(bench, 3)
    assert drift.sweep(bench.context, "test") == []
    bench.configure(ignored=())
    assert drift.sweep(bench.context, "test") == ["myapp"]


@shows("annotation argocd.argoproj.io/compare-options")
def test_an_object_that_is_not_in_git_never_counts(bench: Bench) -> None:
    """`IgnoreExtraneous` with `Prune=false`, as Argo CD's users write it: it stays, and nobody speaks of it."""
    marks = '"annotations": {"argocd.argoproj.io/compare-options": "IgnoreExtraneous", '
    marks += '"argocd.argoproj.io/sync-options": "Prune=false"}, '
    deploy(bench, {"a.yaml": config("a"), "b.yaml": config("b").replace('"metadata": {', '"metadata": {' + marks, 1)})
    commit = deploy(bench, {"b.yaml": None, "c.yaml": config("c")})
    assert bench.told(commit).text == "synced: 1 created; 2 objects are healthy"
    assert bench.get("configmap", "b", "-o", "jsonpath={.data.key}") == "a"
    assert drift.sweep(bench.context, "test") == []
