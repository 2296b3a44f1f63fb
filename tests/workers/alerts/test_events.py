"""Alerts of real syncs, and the Events they become, on a real API server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.local.stack import APPLICATION, PUBLIC_URL
from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import config
from workers import kube
from workers.alert import Kind
from workers.alerts import events, sending, telling
from workers.model import Ref, State

pytestmark = pytest.mark.cluster

BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndatum: {}\n"
FLUX = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: source, namespace: flux-system}
spec: {url: URL, interval: 1m, ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: myapp, namespace: flux-system, annotations: {hookline.dev/alerts: "chat, pager"}}
spec:
  interval: 10m
  path: ./myapp
  prune: true
  targetNamespace: NAMESPACE
  sourceRef: {kind: GitRepository, name: source}
"""


def alerted(bench: Bench) -> None:
    """Let alerts be sent until nothing is due, as ticks and workers do."""
    while due := bench.context.records.alerts.due():
        for outbox in due:
            sending.send(bench.context, outbox)


def found(bench: Bench, kind: str = "ConfigMap", name: str = "hookline-myapp") -> list[dict[str, Any]]:
    """Return our Events about an object, as people list them."""
    events = json.loads(bench.get("events.v1.events.k8s.io", "-o", "json"))["items"]
    mine = [one for one in events if (one["regarding"]["kind"], one["regarding"]["name"]) == (kind, name)]
    return sorted((one for one in mine if one["reportingController"] == "hookline"), key=lambda one: one["eventTime"])


def synced(bench: Bench, text: str) -> State:
    """Push one file, look, and return what the commit was told."""
    commit = bench.push({"config.yaml": text})
    bench.ask(commit)
    bench.look()
    return bench.told(commit).state


def test_a_failure_and_its_recovery_are_events_of_the_inventory(bench: Bench) -> None:
    """`kubectl describe` shows them; a sync that goes well, after one that did, is none."""
    assert synced(bench, config("web")) is State.SUCCESS
    assert synced(bench, BAD) is State.FAILURE
    alerted(bench)
    [event] = found(bench)
    assert (event["type"], event["reason"]) == ("Warning", "SyncFailed")
    assert "datum" in event["note"]
    described = bench.cluster.kubectl("-n", bench.namespace, "describe", "configmap", "hookline-myapp")
    assert "SyncFailed" in described
    assert synced(bench, config("web", "b")) is State.SUCCESS
    assert synced(bench, config("web", "c")) is State.SUCCESS
    alerted(bench)
    assert [(one["type"], one["reason"]) for one in found(bench)[1:]] == [("Normal", "SyncRecovered")]


def test_no_event_is_written_by_a_sync(bench: Bench) -> None:
    """It only records; the API server hears of alerts from the task that sends them."""
    assert synced(bench, BAD) is State.FAILURE
    assert found(bench) == []
    assert bench.context.records.alerts.standing("cluster:test").waiting == 1


def test_drift_is_an_event_of_the_objects_too_and_equal_ones_are_counted(bench: Bench) -> None:
    """A second time within the hour is the same Event with a higher count."""
    assert synced(bench, config("web")) is State.SUCCESS
    app = bench.context.catalog.index().apps["myapp"]
    web, gone = Ref("", "ConfigMap", bench.namespace, "web"), Ref("", "ConfigMap", bench.namespace, "gone")
    for _ in range(3):
        assert telling.drift_found(bench.context, app, "a" * 40, {web: "", gone: ""})
        assert telling.drift_repaired(bench.context, app, "a" * 40, {web: "", gone: ""})
        bench.clock.forward(60)
        alerted(bench)
    assert found(bench, name="gone") == []
    for name in ("web", "hookline-myapp"):
        events = {one["reason"]: one["series"]["count"] for one in found(bench, name=name)}
        assert events == {"DriftFound": 3, "DriftRepaired": 3}


def test_what_cannot_have_an_event_stops_no_other(bench: Bench) -> None:
    """An app whose namespace does not exist, and one that is gone."""
    bench.declare(APPLICATION.replace("namespace: default", "namespace: nowhere").replace("myapp", "lost", 1), "lost")
    index = bench.context.catalog.index()
    telling.degraded(bench.context, index.apps["lost"], "", [])
    telling.degraded(bench.context, index.apps["myapp"], "", [])
    alerted(bench)
    assert [one["reason"] for one in found(bench)] == ["AppDegraded"]
    assert bench.context.records.alerts.standing("cluster:test").failures == 0


def test_a_dry_client_writes_no_event(bench: Bench) -> None:
    """As it writes nothing else."""
    client = bench.context.clusters.client("test").dry()
    made = telling.made(bench.context.catalog.index().apps["myapp"], Kind.APP_DEGRADED, "s", "t", 1.0, "", ())
    about = events.reference(client, Ref("", "ConfigMap", bench.namespace, "kube-root-ca.crt"), "v1")
    client.create(events.event(made, about))
    assert found(bench, name="kube-root-ca.crt") == []
    with pytest.raises(kube.UnknownKind):
        events.reference(client, Ref("no.such", "Kind", bench.namespace, "x"), "v1")


def test_an_event_of_any_name_can_be_written(bench: Bench) -> None:
    """Names of roles hold colons, and names may be as long as Kubernetes allows."""
    client = bench.context.clusters.client("test")
    made = telling.made(bench.context.catalog.index().apps["myapp"], Kind.DRIFT_FOUND, "s", "t", 1.0, "", ())
    for name in ("system:controller:X", "a" * 253):
        about = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "namespace": bench.namespace,
            "name": name,
        }
        client.create(events.event(made, about))
        assert [one["reason"] for one in found(bench, "Role", name)] == ["DriftFound"]


@shows("Kustomization metadata.annotations")
def test_a_kustomization_names_its_targets(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the targets for those who name them, the one it names hears that its sync failed."""
    monkeypatch.setenv("URL", "json://127.0.0.1:9/")
    silent = {"url": "env:URL", "apps": []}
    alerts = {"targets": {"chat": silent, "other": silent}}
    settings = bench.context.settings
    bench.configure(alerts=type(settings.alerts).model_validate(alerts))
    bench.declare(FLUX.replace("NAMESPACE", bench.namespace).replace("URL", PUBLIC_URL))
    assert synced(bench, BAD) is State.FAILURE
    waiting = {name: bench.context.records.alerts.standing(name).waiting for name in ("chat", "other")}
    assert waiting == {"chat": 1, "other": 0}
