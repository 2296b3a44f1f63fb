"""Fields that cannot change: named, with the ways out; and the way out taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.workers.conftest import Bench
from tests.workers.manifests import OPTIONS
from workers.model import Report, State

pytestmark = pytest.mark.cluster


def stateful(storage: str = "1Gi", service: str = "db", **annotations: str) -> str:
    """A StatefulSet without replicas."""
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}},
    }
    spec: dict[str, Any] = {
        "replicas": 0,
        "serviceName": service,
        "selector": {"matchLabels": {"app": "db"}},
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "db", "image": "postgres"}]},
        },
        "volumeClaimTemplates": [claim],
    }
    metadata = {"name": "db", "annotations": annotations}
    return json.dumps({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec})


def _told(bench: Bench, text: str) -> Report:
    commit = bench.push({"db.yaml": text})
    bench.ask(commit)
    bench.look()
    return bench.settle(commit)


def test_a_claim_template_that_grows_is_explained(bench: Bench) -> None:
    """The API server only says which fields may change."""
    assert _told(bench, stateful()).state is State.SUCCESS
    told = _told(bench, stateful("2Gi"))
    assert told.state is State.FAILURE
    assert "myapp/db.yaml:1" in told.text
    path = "spec.volumeClaimTemplates[name=data].spec.resources.requests.storage"
    assert f"{path} cannot change once set: claims that exist keep what they were made with" in told.text
    assert "Force=true" in told.text
    told = _told(bench, stateful(service="other"))
    assert "spec.serviceName cannot change once set: put it back, or let the object be made anew" in told.text


def test_a_stateful_set_is_made_anew_around_its_pods(bench: Bench) -> None:
    """With Force=true; its Pod is not deleted with it, and belongs to the new one."""
    one = '"replicas": 1'
    bench.ask(bench.push({"db.yaml": stateful().replace('"replicas": 0', one)}))
    bench.look()
    pod = ("pod", "db-0", "--ignore-not-found", "-o")
    bench.look_until(lambda: bench.get(*pod, "name") != "")
    uid, pod_uid = _uid(bench, "statefulset", "db"), _uid(bench, "pod", "db-0")
    force = {OPTIONS: "Force=true"}
    bench.ask(bench.push({"db.yaml": stateful("2Gi", **force).replace('"replicas": 0', one)}))
    bench.look()
    bench.look_until(lambda: bench.get("statefulset", "db", "--ignore-not-found", "-o", "name") != "")
    bench.look_until(lambda: _uid(bench, "statefulset", "db") != uid)
    owner = "jsonpath={.metadata.ownerReferences[0].uid}"
    bench.look_until(lambda: bench.get(*pod, owner) == _uid(bench, "statefulset", "db"))
    assert _uid(bench, "pod", "db-0") == pod_uid
    live = json.loads(bench.get("statefulset", "db", "-o", "json"))
    assert live["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "2Gi"


def _uid(bench: Bench, kind: str, name: str) -> str:
    return bench.get(kind, name, "--ignore-not-found", "-o", "jsonpath={.metadata.uid}")
