"""A Secret's ``stringData`` is applied as the ``data`` it becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.workers.conftest import Bench
from tests.workers.test_sync import deploy
from workers import drift
from workers.secretdata import stored


def secret(**fields: Any) -> dict[str, Any]:
    """Return a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"stringData": {"a": "é"}}, {"data": {"a": "w6k="}}),
        ({"stringData": {"a": "new"}, "data": {"a": "b2xk", "b": "Yg=="}}, {"data": {"a": "bmV3", "b": "Yg=="}}),
        ({"stringData": {}, "data": {"b": "Yg=="}}, {"data": {"b": "Yg=="}}),
        ({"stringData": None}, {}),
    ],
)
def test_texts_become_data(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert stored(secret(**before)) == secret(**after)


@pytest.mark.parametrize(
    "fields",
    [{"data": {"a": "YQ=="}}, {"stringData": {"a": 1}}, {"stringData": ["a"]}, {"stringData": {"a": "\ud800"}}],
)
def test_what_is_none_of_ours_stays_as_it_is(fields: dict[str, Any]) -> None:
    """Nothing to do, or the API server's to refuse; also of another kind."""
    assert stored(secret(**fields)) == secret(**fields)
    assert "stringData" in stored({**secret(stringData={"a": "b"}), "kind": "ConfigMap"})


def test_a_key_that_leaves_git_leaves_the_cluster_and_a_change_by_hand_is_seen(bench: Bench) -> None:
    deploy(bench, {"s.yaml": json.dumps(secret(stringData={"a": "1", "b": "2"}))})
    deploy(bench, {"s.yaml": json.dumps(secret(stringData={"a": "1"}))})
    assert json.loads(bench.get("secret", "s", "-o", "jsonpath={.data}")) == {"a": "MQ=="}
    bench.cluster.kubectl("-n", bench.namespace, "patch", "secret", "s", "-p", '{"stringData":{"a":"by hand"}}')
    assert drift.sweep(bench.context, "test") == ["myapp"]
