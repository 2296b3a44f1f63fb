"""The watch on a real API server that restarts, forgets and is cut off: nothing missed, nothing repaired twice."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.local import binaries
from deploy.local.control_plane import ControlPlane
from tests.fakes.wire import Wire
from tests.workers.conftest import Bench
from tests.workers.test_sync import config, deploy
from workers import context as contexts
from workers import drift, watching
from workers.context import Context
from workers.kube.calls import METADATA, METADATA_LIST
from workers.model import Why
from workers.settings import Cluster

pytestmark = pytest.mark.cluster

SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: hidden}
stringData: {password: correct-horse}
"""
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "lamps.watching.example.com"},
    "spec": {
        "group": "watching.example.com",
        "scope": "Namespaced",
        "names": {"plural": "lamps", "singular": "lamp", "kind": "Lamp", "listKind": "LampList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
LAMP = """\
apiVersion: watching.example.com/v1
kind: Lamp
metadata: {name: one}
spec: {lit: true}
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[ControlPlane]:
    """An API server of our own: others would notice what is done to it."""
    with ControlPlane(full=False, binaries=binaries.locate()) as plane:
        yield plane


@pytest.fixture
def wire(cluster: ControlPlane) -> Iterator[Wire]:
    """The watch's way to the API server; workers have another."""
    with Wire(cluster.client, cluster.url) as made:
        yield made


@pytest.fixture
def watched(bench: Bench, wire: Wire, tmp_path: Path) -> Context:
    """The context of a watch process behind the wire."""
    path = tmp_path / "wire.kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "it",
                "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
                "clusters": [{"name": "it", "cluster": {"server": wire.url}}],
                "users": [{"name": "it", "user": {}}],
            }
        )
    )
    settings = bench.context.settings.model_copy(update={"clusters": {"test": Cluster(kubeconfig=path)}})
    return contexts.create(settings, bench.context.records, bench.counter)


@contextmanager
def watching_in(context: Context, wire: Wire, kinds: int = 1) -> Iterator[None]:
    """Run the watch of a context; begin when it follows so many kinds."""
    stop = threading.Event()
    thread = threading.Thread(target=watching.run, args=(context, stop))
    thread.start()
    try:
        until(lambda: wire.watches == kinds)
        yield
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def until(is_so: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for what happens elsewhere."""
    for _ in range(int(seconds / 0.05)):
        if is_so():
            return
        threading.Event().wait(0.05)
    raise TimeoutError


def asked(bench: Bench) -> int:
    """Return how many looks for drift are asked for and not done."""
    requests = bench.context.records.progress.open_requests("myapp")
    return len([request for request in requests if request.why is Why.DRIFT])


def change(bench: Bench, how: str) -> None:
    """Edit or delete an object."""
    if how == "edit":
        edit(bench, "one")
    else:
        bench.cluster.kubectl("-n", bench.namespace, "delete", "configmap", "two")


def edit(bench: Bench, name: str, value: str = "by hand") -> None:
    """Change an object's data."""
    patch(bench, "configmap", name, {"data": {"key": value}})


def patch(bench: Bench, kind: str, name: str, change: dict[str, Any]) -> None:
    """Change an object as somebody else does."""
    bench.cluster.kubectl("-n", bench.namespace, "patch", kind, name, "--type=merge", "-p", json.dumps(change))


def repaired(bench: Bench) -> None:
    """Let a worker look, and see that nothing differs any more."""
    until(lambda: asked(bench) > 0)
    bench.look()
    assert drift.sweep(bench.context, "test") == []


def test_a_stream_cut_in_the_middle_of_an_event_loses_none(bench: Bench, watched: Context, wire: Wire) -> None:
    deploy(bench, {"a.yaml": config(), "b.yaml": config("two")})
    with watching_in(watched, wire):
        wire.cut(amid=True)
        edit(bench, "one")
        repaired(bench)
        wire.cut()
        edit(bench, "two")
        repaired(bench)


@pytest.mark.parametrize("how", ["edit", "delete"])
def test_what_was_changed_while_nobody_watched_is_found(bench: Bench, watched: Context, wire: Wire, how: str) -> None:
    """As the API server still knows the past, it tells all of it."""
    deploy(bench, {"a.yaml": config(), "b.yaml": config("two"), "c.yaml": config("three")})
    with watching_in(watched, wire):
        wire.closed = True
        wire.cut()
        change(bench, how)
        wire.closed = False
        repaired(bench)


@pytest.mark.parametrize("how", ["edit", "delete"])
def test_when_the_past_is_compacted_and_the_api_server_new_a_list_tells(
    bench: Bench, watched: Context, wire: Wire, how: str
) -> None:
    """The old resourceVersion is answered with 410."""
    deploy(bench, {"a.yaml": config(), "b.yaml": config("two"), "c.yaml": config("three")})
    with watching_in(watched, wire):
        wire.closed = True
        wire.cut()
        change(bench, how)
        for number in range(10):
            patch(bench, "configmap", "three", {"data": {"other": str(number)}})
        bench.cluster.compact()
        bench.cluster.restart_api()
        before = len(wire.passed)
        wire.closed = False
        until(lambda: asked(bench) > 0)
        after = [one for one in wire.passed[before:] if "configmaps?" in one.path]
        assert ["watch=true" in one.path for one in after[:3]] == [True, False, True], "410, a list, a watch again"
        repaired(bench)


def test_a_restart_of_the_api_server_is_survived(bench: Bench, watched: Context, wire: Wire) -> None:
    """What is changed as soon as it is back is found."""
    deploy(bench, {"a.yaml": config()})
    with watching_in(watched, wire):
        bench.cluster.restart_api()
        edit(bench, "one")
        repaired(bench)


def test_a_connection_that_is_dead_but_open_is_given_up(
    bench: Bench, watched: Context, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bookmark comes any more."""
    monkeypatch.setattr("workers.kube.client.SILENCE_SECONDS", 2.0)
    deploy(bench, {"a.yaml": config()})
    with watching_in(watched, wire):
        wire.freeze()
        edit(bench, "one")
        repaired(bench)


def test_the_watch_never_asks_for_a_secret_s_value(bench: Bench, watched: Context, wire: Wire) -> None:
    """Not by list, watch or get; and a Secret that was changed is repaired all the same."""
    deploy(bench, {"a.yaml": config(), "s.yaml": SECRET})
    with watching_in(watched, wire, kinds=2):
        patch(bench, "secret", "hidden", {"stringData": {"password": "x"}})
        repaired(bench)
        bench.clock.forward(60)  # a second repair of one object waits a moment
        bench.cluster.kubectl("-n", bench.namespace, "delete", "secret", "hidden")
        repaired(bench)
    secrets = [one for one in wire.passed if "/secrets" in one.path]
    assert {one.accept for one in secrets} == {METADATA["Accept"], METADATA_LIST["Accept"]}
    assert any(one.path.endswith("/hidden") for one in secrets)
    assert bench.get("secret", "hidden", "-o", "jsonpath={.data.password}") == "Y29ycmVjdC1ob3JzZQ=="


def test_kinds_join_and_leave_without_a_restart(bench: Bench, watched: Context, wire: Wire) -> None:
    """Also one that was not served before; when its definition is deleted, its objects are missed."""
    deploy(bench, {"a.yaml": config()})
    with watching_in(watched, wire):
        bench.cluster.kubectl("apply", "-f", "-", input=json.dumps(DEFINITION))
        bench.cluster.kubectl("wait", "--for=condition=Established", "crd/lamps.watching.example.com")
        deploy(bench, {"a.yaml": config(), "lamp.yaml": LAMP})
        until(lambda: wire.watches == 2)
        patch(bench, "lamp", "one", {"spec": {"lit": False}})
        repaired(bench)
        bench.cluster.kubectl("delete", "crd", "lamps.watching.example.com")
        until(lambda: asked(bench) > 0)
        commit = bench.push({"lamp.yaml": None})
        bench.ask(commit)
        bench.settle(commit)
        until(lambda: wire.watches == 1)
        passed = len(wire.passed)
        threading.Event().wait(1)
        assert not [one for one in wire.passed[passed:] if "lamps" in one.path], "it is not asked for any more"


def test_drift_during_a_sync_is_judged_after_it(bench: Bench, watched: Context, wire: Wire) -> None:
    deploy(bench, {"a.yaml": config()})
    leases = bench.context.records.leases
    with watching_in(watched, wire):
        assert leases.take("app:myapp", "a worker", 60)
        edit(bench, "one")
        threading.Event().wait(0.5)
        assert asked(bench) == 0
        leases.release("app:myapp", "a worker")
        repaired(bench)


def test_a_field_that_the_app_ignores_is_no_drift_and_is_read_once(bench: Bench, watched: Context, wire: Wire) -> None:
    rule = "  ignoreDifferences:\n  - {group: '', kind: ConfigMap, jsonPointers: [/data/key]}\n  syncPolicy:"
    path = bench.catalog / "myapp.yaml"
    bench.declare(path.read_text().replace("  syncPolicy:", rule))
    watched.catalog.refresh()
    deploy(bench, {"a.yaml": config().replace("key: a", "key: a, kept: b"), "b.yaml": config("two")})
    with watching_in(watched, wire):
        edit(bench, "one")
        until(lambda: bool(gets(wire)))
        for number in range(5):
            bench.cluster.kubectl("-n", bench.namespace, "annotate", "configmap", "one", f"n{number}=x")
        bench.cluster.kubectl("-n", bench.namespace, "delete", "configmap", "two")
        repaired(bench)
        assert [one.rpartition("/")[2] for one in gets(wire)] == ["one", "two"]


def gets(wire: Wire) -> list[str]:
    """Return the paths of single objects that were read."""
    return [one.path for one in wire.passed if "/namespaces/" in one.path]


def test_in_a_flood_of_events_nothing_is_missed_and_nothing_repaired_twice(
    bench: Bench, watched: Context, wire: Wire
) -> None:
    """Most change what is not ours; of every tenth object our field is changed, and each is put back just once."""
    names = [f"c{number}" for number in range(100)]
    deploy(bench, {f"{name}.yaml": config(name) for name in names})
    before = len(bench.writes())
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.01):
            if bench.counter.sent:
                bench.counter.sent.clear()
                bench.look()
            elif asked(bench):
                bench.look()

    def flood(name: str) -> None:
        client, path = bench.cluster.client, f"/api/v1/namespaces/{bench.namespace}/configmaps/{name}"
        headers = {"Content-Type": "application/merge-patch+json"}
        for number in range(10):
            data = {"other": str(number)} | ({"key": "by hand"} if number == 5 and name.endswith("7") else {})
            client.patch(path, params={"fieldManager": "hand"}, headers=headers, json={"data": data}).raise_for_status()

    worker = threading.Thread(target=work)
    with watching_in(watched, wire):
        worker.start()
        try:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(flood, names))
            until(lambda: len(bench.writes()) - before >= 10 and not asked(bench))
            assert drift.sweep(bench.context, "test") == []
        finally:
            over.set()
            worker.join()
    wrote = Counter(bench.writes()[before:])
    assert wrote == {f"patch configmaps/{name}": 1 for name in names if name.endswith("7")}
