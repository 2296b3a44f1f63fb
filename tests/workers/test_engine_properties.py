"""Whatever happens in whatever order: when all is quiet, the cluster is what Git wants and every commit has its end."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.e2e.conftest import plain_kubeconfig
from tests.fakes.tollgate import Tollgate
from tests.workers.conftest import Bench
from tests.workers.fleet import APPS, FAULTS, NAMES, Fleet
from workers.settings import Cluster

pytestmark = pytest.mark.cluster

letters, names = st.sampled_from(APPS), st.sampled_from(NAMES)
data = st.dictionaries(st.sampled_from(["k", "l", "m"]), st.sampled_from(["1", "2"]), min_size=1)
changes = st.tuples(letters, names, st.none() | data)
edits = st.sampled_from(
    [
        None,
        {"data": {"k": "by hand"}},
        {"data": {"hand": "added"}},
        {"data": None},
        {"metadata": {"labels": {"applyset.kubernetes.io/part-of": None}}},
    ]
)
steps = st.one_of(
    st.tuples(st.just("push"), st.lists(changes, min_size=1, max_size=4)),
    st.tuples(st.just("look"), st.lists(letters, min_size=1, max_size=4)),
    st.tuples(st.just("edit"), st.tuples(names, edits)),
    st.tuples(st.just("faults"), st.lists(st.sampled_from(FAULTS), min_size=1, max_size=4)),
    st.tuples(st.just("quiet"), st.none()),
)


class Gated:
    """A worker and its gate; shown by hypothesis as no more than that."""

    def __init__(self, bench: Bench, gate: Tollgate) -> None:
        self.bench = bench
        self.gate = gate


@pytest.fixture
def gated(bench: Bench, tmp_path: Path) -> Iterator[Gated]:
    """A worker that reaches the API server through a gate that may answer in its place."""
    with Tollgate(bench.cluster.client, bench.cluster.url) as gate:
        kubeconfig = tmp_path / "gated"
        kubeconfig.write_text(json.dumps(plain_kubeconfig(gate.url)))
        bench.configure(clusters={"test": Cluster(kubeconfig=kubeconfig)})
        yield Gated(bench, gate)


@pytest.mark.timeout(900)
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # an example takes seconds: shrinking one would take an hour
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(played=st.lists(steps, min_size=3, max_size=14))
def test_when_all_is_quiet_the_cluster_is_what_git_wants(gated: Gated, played: list[tuple[str, Any]]) -> None:
    """Commits, moves, removals, hand edits, deletions, answers that are errors or lies: in any order."""
    bench, gate = gated.bench, gated.gate
    note(repr(played))
    namespace = f"test-{uuid.uuid4().hex[:10]}"
    bench.cluster.client.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}).raise_for_status()
    fleet = Fleet(bench, gate, f"p{uuid.uuid4().hex[:6]}", namespace)
    fleet.declare()
    try:
        fleet.push([])
        for what, told in [*played, ("quiet", None)]:
            match what:
                case "push":
                    fleet.push(told)
                case "look":
                    for letter in told:
                        fleet.look(letter)
                case "edit":
                    fleet.edit(*told)
                case "faults":
                    gate.faults += told
                case _:
                    fleet.quiet()
                    fleet.check()
    finally:
        gate.faults.clear()
        for letter in APPS:
            bench.undeclare(fleet.app(letter))
        bench.cluster.client.delete(f"/api/v1/namespaces/{namespace}")
