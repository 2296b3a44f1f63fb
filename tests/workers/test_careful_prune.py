"""Data is not pruned unless somebody says so, and never much at once without a person."""

from __future__ import annotations

import pytest

from tests.workers.conftest import Bench
from tests.workers.manifests import OPTIONS, config, document
from workers import options
from workers.model import State, Why
from workers.stages import prune

pytestmark = pytest.mark.cluster


def claim(name: str, **annotations: str) -> str:
    """A PersistentVolumeClaim."""
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": {"requests": {"storage": "1Gi"}}}
    return document("v1", "PersistentVolumeClaim", name, annotations, spec=spec)


def _deploy(bench: Bench, files: dict[str, str | None]) -> str:
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    if files.get("claim.yaml"):  # be the controller that binds it
        bound = '{"status": {"phase": "Bound"}}'
        bench.cluster.kubectl("-n", bench.namespace, "patch", "pvc", "data", "--subresource=status", "-p", bound)
    told = bench.settle(commit)
    assert told.state is State.SUCCESS, told
    return told.text


@pytest.mark.parametrize("said", ["nothing", "by the object", "by the app"])
def test_a_claim_stays_unless_somebody_says_it_may_go(bench: Bench, said: str) -> None:
    """Its data would go with it."""
    if said == "by the app":
        text = (bench.catalog / "myapp.yaml").read_text().rstrip("\n")
        bench.declare(f"{text}\n    syncOptions: [Prune=true]\n")
    extra = {OPTIONS: "Prune=true"} if said == "by the object" else {}
    _deploy(bench, {"claim.yaml": claim("data", **extra), "one.yaml": config("one")})
    text = _deploy(bench, {"claim.yaml": None})
    if said == "nothing":
        assert (
            f"kept with its data until Prune=true says otherwise: PersistentVolumeClaim {bench.namespace}/data" in text
        )
        assert not bench.get("pvc", "data", "-o", "jsonpath={.metadata.deletionTimestamp}")
        assert '"PersistentVolumeClaim"' in bench.get("configmap", "hookline-myapp", "-o", "jsonpath={.data.inventory}")
    else:
        bench.gone("pvc", "data")


def test_a_claim_outlives_its_app(bench: Bench) -> None:
    """The finalizer deletes the rest."""
    text = (bench.catalog / "myapp.yaml").read_text()
    finalizer = "metadata:\n  finalizers: [resources-finalizer.argocd.argoproj.io]\n"
    bench.declare(text.replace("metadata:\n", finalizer, 1))
    _deploy(bench, {"claim.yaml": claim("data"), "one.yaml": config("one")})
    bench.undeclare()
    bench.sweep_declared()
    bench.look_until(lambda: bench.context.records.progress.app("myapp").done >= 2)
    bench.gone("configmap", "one")
    assert not bench.get("pvc", "data", "-o", "jsonpath={.metadata.deletionTimestamp}")


def test_what_helm_would_keep_is_kept(bench: Bench) -> None:
    """``helm.sh/resource-policy: keep``."""
    kept = config("kept", **{options.KEEP: "keep"})
    _deploy(bench, {"kept.yaml": kept, "one.yaml": config("one")})
    _deploy(bench, {"kept.yaml": None})
    assert "configmap/kept" in bench.get("configmap", "-o", "name")


@pytest.mark.parametrize("by", ["command line", "annotation"])
def test_many_deletions_at_once_wait_for_a_person(bench: Bench, by: str) -> None:
    """More than three of four objects; approved, they go, and nothing else is approved by that."""
    _deploy(bench, {f"{number}.yaml": config(f"c{number}") for number in range(12)})
    text = _deploy(bench, {f"{number}.yaml": None for number in range(10)})
    assert "10 to be deleted once that is approved (hookline approve myapp)" in text
    assert len(bench.get("configmap", "-l", "applyset.kubernetes.io/part-of", "-o", "name").split()) == 12
    bench.clock.forward(10)
    if by == "annotation":
        late = "metadata:\n  annotations: {argocd.argoproj.io/deletion-approved: '2036-01-01T00:00:00Z'}\n"
        bench.declare((bench.catalog / "myapp.yaml").read_text().replace("metadata:\n", late, 1))
    else:
        bench.context.records.drift.approve("myapp", bench.clock())
    bench.look_until_done(bench.ask(why=Why.MANUAL))
    assert bench.context.records.progress.app("myapp").text.startswith("synced: 10 deleted")
    left = bench.get("configmap", "-l", "applyset.kubernetes.io/part-of", "-o", "name").split()
    assert left == ["configmap/c10", "configmap/c11"]


@pytest.mark.parametrize("waits", [False, True])
def test_a_change_that_brings_as_much_as_it_takes_away_still_waits_for_a_person(bench: Bench, waits: bool) -> None:
    """All objects renamed: neither a wait in the middle of the sync nor the next sync takes the old ones for few."""
    if waits:
        text = (bench.catalog / "myapp.yaml").read_text().rstrip("\n")
        bench.declare(f"{text}\n    syncOptions: [PruneLast=true]\n")
    _deploy(bench, {f"{number}.yaml": config(f"c{number}") for number in range(12)})
    text = _deploy(bench, {f"{number}.yaml": config(f"d{number}") for number in range(12)})
    assert "12 to be deleted once that is approved" in text
    text = _deploy(bench, {"0.yaml": config("d0", "other")})
    assert "12 to be deleted once that is approved" in text
    labelled = ("-l", "applyset.kubernetes.io/part-of", "-o", "name")
    assert len(bench.get("configmap", *labelled).split()) == 24
    bench.clock.forward(10)
    bench.context.records.drift.approve("myapp", bench.clock())
    bench.look_until_done(bench.ask(why=Why.MANUAL))
    assert len(bench.get("configmap", *labelled).split()) == 12


@pytest.mark.parametrize(
    ("going", "owned", "mass"),
    [(1, 1, False), (9, 9, False), (7, 10, False), (8, 10, True), (100, 1000, False), (101, 1000, True), (0, 0, False)],
)
def test_how_much_is_much(going: int, owned: int, mass: bool) -> None:
    """More than 100, or of ten at least more than 75 %."""
    assert prune.is_mass(going, owned, 100, 75) is mass
