"""The inventory is an ApplySet: ``kubectl apply --applyset --prune`` and Hookline agree on what belongs to an app.

Source: KEP-3659.
"""

from __future__ import annotations

import json
import os

import pytest

from tests.workers.conftest import Bench
from tests.workers.manifests import config, document
from workers import inventory
from workers.model import State

pytestmark = pytest.mark.cluster

SERVICE = {"ports": [{"port": 80}]}
KUBECTL = f"{inventory.TOOLING}=kubectl/v1.37.1"


def _deploy(bench: Bench, files: dict[str, str | None]) -> str:
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    told = bench.settle(commit)
    assert told.state is State.SUCCESS, told
    return told.text


def _apply(bench: Bench, *objects: str) -> str:
    """Apply objects as kubectl does with an ApplySet, pruning what is not among them."""
    os.environ["KUBECTL_APPLYSET"] = "true"
    try:
        return bench.cluster.kubectl(
            "-n", bench.namespace, "apply", "--prune", "--applyset=configmap/hookline-myapp", "-f", "-",
            input="\n---\n".join(objects),
        )  # fmt: skip
    finally:
        del os.environ["KUBECTL_APPLYSET"]


def _names(bench: Bench) -> set[str]:
    found = bench.get("configmaps,services", "-l", inventory.PART_OF, "-o", "name")
    return set(found.split())


def test_kubectl_prunes_of_a_set_of_ours_what_we_would_prune(bench: Bench) -> None:
    """It refuses a set of other tooling, so the set is handed to it first; ids, labels and kinds are the same."""
    files = {"a.yaml": config("a"), "b.yaml": config("b"), "s.yaml": document("v1", "Service", "s", {}, spec=SERVICE)}
    _deploy(bench, dict(files))
    bench.cluster.kubectl("-n", bench.namespace, "annotate", "--overwrite", "configmap/hookline-myapp", KUBECTL)
    said = _apply(bench, config("a"))
    assert "configmap/b pruned" in said
    assert "service/s pruned" in said
    assert _names(bench) == {"configmap/a"}
    assert "configmap/hookline-myapp pruned" not in said


def test_a_set_that_kubectl_made_is_taken_over_with_what_is_in_it(bench: Bench) -> None:
    """Its members are known by their label, so what Git does not want is pruned; nothing of it is left behind."""
    _apply(bench, config("a"), config("b"), document("v1", "Service", "s", {}, spec=SERVICE))
    parent = json.loads(bench.get("configmap", "hookline-myapp", "-o", "json"))
    assert parent["metadata"]["labels"][inventory.ID] == inventory.applyset(bench.context.catalog.index().apps["myapp"])
    text = _deploy(bench, {"a.yaml": config("a", "changed")})
    assert text.startswith("synced: 1 configured, 2 deleted")
    assert _names(bench) == {"configmap/a"}
    parent = json.loads(bench.get("configmap", "hookline-myapp", "-o", "json"))
    assert parent["metadata"]["annotations"][inventory.TOOLING] == "hookline/v1"
    assert "Service" not in parent["metadata"]["annotations"][inventory.GROUP_KINDS]


def test_an_inventory_that_was_deleted_by_hand_comes_back_and_nothing_goes(bench: Bench) -> None:
    """The next change writes it anew; objects that carry the label are still the app's."""
    _deploy(bench, {"a.yaml": config("a"), "b.yaml": config("b")})
    bench.cluster.kubectl("-n", bench.namespace, "delete", "configmap", "hookline-myapp")
    _deploy(bench, {"c.yaml": config("c")})
    rows = json.loads(json.loads(bench.get("configmap", "hookline-myapp", "-o", "json"))["data"]["inventory"])
    assert sorted(row[3] for row in rows) == ["a", "b", "c"]
    _deploy(bench, {"a.yaml": None})
    assert _names(bench) == {"configmap/b", "configmap/c"}


def test_an_inventory_that_was_edited_by_hand_is_said_and_can_be_mended(bench: Bench) -> None:
    """Nothing is guessed from it; without its list, the label tells what is in the set."""
    _deploy(bench, {"a.yaml": config("a"), "b.yaml": config("b")})

    def edit(patch: str) -> None:
        bench.cluster.kubectl(
            "-n", bench.namespace, "patch", "configmap", "hookline-myapp", "--type=merge", "-p", patch
        )

    edit('{"data": {"inventory": "[["}}')
    commit = bench.push({"b.yaml": None, "c.yaml": config("c")})
    bench.ask(commit)
    bench.look()
    told = bench.told(commit)
    assert told.state is State.FAILURE
    assert f"ConfigMap {bench.namespace}/hookline-myapp: data.inventory is not the list" in told.text
    assert _names(bench) == {"configmap/a", "configmap/b"}
    edit('{"data": {"inventory": null}}')
    _deploy(bench, {"c.yaml": config("c", "changed")})
    assert _names(bench) == {"configmap/a", "configmap/c"}
