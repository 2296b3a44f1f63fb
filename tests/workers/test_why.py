"""Who changed this Deployment at two in the morning? Answered from records, Git and the live object."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.fixtures import Clock
from tests.workers.conftest import Bench
from tests.workers.shell import hookline
from tests.workers.test_sync import DEPLOYMENT, config
from workers import witness
from workers.errors import UnknownName
from workers.fields import names
from workers.git.history import request_of
from workers.model import Action, Change, Outcome, Owned, Ref, Request, Stage, SyncRecord, Why
from workers.records import Records
from workers.why import causes, managers, only, places

WEB = Ref("apps", "Deployment", "shop", "web")


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Merge pull request #12 from your-org/fix\n\nFix it", 12),
        ("Merge pull request 'Fix it' (#34) from fix into main\n", 34),
        ("Merge branch 'fix' into 'main'\n\nFix it\n\nSee merge request your-org/shop!56", 56),
        ("Merged in fix (pull request #7)\n\nFix it", 7),
        ("Pull request #8: Fix it", 8),
        ("Fix it (#9)\n\n* one\n* two", 9),
        ("Fix it (!10)", 10),
        ("Fix it, see #11", 0),
        ("Fix (#12) it", 0),
        ("Fix it\n\nMerge pull request #13 from evil/x", 0),
        ("Fix it\n\nAs in (#14)", 0),
        ("", 0),
    ],
)
def test_the_forges_ways_to_word_a_merge_are_known(message: str, number: int) -> None:
    """The subject's, and for GitLab its own line; what is merely mentioned is no pull request."""
    assert request_of(message) == number


def test_fields_are_written_as_people_write_them() -> None:
    """Without values."""
    tree: dict[str, Any] = {
        "f:metadata": {
            "f:annotations": {".": {}, "f:example.com/note": {}},
            "f:finalizers": {'v:"a"': {}, 'v:"b"': {}},
        },
        "f:spec": {
            "f:replicas": {},
            "f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:ports": {'k:{"a":1,"b":2}': {".": {}}}}},
        },
    }
    assert names(tree) == [
        "metadata.annotations[example.com/note]",
        "metadata.finalizers",
        "spec.replicas",
        "spec.containers[name=web].image",
        "spec.containers[name=web].ports[a=1,b=2]",
    ]


def done(number: int, revision: str, *changes: Change, ended: float = 5.0, delivery: str = "") -> SyncRecord:
    """A finished sync."""
    well = Outcome.SUCCEEDED
    return SyncRecord(
        "myapp", number, "push", "ada", revision, well, "", Stage.REPORT, 1.0, ended, changes, delivery=delivery
    )


@pytest.fixture
def known(records: Records) -> Records:
    """An app that owns a Deployment, and changed it twice; it had a ConfigMap."""
    gone = Ref("", "ConfigMap", "shop", "old")
    records.drift.save("myapp", "set", "test", [Owned(WEB, "v1")])
    records.leases.take("app:myapp", "t", 10)
    records.intake.ask(Request("myapp", 0, Why.PUSH, "ada", 1.0))
    line = records.audit.add("sync", app="myapp", who="ada", reason="burns", address="192.0.2.1")
    first = done(1, "a" * 40, Change(WEB, Action.CREATED), Change(gone, Action.CREATED))
    second = done(2, "b" * 40, Change(gone, Action.DELETED))
    third = done(3, "c" * 40, Change(WEB, Action.CONFIGURED, ("spec.replicas",)), delivery=witness.asked(line))
    for sync in (first, second, third):
        records.progress.finish("myapp", "t", sync, None, [], {})
    return records


@pytest.mark.parametrize("kind", ["Deployment", "deployment", "deployments", "deployments.apps", "DEPLOYMENT.apps"])
def test_an_object_is_found_by_any_name_of_its_kind(known: Records, kind: str) -> None:
    """As kubectl takes it."""
    place = only(places(known, ["myapp"], kind, "", "web"), kind)
    assert (place.ref, place.app, place.version) == (WEB, "myapp", "v1")


def test_what_is_no_longer_owned_is_still_known(known: Records) -> None:
    """From the syncs that are kept; what nobody knows is a sentence."""
    place = only(places(known, ["myapp"], "configmap", "shop", "old"), "configmap/old")
    assert (place.version, [one.change.action for one in causes(known, place, None, None)]) == (
        "",
        [Action.DELETED, Action.CREATED],
    )
    for asked in (("configmap", "other", "old"), ("deployment.batch", "", "web"), ("deployment", "", "we")):
        with pytest.raises(UnknownName, match="no app owns"):
            only(places(known, ["myapp"], *asked), "it")


def test_several_of_one_name_are_named(known: Records) -> None:
    """And the person says which."""
    known.drift.save("other", "set2", "test", [Owned(WEB._replace(namespace="stage"), "v1")])
    with pytest.raises(UnknownName, match=r"Deployment shop/web of app myapp, or Deployment stage/web of app other"):
        only(places(known, ["myapp", "other"], "deployment", "", "web"), "deployment/web")
    assert only(places(known, ["myapp", "other"], "deployment", "stage", "web"), "x").app == "other"


def test_a_sync_by_hand_says_its_reason_from_the_trail(known: Records) -> None:
    """With the address it was asked from."""
    newest, oldest = causes(known, only(places(known, ["myapp"], "deployment", "", "web"), "x"), None, None)
    assert (newest.reason, newest.address, newest.change.fields) == ("burns", "192.0.2.1", ("spec.replicas",))
    assert (oldest.change.action, oldest.reason) == (Action.CREATED, "")


def test_who_wrote_after_the_last_sync_is_marked() -> None:
    """Not ourselves, and not who wrote before."""

    def entry(manager: str, at: float, **more: str) -> dict[str, Any]:
        time = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        tree: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
        return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": tree, **more}

    scaled = entry("hpa", 90, subresource="scale") | {"time": ""}
    entries = [entry("hookline", 200), entry("kubectl-edit", 100), entry("early", 10), scaled]
    found = managers({"metadata": {"managedFields": entries}}, 50.0)
    assert [(one.name, one.later) for one in found] == [
        ("hookline", False),
        ("kubectl-edit", True),
        ("early", False),
        ("hpa", True),
    ]
    assert found[1].fields == ("spec.replicas",)


def test_the_whole_story_on_a_real_api_server(
    bench: Bench, redis_data: Path, tmp_path: Path, redis_client: redis.Redis, clock: Clock
) -> None:
    """Commit, author, pull request and sync; then the field manager that drifted it. Nothing is written."""
    clock.now = dt.datetime.now(dt.UTC).timestamp() - 60
    first = bench.push({"web.yaml": DEPLOYMENT, "a.yaml": config()}, "Add the shop (#3)")
    bench.ask(first)
    bench.look()
    bench.settle(first)
    second = bench.push(
        {"web.yaml": DEPLOYMENT.replace("replicas: 1", "replicas: 2")}, "Merge pull request #4 from a/b"
    )
    bench.ask(second)
    bench.look()
    bench.settle(second)
    bench.cluster.kubectl("-n", bench.namespace, "scale", "deployment", "web", "--replicas=3")
    writes = bench.writes()

    answer = hookline(bench, redis_data, tmp_path, "why", "deployment/web", "-n", bench.namespace, "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    newest, oldest = found["syncs"]
    assert (found["app"], found["owned"], found["live"], found["missing"]) == ("myapp", True, True, "")
    assert (newest["revision"], newest["action"], newest["request"]) == (second, "configured", 4)
    assert any("replicas" in field for field in newest["fields"])
    assert (newest["commits"][0]["subject"], newest["commits"][0]["author"] != "") == (
        "Merge pull request #4 from a/b",
        True,
    )
    assert (oldest["revision"], oldest["action"], oldest["commits"][0]["request"]) == (first, "created", 3)
    assert "changed by" in found["drift"]
    [scaled] = [one for one in found["managers"] if one["later"] and one["subresource"] == "scale"]
    assert scaled["fields"] == ["spec.replicas"]
    assert any(one["name"] == "hookline" and one["operation"] == "Apply" for one in found["managers"])

    text = hookline(bench, redis_data, tmp_path, "why", "Deployment/web").stdout
    assert "drifted: changed by" in text
    assert f"{second[:7]}  " in text
    assert "(pull request 4)" in text
    assert hookline(bench, redis_data, tmp_path, "why", "configmap/nothing").exit_code == 1
    assert hookline(bench, redis_data, tmp_path, "why", "configmap").exit_code == 1
    assert bench.writes() == writes
