"""Objects that others applied first are taken over whole: what is not in Git goes, nothing else changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.workers.conftest import Bench
from workers.flight import Mode
from workers.kube import Client
from workers.model import State

pytestmark = pytest.mark.cluster

LABELS = {"app": "web", "tier": "front", "extra": "yes"}


def deployment(*, labels: dict[str, str] = LABELS, env: bool = True, extra: bool = True) -> dict[str, Any]:
    """A Deployment of no replicas with fields that will go."""
    container: dict[str, Any] = {"name": "web", "image": "nginx:1", "ports": [{"containerPort": 80}]}
    if env:
        container["env"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    annotations = {"example.com/note": "hello"} if extra else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": labels, "annotations": annotations},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
        },
    }


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "labels": {"app": "web", "extra": "yes"}},
    "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}, {"name": "admin", "port": 81}]},
}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "1", "b": "2"}}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "web", "labels": {"extra": "yes"}},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "alone", "labels": {"extra": "yes"}},
    "spec": {"schedulerName": "nobody", "containers": [{"name": "web", "image": "nginx:1"}]},
}
BEFORE = [deployment(), SERVICE, CONFIG, CLAIM, POD]


def _without(one: dict[str, Any]) -> dict[str, Any]:
    """The same object with a field of each sort gone."""
    made: dict[str, Any] = json.loads(json.dumps(one))
    if one["kind"] == "Deployment":
        made = deployment(labels={"app": "web"}, extra=False)
        made["spec"]["template"]["spec"]["containers"][0]["env"].pop()
    else:
        made["metadata"].get("labels", {}).pop("extra", None)
    if one["kind"] == "Service":
        made["spec"]["ports"].pop()
    made.get("data", {}).pop("b", None)
    return made


def _kubectl(*words: str, manager: str = "") -> Callable[[Bench, list[dict[str, Any]]], None]:
    def run(bench: Bench, objects: list[dict[str, Any]]) -> None:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        flags = [f"--field-manager={manager}"] if manager else []
        bench.cluster.kubectl("-n", bench.namespace, *words, *flags, "-f", "-", input=text)

    return run


def _tracked(metadata: dict[str, dict[str, str]], *words: str, manager: str) -> Callable[[Bench, list[Any]], None]:
    """Apply as another tool does: with its manager, its labels and its annotations."""

    def run(bench: Bench, objects: list[dict[str, Any]]) -> None:
        marked = json.loads(json.dumps(objects))
        for one in marked:
            for name, values in metadata.items():
                one["metadata"][name] = {**one["metadata"].get(name, {}), **values}
        _kubectl(*words, manager=manager)(bench, marked)

    return run


HELM = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "x"},
}
ARGO = {
    "labels": {"app.kubernetes.io/instance": "web"},
    "annotations": {"argocd.argoproj.io/tracking-id": "web:apps/Deployment:x/web"},
}
FLUX = {"labels": {"kustomize.toolkit.fluxcd.io/name": "web", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}}

APPLIED: dict[str, Callable[[Bench, list[dict[str, Any]]], None]] = {
    "kubectl apply": _kubectl("apply"),
    "kubectl apply --server-side": _kubectl("apply", "--server-side"),
    "kubectl create": _kubectl("create"),
    "kubectl create --save-config": _kubectl("create", "--save-config"),
    "helm 3": _tracked(HELM, "create", manager="helm"),
    "helm 4": _tracked(HELM, "apply", "--server-side", manager="helm"),
    "Argo CD, client-side": _tracked(ARGO, "apply", manager="argocd-controller"),
    "Argo CD, server-side": _tracked(ARGO, "apply", "--server-side", manager="argocd-controller"),
    "Flux": _tracked(FLUX, "apply", "--server-side", manager="kustomize-controller"),
}


def _live(bench: Bench, one: dict[str, Any]) -> dict[str, Any]:
    text = bench.get(one["kind"], one["metadata"]["name"], "-o", "json", "--show-managed-fields")
    found: dict[str, Any] = json.loads(text)
    return found


def _plain(live: dict[str, Any]) -> dict[str, Any]:
    """What a person means by an object: without what the API server writes, and without labels and annotations."""
    return {key: value for key, value in live.items() if key not in ("metadata", "status")}


def _rollout(live: dict[str, Any]) -> str:
    """Return the revision of what runs, "" for what runs nothing."""
    return str((live["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision", ""))


@pytest.mark.parametrize("how", APPLIED)
def test_what_another_tool_applied_is_taken_over_and_a_field_removed_in_git_goes(bench: Bench, how: str) -> None:
    """The takeover itself changes no spec and restarts nothing; the removal removes just that."""
    APPLIED[how](bench, BEFORE)
    before = {one["kind"]: _live(bench, one) for one in BEFORE}
    files: dict[str, str | None] = {f"{one['kind']}.yaml": json.dumps(one) for one in BEFORE}
    commit = bench.push(files)
    number = bench.ask(commit)
    bench.look()
    bench.look_until(lambda: _is_applied(bench))
    taken = {one["kind"]: _live(bench, one) for one in BEFORE}
    for kind, live in taken.items():
        assert _plain(live) == _plain(before[kind]), kind
        assert live["metadata"]["uid"] == before[kind]["metadata"]["uid"]
        # A Deployment counts generations for annotations, too; its revision counts templates.
        assert _rollout(live) == _rollout(before[kind])
        managers = {entry["manager"] for entry in live["metadata"]["managedFields"] if not entry.get("subresource")}
        assert managers <= {"hookline", "kube-controller-manager", "kwok"}
        assert "last-applied" not in json.dumps(live["metadata"].get("annotations", {}))
        assert not {*live["metadata"]["labels"]} & {*HELM["labels"], *ARGO["labels"], *FLUX["labels"]}

    after = [_without(one) for one in BEFORE]
    commit = bench.push({f"{one['kind']}.yaml": json.dumps(one) for one in after})
    assert bench.ask(commit) > number
    bench.look()
    bench.look_until(lambda: _is_applied(bench))
    live = {one["kind"]: _live(bench, one) for one in after}
    [container] = live["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "A", "value": "1"}]
    assert "example.com/note" not in live["Deployment"]["metadata"].get("annotations", {})
    assert [port["name"] for port in live["Service"]["spec"]["ports"]] == ["http"]
    assert live["Service"]["spec"]["clusterIP"] == before["Service"]["spec"]["clusterIP"]
    assert live["ConfigMap"]["data"] == {"a": "1"}
    for kind in ("Deployment", "Service", "PersistentVolumeClaim", "Pod"):
        assert "extra" not in live[kind]["metadata"]["labels"], kind
        assert live[kind]["metadata"]["uid"] == before[kind]["metadata"]["uid"]


def _is_applied(bench: Bench) -> bool:
    """Whether the newest commit is written: the app itself waits for a volume for ever."""
    flight = bench.context.records.progress.flight("myapp")
    head = bench.checkout.run("rev-parse", "HEAD")
    assert bench.told(head).state is State.PENDING, bench.told(head)
    return flight is not None and (flight.revision, flight.mode) == (head, Mode.WAIT)


def test_a_manager_of_single_fields_keeps_them(bench: Bench) -> None:
    """What people and controllers set beside Git's fields is not Git's to remove."""
    APPLIED["kubectl apply"](bench, [CONFIG])
    patch = '{"metadata": {"labels": {"by": "hand"}}}'
    bench.cluster.kubectl("-n", bench.namespace, "patch", "configmap", "web", "-p", patch)
    commit = bench.push({"one.yaml": json.dumps(CONFIG)})
    bench.ask(commit)
    assert bench.settle(commit).state is State.SUCCESS
    assert _live(bench, CONFIG)["metadata"]["labels"]["by"] == "hand"


def test_an_object_of_ours_that_somebody_applied_by_hand_is_taken_back(bench: Bench) -> None:
    """``kubectl apply`` on an object of ours adds fields that Git does not have: they go with the next sync."""
    commit = bench.push({"one.yaml": json.dumps(CONFIG)})
    bench.ask(commit)
    assert bench.settle(commit).state is State.SUCCESS
    _kubectl("apply", "--server-side")(bench, [{**CONFIG, "data": {"a": "1", "b": "2", "c": "3"}}])
    assert _live(bench, CONFIG)["data"]["c"] == "3"
    commit = bench.push({"two.yaml": json.dumps({**CONFIG, "metadata": {"name": "two"}})})
    bench.ask(commit)
    assert bench.settle(commit).state is State.SUCCESS
    assert _live(bench, CONFIG)["data"] == {"a": "1", "b": "2"}


def test_without_force_only_other_controllers_are_in_the_way(bench: Bench) -> None:
    """A file's former writer is taken over even where conflicts are not forced; anybody else is named."""
    clusters = bench.context.settings.clusters
    bench.configure(clusters={"test": clusters["test"].model_copy(update={"force_conflicts": False})})
    APPLIED["Argo CD, server-side"](bench, [CONFIG])
    commit = bench.push({"one.yaml": json.dumps({**CONFIG, "data": {"a": "other"}})})
    bench.ask(commit)
    assert bench.settle(commit).state is State.SUCCESS
    assert _live(bench, CONFIG)["data"] == {"a": "other"}
    _kubectl("apply", "--server-side", "--force-conflicts", manager="tuner")(
        bench, [{**CONFIG, "data": {"a": "tuned"}}]
    )
    commit = bench.push({"one.yaml": json.dumps({**CONFIG, "data": {"a": "third"}})})
    bench.ask(commit)
    told = bench.settle(commit)
    assert told.state is State.FAILURE
    assert "tuner owns data.a" in told.text


def test_owning_is_refused_when_the_object_has_changed(bench: Bench) -> None:
    """Between reading and taking over somebody may write: then it is read anew, never overwritten."""
    APPLIED["kubectl apply"](bench, [CONFIG])
    client: Client = bench.context.clusters.client("test")
    live = _live(bench, CONFIG)
    bench.cluster.kubectl("-n", bench.namespace, "label", "configmap", "web", "x=y")
    with pytest.raises(Exception, match="not the one we knew"):
        client.own(live, [])
