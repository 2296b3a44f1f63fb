"""What a commit is told while its objects are judged by somebody's own checks, on a real API server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import document
from tests.workers.test_declared_fields import kustomization
from tests.workers.test_sync_options import web
from workers import drift
from workers.groups import Health
from workers.model import State

CHECK = """
local hs = {status = "Progressing", message = "nobody has looked at it"}
if obj.status ~= nil and obj.status.seen == obj.spec.size then
  hs.status = obj.status.phase == "Done" and "Healthy" or "Degraded"
  hs.message = obj.status.phase
end
return hs
"""


@pytest.fixture
def group(bench: Bench) -> Iterator[str]:
    """A kind of nobody's, Widget, in an API group of this test."""
    group = f"{bench.namespace}.example.com"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"plural": "widgets", "kind": "Widget"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    text = document("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{group}", {}, spec=spec)
    bench.cluster.kubectl("create", "-f", "-", input=text)
    bench.cluster.kubectl("wait", "--for=condition=Established", f"crd/widgets.{group}", "--timeout=90s")
    yield group
    bench.cluster.kubectl("delete", "crd", f"widgets.{group}", "--ignore-not-found", "--wait=false")


def pushed(bench: Bench, group: str, size: int) -> str:
    """Push a widget of this size, and look until it is waited for; return the commit."""
    commit = bench.push({"w.yaml": document(f"{group}/v1", "Widget", "one", {}, spec={"size": size})})
    bench.ask(commit)
    bench.look()
    assert bench.told(commit).state is State.PENDING
    return commit


def write_status(bench: Bench, group: str, **status: Any) -> None:
    """Be the widget's controller."""
    patch = json.dumps({"status": status})
    widget = f"widgets.{group}/one"
    bench.cluster.kubectl("-n", bench.namespace, "patch", widget, "--subresource=status", "--type=merge", f"-p={patch}")


def add_check(bench: Bench, folder: Path, group: str, text: str) -> None:
    """Start anew with a Lua check for the widget."""
    (folder / group / "Widget").mkdir(parents=True, exist_ok=True)
    (folder / group / "Widget" / "health.lua").write_text(text)
    bench.configure(health=Health(folders=(folder,)))


def test_a_lua_check_holds_a_commit_s_success_back_and_fails_it(bench: Bench, group: str, tmp_path: Path) -> None:
    """Pending until the controller has written what the check asks for; red at once when it says Degraded."""
    add_check(bench, tmp_path / "checks", group, CHECK)
    first = pushed(bench, group, 1)
    assert "one: is progressing (nobody has looked at it)" in bench.waits()
    bench.look()
    assert bench.told(first).state is State.PENDING
    write_status(bench, group, phase="Done", seen=1)
    assert bench.settle(first).state is State.SUCCESS
    second = pushed(bench, group, 2)
    write_status(bench, group, phase="Broken", seen=2)
    assert bench.settle(second).state is State.FAILURE
    assert f"Widget {bench.namespace}/one: is degraded (Broken)" in bench.told(second).text


def test_a_lua_check_that_fails_ends_in_failure_and_is_named(bench: Bench, group: str, tmp_path: Path) -> None:
    """The object is never well by mistake: it waits, and its time runs out."""
    add_check(bench, tmp_path / "checks", group, "while true do end")
    commit = pushed(bench, group, 1)
    bench.clock.forward(bench.context.settings.sync.health_timeout)
    report = bench.settle(commit)
    assert report.state is State.FAILURE
    named = f"Widget {bench.namespace}/one: is not judged: check {group}/Widget failed: it takes more than"
    assert f"not healthy in time: {named}" in report.text


@shows(
    "Kustomization spec.healthCheckExprs[].apiVersion", "Kustomization spec.healthCheckExprs[].kind",
    "Kustomization spec.healthCheckExprs[].current", "Kustomization spec.healthCheckExprs[].inProgress",
    "Kustomization spec.healthCheckExprs[].failed",
)  # fmt: skip
def test_health_check_expressions_of_a_kustomization(bench: Bench, group: str) -> None:
    """In progress goes before failed, failed before current, and none of them waits."""
    said = {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "inProgress": "has(status.busy) && status.busy",
        "failed": "status.phase == 'Broken' && status.seen == spec.size",
        "current": "status.phase == 'Done' && status.seen == spec.size",
    }
    kustomization(bench, {"healthCheckExprs": [said]})
    first = pushed(bench, group, 1)
    assert "is not judged: its `inProgress` expression failed: UNKNOWN: No value with name" in bench.waits()
    write_status(bench, group, phase="Done", seen=1, busy=True)
    bench.look_until(lambda: "one: is in progress" in bench.waits())
    write_status(bench, group, busy=False, seen=0)
    bench.look_until(lambda: "one: is not current" in bench.waits())
    write_status(bench, group, seen=1)
    assert bench.settle(first).state is State.SUCCESS
    second = pushed(bench, group, 2)
    write_status(bench, group, phase="Broken", seen=2)
    assert bench.settle(second).state is State.FAILURE
    assert "one: has failed" in bench.told(second).text


def test_an_expression_judges_an_object_of_anybody_that_is_named(bench: Bench, group: str) -> None:
    """Flux's healthChecks are judged by the expressions for their kind, without ``wait``."""
    check = {"apiVersion": f"{group}/v1", "kind": "Widget", "name": "one", "namespace": bench.namespace}
    said = {"apiVersion": f"{group}/v1", "kind": "Widget", "current": "status.phase == 'Done'"}
    kustomization(bench, {"wait": False, "healthChecks": [check], "healthCheckExprs": [said]})
    commit = pushed(bench, group, 1)
    write_status(bench, group, phase="Done")
    assert bench.settle(commit).state is State.SUCCESS


def test_an_object_whose_health_is_to_be_ignored_is_not_waited_for(bench: Bench) -> None:
    """Argo CD's annotation: the app is well though its Deployment never will be."""
    slow = web().replace('"name": "web", "image"', '"resources": {"requests": {"cpu": "9000"}}, "name": "web", "image"')
    annotation = '"metadata": {"annotations": {"argocd.argoproj.io/ignore-healthcheck": "true"}, '
    ignored = slow.replace('"metadata": {', annotation, 1)
    commit = bench.push({"web.yaml": slow})
    bench.ask(commit)
    bench.look()
    assert bench.told(commit).state is State.PENDING
    again = bench.push({"web.yaml": ignored})
    bench.ask(again)
    assert bench.settle(again).state is State.SUCCESS


def alerts(bench: Bench) -> list[str]:
    """Return what was told so far, oldest first."""
    return [alert.kind.value for alert, _ in bench.context.records.alerts.waiting("cluster:test").alerts]


def condition(kind: str, status: str) -> dict[str, str]:
    """Return a condition as controllers write it."""
    moment = "2026-01-01T00:00:00Z"
    return {"type": kind, "status": status, "reason": "Because", "message": "so", "lastTransitionTime": moment}


def test_an_app_that_is_no_longer_well_is_told_of_and_so_is_its_recovery(bench: Bench, group: str) -> None:
    """What is not ready, once that lasts; what has failed, at once. Each once, however often the sweep looks."""
    commit = bench.push({"w.yaml": document(f"{group}/v1", "Widget", "one", {}, spec={"size": 1})})
    bench.ask(commit)
    bench.look()
    assert bench.settle(commit).state is State.SUCCESS
    write_status(bench, group, conditions=[condition("Ready", "False")])
    drift.sweep(bench.context, "test")
    assert alerts(bench) == []
    bench.clock.forward(bench.context.settings.sync.health_timeout)
    drift.sweep(bench.context, "test")
    drift.sweep(bench.context, "test")
    assert alerts(bench) == ["app degraded"]
    told = bench.context.records.alerts.waiting("cluster:test").alerts[0][0]
    assert told.text == f"no longer healthy: Widget {bench.namespace}/one: is not ready (Because: so)"
    write_status(bench, group, conditions=[condition("Ready", "True")])
    drift.sweep(bench.context, "test")
    drift.sweep(bench.context, "test")
    assert alerts(bench) == ["app degraded", "app healthy again"]
    write_status(bench, group, conditions=[condition("Stalled", "True")])
    drift.sweep(bench.context, "test")
    assert alerts(bench) == ["app degraded", "app healthy again", "app degraded"]


def test_a_sync_that_is_not_over_is_not_told_of_as_degraded(bench: Bench, group: str, tmp_path: Path) -> None:
    """Its commit is told how it ends."""
    add_check(bench, tmp_path / "checks", group, CHECK)
    pushed(bench, group, 1)
    bench.clock.forward(bench.context.settings.sync.health_timeout)
    drift.sweep(bench.context, "test")
    assert alerts(bench) == []
