"""What the sweep and the watch make of a live object that is not as applied."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.workers.conftest import Bench
from tests.workers.test_sync import DEPLOYMENT, config, deploy
from workers import drift, sweep, watching
from workers.model import Why


def test_a_sweep_without_drift_asks_for_nothing(bench: Bench) -> None:
    """One LIST for each kind, whatever the number of apps."""
    deploy(bench, {"a.yaml": config(), "b.yaml": config("two")})
    client = bench.context.clusters.client("test")
    before = client.requests
    assert drift.sweep(bench.context, "test") == []
    assert client.requests - before == len(bench.context.records.drift.kinds("test"))


@pytest.mark.parametrize("how", ["edit", "delete", "label"])
def test_the_sweep_finds_what_was_changed_by_hand(bench: Bench, how: str) -> None:
    """And the repair puts it back."""
    deploy(bench, {"a.yaml": config()})
    commands = {
        "edit": ("patch", "configmap", "one", "-p", '{"data":{"key":"by hand"}}'),
        "delete": ("delete", "configmap", "one"),
        "label": ("label", "configmap", "one", "applyset.kubernetes.io/part-of-"),
    }
    bench.cluster.kubectl("-n", bench.namespace, *commands[how])
    sweep.sweep(bench.context)
    [request] = bench.context.records.progress.open_requests("myapp")
    assert request.why is Why.DRIFT
    bench.look()
    assert bench.get("configmap", "-l", "applyset.kubernetes.io/part-of", "-o", "jsonpath={.items[0].data.key}") == "a"
    assert bench.context.records.repairs.noted("myapp") == {}


def test_what_others_own_is_no_drift(bench: Bench) -> None:
    """An annotation, a label and a key that Git does not name."""
    deploy(bench, {"a.yaml": config()})
    bench.cluster.kubectl("-n", bench.namespace, "annotate", "configmap", "one", "note=mine")
    bench.cluster.kubectl("-n", bench.namespace, "patch", "configmap", "one", "-p", '{"data":{"other":"mine"}}')
    assert drift.sweep(bench.context, "test") == []


def test_what_goes_while_a_sync_waits_for_health_is_repaired(bench: Bench) -> None:
    """The wait looks at health only: it would wait for the deleted object until its time is over."""
    never = DEPLOYMENT.replace("nginx:1.25}", "nginx:1.25, resources: {requests: {cpu: 9000}}}")
    deploy(bench, {"a.yaml": config(), "web.yaml": never})
    assert bench.context.records.progress.flight("myapp") is not None
    bench.cluster.kubectl("-n", bench.namespace, "delete", "configmap", "one")
    sweep.sweep(bench.context)
    assert [request.why for request in bench.context.records.progress.open_requests("myapp")] == [Why.PUSH, Why.DRIFT]
    bench.look()
    assert "configmap/one" in bench.get("configmap", "-o", "name")


def test_the_watch_asks_for_repairs_and_wakes_what_waits(bench: Bench) -> None:
    """The same app, from a thread of the watch process."""
    deploy(bench, {"a.yaml": config(), "web.yaml": DEPLOYMENT})
    stop = threading.Event()
    thread = threading.Thread(target=watching.run, args=(bench.context, stop))
    thread.start()
    try:
        while bench.context.records.progress.flight("myapp"):
            until(lambda: bool(bench.counter.sent))
            bench.counter.sent.clear()
            bench.look()
        bench.cluster.kubectl("-n", bench.namespace, "scale", "deployment", "web", "--replicas=2")
        until(lambda: bool(bench.context.records.progress.open_requests("myapp")))
        [request] = bench.context.records.progress.open_requests("myapp")
        assert request.why is Why.DRIFT
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something only Redis knows."""
    for _ in range(3000):
        if is_so():
            return
        threading.Event().wait(0.05)
    raise TimeoutError
