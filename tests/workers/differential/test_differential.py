"""What Hookline makes of a repository is what ``kubectl apply --server-side --applyset --prune`` makes of it."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.control_plane import ControlPlane
from tests.workers.conftest import Bench
from tests.workers.differential import changes, kustomizations, plain, wishes, workloads
from tests.workers.differential.case import Case
from tests.workers.differential.sides import DEFINITION, PARENTS, Ours, Theirs, live
from workers import kube

pytestmark = pytest.mark.cluster

CASES = [*plain.CASES, *workloads.CASES, *changes.CASES, *kustomizations.CASES, *wishes.CASES]


@pytest.fixture(scope="module")
def parents(cluster: ControlPlane) -> None:
    """kubectl's kind of ApplySet parents is served."""
    cluster.client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=DEFINITION).raise_for_status()
    deadline = time.monotonic() + 90
    while not cluster.client.get("/apis/hookline.dev/v1/differentials").is_success:
        assert time.monotonic() < deadline, f"{PARENTS} is not served"
        threading.Event().wait(0.05)


@pytest.fixture
def other(cluster: ControlPlane) -> Iterator[str]:
    """The namespace of the other side; its name is as long as the bench's."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    cluster.client.post("/api/v1/namespaces", json={"metadata": {"name": name}}).raise_for_status()
    yield name
    cluster.client.delete(f"/api/v1/namespaces/{name}").raise_for_status()


@pytest.mark.usefixtures("parents")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_same_objects_are_live(bench: Bench, other: str, case: Case, tmp_path: Path) -> None:
    """After every commit; what rightly differs in the end is named, with the reason, and does differ."""
    (tmp_path / "files").mkdir()
    ours, theirs = Ours(bench, case), Theirs(bench.cluster, other, case, tmp_path / "files")
    kinds: dict[str, set[str]] = {ours.namespace: set(), theirs.namespace: set()}
    client = bench.context.clusters.client("test")
    try:
        for number, commit in enumerate(case.commits, 1):
            ours.sync(commit)
            theirs.sync(commit)
            for side in (ours, theirs):
                kinds[side.namespace] |= side.kinds()
            last = number == len(case.commits)
            _compare(lambda: [live(client, kinds[name], name) for name in kinds], case, last=last)
    finally:
        _clean(client, kinds)


def _compare(read: Any, case: Case, *, last: bool) -> None:
    """Wait for what is on its way out, then compare.

    Objects of a kind that is new to the cluster are let go late: the garbage collector learns of kinds twice a minute.
    """
    deadline = time.monotonic() + 60
    while True:
        ours, theirs = read()
        found = _difference(ours, theirs, case, last=last)
        if not found:
            return
        assert time.monotonic() < deadline, "\n".join(found)
        threading.Event().wait(0.1)


def _difference(ours: dict[str, Any], theirs: dict[str, Any], case: Case, *, last: bool) -> list[str]:
    may_ours, may_theirs = set(case.ours) if last else set(), set(case.theirs)
    only_ours, only_theirs = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
    found = [f"only Hookline has {name}" for name in sorted(only_ours - may_ours)]
    found += [f"only kubectl has {name}" for name in sorted(only_theirs - may_theirs)]
    if last:
        found += [f"{name} should be only ours" for name in sorted(may_ours - only_ours)]
        found += [f"{name} should be only theirs" for name in sorted(may_theirs - only_theirs)]
    for name in sorted(ours.keys() & theirs.keys()):
        differing = set(_paths(ours[name], theirs[name]))
        expected = set(case.fields.get(name, "").partition(":")[0].split()) if last else set()
        if differing != expected:
            found += [f"{name}: {path}" for path in sorted(differing ^ expected)]
            found += [f"  ours:   {ours[name]}", f"  theirs: {theirs[name]}"]
    return found


def _paths(one: Any, two: Any, above: str = "") -> Iterator[str]:
    """Yield where two values differ."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in one.keys() | two.keys():
            place = f"{above}.{key}" if above else str(key)
            if key in one and key in two:
                yield from _paths(one[key], two[key], place)
            else:
                yield place
    elif one != two or type(one) is not type(two):
        yield above


def _clean(client: kube.Client, kinds: dict[str, set[str]]) -> None:
    """Delete what has no namespace: definitions, say, would be in every other test's way."""
    for namespace, names in kinds.items():
        for name in sorted({*names, "Differential.hookline.dev"}):
            kind, _, group = name.partition(".")
            with contextlib.suppress(kube.UnknownKind):
                resource = client.resource(group, kind)
                for item in () if resource.namespaced else client.list(resource).items:
                    found = item["metadata"]["name"]
                    if namespace in found and (kind, found) != ("Namespace", namespace):
                        client.delete(resource, "", found, "Background")
