"""Rollbacks on a real API server and real Git: back, and not forth again before a newer commit."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.local.forge.repository import git
from deploy.local.simulated import NODES
from deploy.local.stack import PUBLIC_URL, REPOSITORY
from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import OPTIONS, config, document
from tests.workers.test_holds import ADA, by_hand, deploy, desk, read, tick, trail, value
from tests.workers.test_immutable import stateful
from workers import rolling, sweep
from workers.alert import Kind
from workers.errors import BadOrder
from workers.git import pins
from workers.holds import Scope
from workers.model import State, Why

pytestmark = pytest.mark.cluster


def back(bench: Bench, to: str = "", reason: str = "logins fail") -> None:
    """Let ada go back, and workers do it."""
    rolling.back(desk(bench), ADA, "myapp", reason, to)
    bench.drain()


def outcome(bench: Bench) -> tuple[str, str]:
    """How the app's last request ended."""
    record = bench.context.records.progress.app("myapp")
    return record.outcome, record.text


def test_what_was_left_is_not_deployed_again_before_a_newer_commit(bench: Bench) -> None:
    """Not by a re-run, the sweep, drift or a commit elsewhere; by a commit that changes something of the app."""
    good = deploy(bench, {"one.yaml": config("one")})
    between = bench.push({"one.yaml": config("one", "b")})
    bad = deploy(bench, {"one.yaml": config("one", "c"), "two.yaml": config("two")})
    back(bench)
    assert (value(bench), "configmap/two" in bench.get("configmap", "-o", "name")) == ("a", False)
    left = f"rolled back to {good[:7]} by ada: logins fail"
    assert (bench.told(bad).state, bench.told(bad).text) == (State.FAILURE, left)
    assert bench.told(good).text.endswith(f"; rolled back from {bad[:7]} by ada")
    for commit in (bad, between):
        bench.ask(commit, Why.RERUN)
        bench.look()
        assert (bench.told(commit).state, bench.told(commit).text) == (State.FAILURE, left)
    sweep.sweep(bench.context)
    bench.drain()
    by_hand(bench, "by hand")
    assert value(bench) == "a"
    elsewhere = bench.checkout.commit({"other/README": "x"}, "another team's")
    bench.checkout.push()
    bench.ask(elsewhere)
    bench.look()
    assert bench.told(elsewhere).state is State.SUCCESS
    assert bench.told(elsewhere).text.startswith(f"not affected: myapp was {left}")
    sweep.sweep(bench.context)
    bench.drain()
    assert value(bench) == "a"
    newer = deploy(bench, {"one.yaml": config("one", "d")})
    assert (value(bench), bench.told(newer).state) == ("d", State.SUCCESS)
    assert bench.told(bad).text == left
    said = [(entry["action"], entry["who"], entry.get("revision")) for entry in trail(bench)]
    assert said == [("rollback", "ada", bad), ("rollback ended", "hookline", newer)]
    assert (trail(bench)[0]["to"], trail(bench)[0]["reason"]) == (good, "logins fail")
    [told] = [one for one in bench.context.records.progress.syncs("myapp", 50) if one.why == "rollback"]
    assert (told.who, told.revision) == ("ada", good)


def test_no_other_name_of_what_was_left_brings_it_back(bench: Bench) -> None:
    """A tag or branch that leads there, the repository spelled otherwise, the same content under another id."""
    deploy(bench, {"one.yaml": config("one")})
    bad = deploy(bench, {"one.yaml": config("one", "b")})
    back(bench)
    for ref in ("refs/tags/v9.0.0", "refs/heads/release"):
        bench.checkout.run("push", "-q", "origin", f"{bad}:{ref}")
    said = read(bench)
    for url in (PUBLIC_URL, f"git@github.com:{REPOSITORY}"):
        for revision in ("v9.0.0", "release", "9.x", "main"):
            said["spec"]["source"] |= {"repoURL": url, "targetRevision": revision}
            bench.declare(json.dumps(said))
            bench.look_until_done(bench.ask(why=Why.SWEEP))
            assert (value(bench), outcome(bench)[0]) == ("a", "succeeded"), (url, revision, outcome(bench))
    bench.checkout.run("commit", "-q", "--amend", "-m", "the same again")
    again = bench.checkout.run("rev-parse", "HEAD").strip()
    bench.checkout.run("push", "-q", "--force", "origin", "HEAD:main")
    bench.ask(again)
    bench.look()
    assert again != bad
    assert value(bench) == "a"
    deploy(bench, {"one.yaml": config("one", "c")})
    assert value(bench) == "c"


def test_a_rollback_meets_revert_clear_holds_and_exceptions(bench: Bench) -> None:
    """A revert is a newer commit; a person may name what was left, no branch may; a hold keeps the way back closed."""
    good = deploy(bench, {"one.yaml": config("one")})
    bad = deploy(bench, {"one.yaml": config("one", "b")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it")
    back(bench)
    assert (value(bench), outcome(bench)[1]) == ("b", "held until 09:00 UTC by ada: looking at it")
    bench.clock.forward(3600)
    tick(bench)
    assert value(bench) == "a"
    with pytest.raises(BadOrder, match=f"{bad[:7]} is blocked: rolled back to {good[:7]} by ada"):
        back(bench, bad)
    bench.checkout.run("push", "-q", "origin", f"{bad}:refs/heads/again")
    desk(bench).begin(ADA, "myapp", "again", "1h", "to see it")
    bench.drain()
    assert (value(bench), outcome(bench)[0]) == ("a", "failed")
    assert f"exception again: {bad[:7]} is blocked: rolled back to {good[:7]} by ada" in outcome(bench)[1]
    desk(bench).begin(ADA, "myapp", bad, "1h", "to see it")
    bench.drain()
    assert value(bench) == "b"
    with pytest.raises(BadOrder, match="as an exception"):
        back(bench)
    bench.clock.forward(3600)
    tick(bench)
    assert value(bench) == "a"
    rolling.clear(desk(bench), ADA, "myapp")
    bench.drain()
    assert (value(bench), bench.told(bad).state) == ("b", State.SUCCESS)
    back(bench)
    assert value(bench) == "a"
    revert = bench.checkout.revert(bad)
    bench.checkout.push()
    bench.ask(revert)
    bench.look()
    assert bench.told(revert).state is State.SUCCESS
    with pytest.raises(BadOrder, match="myapp is not rolled back"):
        rolling.clear(desk(bench), ADA, "myapp")


def test_a_manual_app_goes_back_and_waits_for_approval_again(bench: Bench) -> None:
    """What waits meanwhile is not brought by the rollback; what is approved by its id is deployed."""
    document_ = read(bench)
    document_["spec"]["syncPolicy"] = {}
    bench.declare(json.dumps(document_))
    for text in "ab":
        bad = deploy(bench, {"one.yaml": config("one", text)}, Why.MANUAL)
    waits = deploy(bench, {"one.yaml": config("one", "c")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it")
    back(bench)
    assert value(bench) == "b"
    bench.clock.forward(3600)
    tick(bench)
    assert (value(bench), bench.told(bad).state) == ("a", State.FAILURE)
    assert bench.told(waits).text.startswith("waits for approval: run `hookline approve myapp`")
    desk(bench).approve(ADA, "myapp")
    bench.drain()
    assert (value(bench), trail(bench)[-1]["action"]) == ("c", "rollback ended")


def collect(repository: Path) -> None:
    """Throw away what no ref leads to, as git does after some weeks."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    for arguments in (["reflog", "expire", "--expire=now", "--all"], ["gc", "-q", "--prune=now"]):
        subprocess.run(["git", "-C", str(repository), *arguments], check=True, env=clean)


def test_back_to_a_commit_that_is_gone_from_history(bench: Bench, tmp_path: Path) -> None:
    """The mirror kept it; one that did not asks the server; when that has thrown it away, one sentence says so."""
    good = deploy(bench, {"one.yaml": config("one")})
    bench.checkout.run("commit", "-q", "--amend", "-m", "anew")
    bad = bench.checkout.commit({"myapp/one.yaml": config("one", "b")}, "history rewritten")
    bench.checkout.push(force=True)
    bench.ask(bad)
    bench.look()
    assert value(bench) == "b"
    first = bench.context.mirror(bench.context.catalog.index().apps["myapp"])
    collect(first.path)
    assert sorted(pins.kept(first)) == sorted([good, bad])
    back(bench)
    assert (value(bench), bench.told(bad).state) == ("a", State.FAILURE)
    bench.configure(data=tmp_path / "second machine")
    rolling.clear(desk(bench), ADA, "myapp")
    bench.drain()
    assert value(bench) == "b"
    back(bench)
    assert value(bench) == "a"
    [repository] = bench.forge_data.rglob("*.git")
    collect(repository)
    bench.configure(data=tmp_path / "third machine")
    rolling.clear(desk(bench), ADA, "myapp")
    bench.drain()
    back(bench)
    assert (value(bench), outcome(bench)[0]) == ("b", "failed")
    assert f"{good[:7]} is gone: no branch" in outcome(bench)[1]
    stranger = "d" * 40
    back(bench, stranger)
    assert outcome(bench)[0] == "failed"


def test_only_the_last_good_commits_are_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, by no app's name; a fetch leaves them alone, and what git refuses harms nobody."""
    monkeypatch.setattr(pins, "MOST", 3)
    mirror = bench.context.mirror(bench.context.catalog.index().apps["myapp"])
    for at in range(5):
        when = {"GIT_COMMITTER_DATE": f"2026-01-0{at + 1}T00:00:00Z"}
        git(bench.checkout.folder, "commit", "-q", "--allow-empty", "-m", "x", extra=when)
    commits = bench.checkout.run("rev-list", "HEAD").split()
    bench.checkout.push()
    pins.keep(mirror, commits[0])  # no mirror yet
    mirror.fetch()
    locked = mirror.path / f"{pins.name_of(commits[0])}.lock"
    locked.parent.mkdir(parents=True)
    locked.touch()
    pins.keep(mirror, commits[0])
    assert pins.kept(mirror) == []
    locked.unlink()
    for commit in [*commits[::-1], commits[0]]:
        pins.keep(mirror, commit)
    pins.keep(mirror, "d" * 40)  # not on this machine
    mirror.fetch()
    assert sorted(pins.kept(mirror)) == sorted(commits[:3])
    pins.keep(mirror, commits[4])  # gone back to: it is kept although it is the oldest
    assert sorted(pins.kept(mirror)) == sorted([*commits[:2], commits[4]])


def definition(group: str, versions: dict[str, list[str]]) -> str:
    """A definition of Widgets: fields by version; the last version is stored."""
    made: list[dict[str, Any]] = []
    for name, fields in versions.items():
        spec = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
        schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
        made.append({"name": name, "served": True, "storage": name == list(versions)[-1], "schema": schema})
    names = {"kind": "Widget", "plural": "widgets"}
    whole: dict[str, Any] = {"group": group, "scope": "Namespaced", "names": names, "versions": made}
    return document("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{group}", {}, spec=whole)


def test_back_over_a_change_of_a_definition(bench: Bench) -> None:
    """Fields that only the left definition had go; a version that was stored cannot, and nothing is written then."""
    group = f"{bench.namespace}.example.com"

    def files(version: str, definition_: str, **spec: str) -> dict[str, str | None]:
        return {"crd.yaml": definition_, "w.yaml": document(f"{group}/{version}", "Widget", "one", {}, spec=spec)}

    def seen() -> Any:
        return json.loads(bench.get(f"widgets.{group}", "one", "-o", "json"))["spec"]

    def done(files: dict[str, str | None]) -> str:
        commit = deploy(bench, files)
        assert bench.settle(commit).state is State.SUCCESS, bench.told(commit)
        return commit

    try:
        first = done(files("v1", definition(group, {"v1": ["size"]}), size="1"))
        wider = definition(group, {"v1": ["size", "color"]})
        done(files("v1", wider, size="1"))
        left = done(files("v1", wider, size="2", color="red"))
        assert seen() == {"size": "2", "color": "red"}
        back(bench, first[:8])
        bench.look_until(lambda: "; rolled back from " in outcome(bench)[1])
        assert (seen(), bench.told(left).state) == ({"size": "1"}, State.FAILURE)
        assert "color" not in bench.cluster.kubectl("get", "crd", f"widgets.{group}", "-o", "json")
        third = done(files("v1", definition(group, {"v1": ["size"], "v2": ["size", "color"]}), size="3"))
        back(bench)
        assert (seen(), outcome(bench)[0]) == ({"size": "3"}, "failed")
        assert "status.storedVersions" in outcome(bench)[1]
        assert f"rolled back to {first[:7]} by ada, which failed: " in bench.told(third).text
    finally:
        bench.cluster.kubectl("delete", "crd", f"widgets.{group}", "--ignore-not-found", "--wait=false")


def test_back_over_a_change_of_a_stateful_set(bench: Bench) -> None:
    """Its volumes stay, and so does a claim that only the left commit had; fixed fields are named with the way out."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    extra = document("v1", "PersistentVolumeClaim", "extra", {}, spec=claim)
    first = deploy(bench, {"db.yaml": stateful(), "one.yaml": config("one")})
    bench.settle(first)
    image = stateful().replace('"postgres"', '"postgres:broken"')
    bench.configure(sync=bench.context.settings.sync.model_copy(update={"health_timeout": 5.0}))
    deploy(bench, {"db.yaml": image, "extra.yaml": extra})
    back(bench)  # while the claim is still waited for
    bench.look_until(lambda: "; rolled back from " in outcome(bench)[1])
    assert "1 kept with its data until Prune=true says otherwise: PersistentVolumeClaim" in outcome(bench)[1]
    assert bench.get("statefulset", "db", "-o", "jsonpath={.spec.template.spec.containers[0].image}") == "postgres"
    assert bench.get("persistentvolumeclaim", "extra", "-o", "jsonpath={.metadata.deletionTimestamp}") == ""
    third = deploy(bench, {"db.yaml": stateful("2Gi", **{OPTIONS: "Force=true"}), "extra.yaml": None})
    assert bench.settle(third).state is State.SUCCESS
    back(bench)
    assert outcome(bench)[0] == "failed"
    assert "spec.volumeClaimTemplates[name=data].spec.resources.requests.storage cannot change" in outcome(bench)[1]
    assert "Force=true" in bench.told(third).text


def web(image: str) -> str:
    """A Deployment of one Pod, which nobody schedules here but the test."""
    labels = {"app": "web"}
    template: dict[str, Any] = {"metadata": {"labels": labels}, "spec": {"schedulerName": "nobody"}}
    template["spec"]["containers"] = [{"name": "web", "image": image}]
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return document("apps/v1", "Deployment", "web", {}, spec=spec)


def schedule(bench: Bench) -> None:
    """Be the scheduler: the Pod gets a node, and kwok runs it."""
    pods = f"/api/v1/namespaces/{bench.namespace}/pods"

    def found() -> list[Any]:
        items: list[Any] = bench.cluster.client.get(pods).json()["items"]
        return items

    bench.look_until(lambda: bool(found()))
    target = {"apiVersion": "v1", "kind": "Node", "name": NODES[0]}
    for pod in found():
        binding = {"metadata": {"name": pod["metadata"]["name"]}, "target": target}
        bench.cluster.client.post(f"{pods}/{pod['metadata']['name']}/binding", json=binding).raise_for_status()


@shows("annotation hookline.dev/rollback")
def test_an_app_goes_back_by_itself_when_health_fails(bench: Bench) -> None:
    """To what was well, with an alert and a line on the trail; it stops when that is not well either."""
    document_ = read(bench)
    document_["metadata"]["annotations"] = {"hookline.dev/rollback": "on-failed-health"}
    bench.declare(json.dumps(document_))

    def late() -> None:
        bench.clock.forward(bench.context.settings.sync.health_timeout + 60)
        bench.look()

    good = deploy(bench, {"web.yaml": web("nginx:1")})
    schedule(bench)
    assert bench.settle(good).state is State.SUCCESS
    bad = deploy(bench, {"web.yaml": web("nginx:2")})
    assert bench.told(bad).state is State.PENDING
    late()
    assert bench.told(bad).text.endswith(f"; rolling back to {good[:7]}")
    bench.drain()
    bench.look_until(lambda: "; rolled back from " in outcome(bench)[1])
    assert bench.told(bad).text.startswith(f"rolled back to {good[:7]} by hookline: health failed: not healthy in time")
    assert bench.told(bad).state is State.FAILURE
    assert [entry["action"] for entry in trail(bench)] == ["rollback"]
    told = [alert.kind for alert, _ in bench.context.records.alerts.waiting("cluster:test").alerts]
    assert {Kind.SYNC_FAILED, Kind.ROLLED_BACK} <= set(told)
    worse = deploy(bench, {"web.yaml": web("nginx:3")})
    late()
    assert bench.told(worse).text.endswith(f"; rolling back to {good[:7]}")
    bench.cluster.kubectl("-n", bench.namespace, "delete", "pod", "-l", "app=web", "--force", "--grace-period=0")
    bench.drain()
    late()
    assert outcome(bench)[0] == "failed"
    assert outcome(bench)[1].endswith(f"{good[:7]} is what it was rolled back to: nothing more is done by itself")
    bench.drain()
    assert bench.context.records.progress.open_requests("myapp") == []
