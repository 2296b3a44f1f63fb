"""The drift table on a real API server: every row in every mode, with real controllers at work beside it."""

from __future__ import annotations

import functools
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from deploy.local.control_plane import ControlPlane
from tests.fixtures import Clock
from tests.workers.conftest import Bench, opened
from tests.workers.drift.rows import ROWS
from tests.workers.drift.table import CRD, Object
from workers import embedded, fields, sweep
from workers.model import Outcome, State, Why
from workers.policies import DriftMode

pytestmark = pytest.mark.cluster

SECRETS = ("secret1", "secret2", "plain", "hacked", "c2VjcmV0", "aGFja2Vk")
POLICY = "mutatingadmissionpolicy"
CONTROLLERS = (
    "metadata.annotations[deployment.kubernetes.io/revision]",
    "metadata.annotations[deprecated.daemonset.template.generation]",
)
"""What controllers count up by themselves."""


@dataclass
class Played:
    """What came of all rows in one mode: live objects before the change, after it, and after the look."""

    mode: DriftMode
    asked: list[Why] = field(default_factory=list)
    asked_again: bool = False
    notes: dict[str, str] = field(default_factory=dict)
    said: str = ""
    written: set[str] = field(default_factory=set)
    before: dict[str, Object] = field(default_factory=dict)
    changed: dict[str, Object] = field(default_factory=dict)
    after: dict[str, Object] = field(default_factory=dict)


@pytest.fixture(scope="module", params=list(DriftMode))
def played(
    request: pytest.FixtureRequest, cluster: ControlPlane, redis_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """Sync all rows, change them all, sweep once, look once."""
    mode: DriftMode = request.param
    namespace = f"drift-{mode}-{uuid.uuid4().hex[:6]}"
    cluster.kubectl("create", "namespace", namespace)
    with (
        pytest.MonkeyPatch.context() as patched,
        redis.Redis(unix_socket_path=str(embedded.socket_of(redis_data)), decode_responses=True) as client,
    ):
        patched.setenv("SECRET", "s" * 20)
        client.flushall()
        folder = tmp_path_factory.mktemp("played")
        editor = folder / "editor"
        editor.write_text('#!/bin/sh\nsed -i "s/ kept: .*/ kept: by hand/" "$1"\n')
        editor.chmod(0o755)
        patched.setenv("KUBE_EDITOR", str(editor))
        with opened(folder, cluster, namespace, client, Clock()) as bench, mutating(bench):
            yield play(bench, mode)
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def play(bench: Bench, mode: DriftMode) -> Played:
    """Do what all rows do."""
    kubectl = functools.partial(bench.cluster.kubectl, "-n", bench.namespace)
    bench.cluster.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(CRD))
    bench.cluster.kubectl("wait", "--for=condition=Established", f"crd/{CRD['metadata']['name']}")
    document = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(
        document.replace("  name: myapp\n", f"  name: myapp\n  annotations: {{hookline.dev/drift: '{mode}'}}\n")
    )
    commit = bench.push({f"{name}.yaml": json.dumps(row.manifest) for name, row in ROWS.items()})
    bench.ask(commit)
    bench.look()
    assert bench.settle(commit, seconds=60).state is State.SUCCESS, bench.told(commit)
    found = Played(mode, before=live(bench))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda row: row.change(kubectl, row.manifest), ROWS.values()))
    found.changed, writes = live(bench), len(bench.writes())
    bench.clock.forward(60)
    sweep.sweep(bench.context)
    found.asked = [one.why for one in bench.context.records.progress.open_requests("myapp")]
    bench.look()
    found.after, found.written = live(bench), {line.rpartition("/")[2] for line in bench.writes()[writes:]}
    found.notes = {ref.name: note.text for ref, note in bench.context.records.repairs.notes("myapp").items()}
    syncs = bench.context.records.progress.syncs("myapp")
    found.said = f"{[one.text for one in syncs]}{bench.waits()}{found.notes}"
    assert mode is not DriftMode.REPORT or syncs[0].outcome is Outcome.HELD
    bench.look_until(lambda: bench.context.records.progress.flight("myapp") is None)
    sweep.sweep(bench.context)
    found.asked_again = bool(bench.context.records.progress.open_requests("myapp"))
    return found


def live(bench: Bench) -> dict[str, Object]:
    """Return every row's live object by its name, also the copies.

    One that only the garbage collector has yet to take out of the store, as Foreground deletion leaves it, is gone.
    """
    kinds = ",".join(sorted({row.manifest["kind"] for row in ROWS.values()}))
    listed = json.loads(bench.get(kinds, "-o", "json", "--show-managed-fields"))["items"]
    return {
        one["metadata"]["name"]: one
        for one in listed
        if one["metadata"]["name"].removesuffix("-copy") in ROWS
        and one["metadata"].get("finalizers") != ["foregroundDeletion"]
    }


class mutating:  # noqa: N801 -- used as a verb: with mutating(bench): ...
    """An admission policy that overwrites a value of Git and adds one of its own, as a webhook would."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._name = bench, f"mutate-{bench.namespace}"

    def __enter__(self) -> None:
        space = {"matchLabels": {"kubernetes.io/metadata.name": self._bench.namespace}}
        rule = {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE"],
            "resources": ["configmaps"],
        }
        value = 'Object{data: {"key": "forced", "injected": "yes"}}'
        spec: dict[str, Any] = {
            "matchConstraints": {
                "namespaceSelector": space,
                "objectSelector": {"matchLabels": {"mutate": "yes"}},
                "resourceRules": [rule],
            },
            "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": value}}],
        }
        api = "admissionregistration.k8s.io/v1"
        policy = {"apiVersion": api, "kind": "MutatingAdmissionPolicy", "metadata": {"name": self._name}, "spec": spec}
        binding = {**policy, "kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": self._name}}
        for one in (policy, binding):
            self._bench.cluster.kubectl("create", "-f", "-", input=json.dumps(one))
        probe = json.dumps({**ROWS["mutated"].manifest, "metadata": {"name": "probe", "labels": {"mutate": "yes"}}})
        self._bench.cluster.kubectl(
            "-n", self._bench.namespace, "create", "--dry-run=server", "-f", "-", "-o", "json", input=probe
        )
        for _ in range(200):
            told = self._bench.cluster.kubectl(
                "-n", self._bench.namespace, "create", "--dry-run=server", "-f", "-", "-o", "json", input=probe
            )
            if "forced" in told:
                return
        raise TimeoutError("the admission policy never mutated anything")

    def __exit__(self, *error: object) -> None:
        self._bench.cluster.kubectl("delete", f"{POLICY},{POLICY}binding", self._name)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_of_the_drift_table(played: Played, name: str) -> None:
    """What is drift is told, and put back in repair mode only; what is none is neither told nor touched."""
    row = ROWS[name]
    changed, after = played.changed.get(name, {}), played.after.get(name, {})
    if played.mode is not DriftMode.REPAIR or (not row.says and not row.retaken):
        assert name not in played.written
    if played.mode is DriftMode.REPAIR and row.says and not row.lasts:
        left = [
            path for path in fields.differences(after, played.before[name]) if path not in (*row.stays, *CONTROLLERS)
        ]
        assert left == []
    elif row.retaken:
        assert fields.semantically_equal(changed, after)
        assert (name in played.written) is (played.mode is DriftMode.REPAIR)
    noted = played.notes.get(name, "")
    if played.mode is DriftMode.REPORT or (row.lasts and played.mode is DriftMode.REPAIR):
        assert row.says in noted
        assert bool(noted) is bool(row.says)
    else:
        assert noted == ""


def test_a_copy_is_told_and_goes_where_drift_is_repaired(played: Played) -> None:
    """One that says IgnoreExtraneous is let be."""
    assert ("copy-copy" in played.after) is (played.mode is not DriftMode.REPAIR)
    assert ("copy-copy" in played.notes) is (played.mode is DriftMode.REPORT)
    assert "copy-ignored-copy" in played.after
    assert "copy-ignored-copy" not in played.notes


def test_a_sweep_asks_once_and_not_again(played: Played) -> None:
    """Not at all where drift is off; what was judged is not looked at again before it changes."""
    assert played.asked == ([] if played.mode is DriftMode.OFF else [Why.DRIFT])
    assert not played.asked_again


def test_no_secret_is_in_what_is_said(played: Played) -> None:
    """Neither as it was nor as it became, plain or encoded."""
    assert [value for value in SECRETS if value in played.said.replace("secret-plain", "")] == []
    assert len(ROWS) >= 60
