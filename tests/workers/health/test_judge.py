"""Verdicts, row by row, out of ``tests/objects``; and that no status, however hostile, is ever an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from workers.health import judge, operators
from workers.health.judge import RULES
from workers.model import Verdict

OBJECTS = Path(__file__).parents[2] / "objects"
VERDICTS = {"healthy": (True, True), "waiting": (False, False), "failed": (True, False)}


def rows() -> list[Any]:
    """Every row of every table, with its case as the name of the test."""
    found = []
    tables = [OBJECTS / f"{name}.yaml" for name in ("workloads", "pods-and-jobs", "cluster", "conditions")]
    for table in [*tables, *sorted((OBJECTS / "operators").glob("*.yaml"))]:
        for row in yaml.safe_load(table.read_text()):
            word = next(word for word in VERDICTS if word in row)
            done, ok = VERDICTS[word]
            found.append(pytest.param(row["object"], Verdict(done, ok, row[word]), id=row["case"]))
    return found


ROWS = rows()


@pytest.mark.parametrize(("manifest", "verdict"), ROWS)
def test_verdict(manifest: dict[str, Any], verdict: Verdict) -> None:
    """An object in this state gets this verdict and exactly this message."""
    assert judge(manifest) == verdict


def test_every_rule_has_a_row_for_good_and_one_for_not_yet() -> None:
    """No rule is without a healthy and an unhealthy example, except those that are always healthy."""
    seen: dict[tuple[str, str], set[bool]] = {}
    for row in ROWS:
        manifest, verdict = row.values
        group = str(manifest["apiVersion"]).rpartition("/")[0]
        seen.setdefault((group, str(manifest["kind"])), set()).add(verdict.ok)
    always = {
        ("batch", "CronJob"),
        ("networking.k8s.io", "Ingress"),
        ("argoproj.io", "CronWorkflow"),
        ("postgresql.cnpg.io", "ScheduledBackup"),
    }
    same_rule = {("", "ReplicationController")}
    rules = {**RULES, **operators.RULES}
    lacking = {kind for kind in rules if seen.get(kind) != {True, False}}
    assert lacking - same_rule == always


def test_a_replication_controller_is_judged_like_a_replica_set() -> None:
    """The two kinds have the same status."""
    manifest = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"generation": 1},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": 1, "replicas": 2, "availableReplicas": 1},
    }
    assert judge(manifest) == Verdict(False, False, "1 of 2 replicas are available")


def test_a_message_from_the_cluster_is_cut_and_put_on_one_line() -> None:
    """A verdict is one sentence, however much a controller writes."""
    message = "line\n" * 100_000
    condition = {"type": "Ready", "status": "False", "message": message}
    verdict = judge({"apiVersion": "example.com/v1", "kind": "Widget", "status": {"conditions": [condition]}})
    assert "\n" not in verdict.message
    assert len(verdict.message) < 400
    assert verdict.message.endswith("…)")


KINDS = sorted({**RULES, **operators.RULES})
FIELDS = st.sampled_from(
    [
        "observedGeneration",
        "generation",
        "replicas",
        "updatedReplicas",
        "availableReplicas",
        "phase",
        "conditions",
        "type",
        "status",
        "reason",
        "message",
        "containerStatuses",
        "state",
        "waiting",
        "terminated",
        "exitCode",
        "name",
        "loadBalancer",
        "ingress",
        "ip",
        "deletionTimestamp",
        "finalizers",
        "annotations",
        "updateStrategy",
        "rollingUpdate",
        "partition",
        "suspend",
        "completions",
        "paused",
        "desiredNumberScheduled",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["True", "False", "Ready", "Stalled", "Failed", "Running", "Terminating", "OnDelete", "LoadBalancer"]
    )
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=6), max_leaves=30
)


@given(kind=st.sampled_from(KINDS), metadata=ANYTHING, spec=ANYTHING, status=ANYTHING)
def test_no_object_is_an_error(kind: tuple[str, str], metadata: Any, spec: Any, status: Any) -> None:
    """Whatever JSON an object holds, there is a verdict with a message, and it is only ok when it is done."""
    group, name = kind
    version = f"{group}/v1" if group else "v1"
    verdict = judge({"apiVersion": version, "kind": name, "metadata": metadata, "spec": spec, "status": status})
    assert verdict.message
    assert verdict.done or not verdict.ok
