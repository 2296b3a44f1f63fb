"""Holds, windows, approvals and exceptions on a real API server, with a clock the test moves."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import structlog

from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import config, document, job
from tests.workers.test_declared_fields import kustomization
from workers import beginning, documents, drift, holds, sweep
from workers.alert import Kind
from workers.asker import Asker
from workers.errors import BadOrder, UnknownName
from workers.groups import Holds
from workers.holding import Desk
from workers.holds import Scope
from workers.model import Outcome, Ref, State, Why
from workers.records import coding

ADA = Asker("ada", "command line")
HOUR = 3600.0
# The clock begins on 15 January 2027 at 08:00 UTC, a Friday.


def desk(bench: Bench) -> Desk:
    """Where ada asks for things."""
    context = bench.context
    return Desk(context.settings, context.records, context.catalog.index, bench.counter, bench.clock)


def deploy(bench: Bench, files: dict[str, str | None], why: Why = Why.PUSH) -> str:
    """Push, ask and look; return the commit."""
    commit = bench.push(files)
    bench.ask(commit, why)
    bench.look()
    return commit


def tick(bench: Bench) -> None:
    """Do what beat does every two seconds, and whatever that sends."""
    sweep.tick(bench.context)
    bench.drain()


def value(bench: Bench, name: str = "one") -> str:
    """What a ConfigMap says."""
    return bench.get("configmap", name, "-o", "jsonpath={.data.key}")


def by_hand(bench: Bench, said: str, name: str = "one") -> None:
    """Change a ConfigMap as a person does, and let the sweep see it."""
    bench.cluster.kubectl("-n", bench.namespace, "patch", "configmap", name, "-p", json.dumps({"data": {"key": said}}))
    sweep.sweep(bench.context)
    bench.drain()


def declared(bench: Bench, **spec: Any) -> None:
    """Change the app's declaration: fields of its spec, ``None`` to leave one out."""
    document_ = json.loads(json.dumps(read(bench)))
    for name, said in spec.items():
        document_["spec"].pop(name, None) if said is None else document_["spec"].update({name: said})
    bench.declare(json.dumps(document_))


def read(bench: Bench) -> dict[str, Any]:
    """The app's document."""
    text = (bench.catalog / "myapp.yaml").read_bytes()
    found: dict[str, Any] = documents.read(text, "myapp.yaml")[0].value
    return found


def actions(bench: Bench) -> list[str]:
    """What the audit trail tells, oldest first."""
    return [entry["action"] for entry in trail(bench)]


def trail(bench: Bench) -> list[dict[str, Any]]:
    """The audit trail, oldest first, without what syncs by hand came to."""
    return [entry for entry in reversed(bench.context.records.audit.entries()) if entry["action"] != "synced"]


def test_a_hold_keeps_everything_away_and_ends_by_itself(bench: Bench) -> None:
    """Commits end held and are deployed afterwards, each told how; a hand fix stays, then Git wins again."""
    deploy(bench, {"one.yaml": config("one"), "two.yaml": config("two")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "2h", "the database moves")
    first = deploy(bench, {"one.yaml": config("one", "b")})
    second = deploy(bench, {"one.yaml": config("one", "c")})
    assert bench.told(first).state is bench.told(second).state is State.SUCCESS
    assert bench.told(second).text == "held until 10:00 UTC by ada: the database moves"
    by_hand(bench, "by hand", "two")
    assert (value(bench), value(bench, "two")) == ("a", "by hand")
    assert "ConfigMap" in next(iter(bench.context.records.repairs.noted("myapp")))
    bench.clock.forward(HOUR)
    tick(bench)
    assert (value(bench), value(bench, "two")) == ("a", "by hand")
    bench.clock.forward(HOUR)
    bench.configure()  # every process was down at the end, and new ones come
    tick(bench)
    assert (value(bench), value(bench, "two")) == ("c", "a")
    assert bench.told(second).text.startswith("synced: 2 configured")
    assert bench.told(first).text == f"superseded: included in {second[:7]}"
    assert actions(bench) == ["hold", "hold expired"]
    assert bench.context.records.holds.all() == []
    tick(bench)
    assert actions(bench) == ["hold", "hold expired"]


@pytest.mark.parametrize(("scope", "target"), [(Scope.PROJECT, "default"), (Scope.CLUSTER, "test")])
def test_a_project_and_a_cluster_are_held_and_released(bench: Bench, scope: Scope, target: str) -> None:
    """As one app is; what was released early is looked at at once."""
    deploy(bench, {"one.yaml": config("one")})
    desk(bench).hold(ADA, scope, target, "2h", "an upgrade")
    commit = deploy(bench, {"one.yaml": config("one", "b")})
    assert bench.told(commit).text == f"held (all of {scope} {target}) until 10:00 UTC by ada: an upgrade"
    forced = desk(bench).sync(replace(ADA, why=Why.EMERGENCY), "myapp", "it burns", forced=True)
    bench.look_until_done(forced)
    assert value(bench) == "b"
    held = deploy(bench, {"one.yaml": config("one", "c")})
    desk(bench).release(Asker("grace", "command line"), scope, target)
    tick(bench)
    assert (value(bench), bench.told(held).text.startswith("synced")) == ("c", True)
    assert actions(bench) == ["hold", "sync forced", "release", "hold released"]


def test_a_held_object_is_neither_written_nor_pruned_nor_repaired(bench: Bench) -> None:
    """Everything else of the app goes on, and the status names what does not; afterwards Git wins."""
    deploy(bench, {name: config(name.partition(".")[0]) for name in ("one.yaml", "two.yaml", "three.yaml")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "2h", "looking at it", "ConfigMap/one")
    desk(bench).hold(ADA, Scope.APP, "myapp", "2h", "needed", "ConfigMap/two")
    commit = deploy(bench, {"one.yaml": config("one", "b"), "two.yaml": None, "three.yaml": config("three", "b")})
    told = bench.told(commit).text
    assert told.startswith("synced: 1 configured")
    assert f"ConfigMap {bench.namespace}/one is left alone: held until 10:00 UTC by ada: looking at it" in told
    assert f"ConfigMap {bench.namespace}/two is left alone" in told
    by_hand(bench, "by hand")
    by_hand(bench, "by hand, too", "three")
    assert (value(bench), value(bench, "two"), value(bench, "three")) == ("by hand", "a", "b")
    wanted = bench.context.records.progress.app("myapp").wanted
    sweep.sweep(bench.context)
    assert bench.context.records.progress.app("myapp").wanted == wanted  # what is held is noted, and no reason to ask
    assert any("/one" in name for name in bench.context.records.repairs.noted("myapp"))
    bench.clock.forward(2 * HOUR)
    tick(bench)
    assert (value(bench), "configmap/two" in bench.get("configmap", "-o", "name")) == ("b", False)
    assert "left alone" not in bench.context.records.progress.app("myapp").text


@shows("AppProject metadata.annotations")
def test_a_project_says_how_long_its_apps_may_be_held(bench: Bench) -> None:
    """No longer hold is made, and one that an app's annotations declare ends then."""
    project(bench, longest="90m")
    deploy(bench, {"one.yaml": config("one")})
    with pytest.raises(BadOrder, match=r"1\.5 h at most \(hookline\.dev/hold-longest of team\)"):
        desk(bench).hold(ADA, Scope.APP, "myapp", "2h", "burns")
    document_ = json.loads(json.dumps(read(bench)))
    said = {holds.UNTIL: "2027-01-16T08:00:00Z", holds.OWNER: "ada", holds.REASON: "burns"}
    document_["metadata"]["annotations"] = said
    bench.declare(json.dumps(document_))
    tick(bench)
    commit = deploy(bench, {"one.yaml": config("one", "b")})
    assert bench.told(commit).text == "held until 09:30 UTC by ada: burns"
    bench.clock.forward(1.5 * HOUR)
    tick(bench)
    assert bench.settle(commit).text.startswith("synced: 1 configured")


def test_without_self_heal_drift_stays_reported_after_a_hold(bench: Bench) -> None:
    """Only what is new in Git is written."""
    declared(bench, syncPolicy={"automated": {"prune": True}})
    deploy(bench, {"one.yaml": config("one")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it")
    by_hand(bench, "by hand")
    bench.clock.forward(HOUR)
    tick(bench)
    assert value(bench) == "by hand"
    assert len(bench.context.records.repairs.noted("myapp")) == 1


def test_what_the_watch_suspects_of_a_held_app_is_noted_once(bench: Bench) -> None:
    """A look ends like one in report mode: nothing is written, nobody asks again before something changes."""
    deploy(bench, {"one.yaml": config("one")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it")
    before, app = bench.context.records.progress.app("myapp"), bench.context.catalog.index().apps["myapp"]
    ref, written = Ref("", "ConfigMap", bench.namespace, "one"), len(bench.writes())
    bench.cluster.kubectl("-n", bench.namespace, "delete", "configmap", "one")
    assert drift.judge(bench.context, app, {}, [ref])
    sweep.ask_repair(bench.context, app)
    bench.drain()
    assert bench.context.records.repairs.noted("myapp") == {str(ref): "is missing"}
    assert len(bench.writes()) == written
    after, last = bench.context.records.progress.app("myapp"), bench.context.records.progress.syncs("myapp")[0]
    assert (after.outcome, after.text, after.inputs) == (before.outcome, before.text, before.inputs)
    assert last.outcome is Outcome.HELD
    assert last.text.startswith("held until 09:00 UTC by ada: looking at it; drift, reported and left as it is")
    assert not drift.judge(bench.context, app, {}, [ref])
    sweep.sweep(bench.context)
    assert bench.context.records.progress.app("myapp").wanted == after.wanted
    bench.clock.forward(HOUR)
    tick(bench)
    assert value(bench) == "a"


def test_a_repair_recorded_before_a_hold_is_stopped_by_the_gate(bench: Bench) -> None:
    """However a request came about, it passes the gate when a worker looks."""
    deploy(bench, {"one.yaml": config("one")})
    number = bench.ask(why=Why.DRIFT)
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it")
    bench.cluster.kubectl("-n", bench.namespace, "delete", "configmap", "one")
    bench.look_until_done(number)
    assert "configmap/one" not in bench.get("configmap", "-o", "name")


def test_what_git_wants_of_a_held_object_is_written_afterwards_also_where_drift_is_only_reported(bench: Bench) -> None:
    """A commit that left it out was told so, and nobody pushes it again."""
    declared(bench, syncPolicy={"automated": {"prune": True}})
    deploy(bench, {"one.yaml": config("one"), "two.yaml": config("two")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it", "ConfigMap/one")
    deploy(bench, {"one.yaml": config("one", "b")})
    assert value(bench) == "a"
    bench.clock.forward(HOUR)
    tick(bench)
    assert value(bench) == "b"


def test_a_held_object_that_git_breaks_keeps_nothing_else_from_being_synced(bench: Bench) -> None:
    """It is not going to be written, so what the API server says of it is of no matter yet."""
    deploy(bench, {"one.yaml": config("one"), "two.yaml": config("two")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it", "ConfigMap/one")
    broken = document("v1", "ConfigMap", "one", {}, data={"no key": "b"})
    commit = deploy(bench, {"one.yaml": broken, "two.yaml": config("two", "b")})
    assert bench.told(commit).text.startswith("synced: 1 configured")
    assert (value(bench), value(bench, "two")) == ("a", "b")


def test_an_app_that_is_gone_is_removed_after_its_hold(bench: Bench) -> None:
    """A hold keeps from deleting, too."""
    document_ = read(bench)
    document_["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    bench.declare(json.dumps(document_))
    deploy(bench, {"one.yaml": config("one")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it")
    (bench.catalog / "myapp.yaml").unlink()
    bench.declare(document("argoproj.io/v1alpha1", "AppProject", "other", {}, spec={}), "other")
    bench.sweep_declared()
    bench.drain()
    assert value(bench) == "a"
    assert bench.context.records.progress.app("myapp").outcome == Outcome.HELD
    bench.clock.forward(HOUR)
    tick(bench)
    bench.look_until(lambda: "configmap/one" not in bench.get("configmap", "-o", "name"))


def test_an_app_that_is_gone_is_not_removed_while_one_object_of_it_is_held(bench: Bench) -> None:
    """Nothing of it goes: what is left afterwards would be nobody's."""
    document_ = read(bench)
    document_["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    bench.declare(json.dumps(document_))
    deploy(bench, {"one.yaml": config("one"), "two.yaml": config("two")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it", "ConfigMap/one")
    (bench.catalog / "myapp.yaml").unlink()
    bench.declare(document("argoproj.io/v1alpha1", "AppProject", "other", {}, spec={}), "other")
    bench.sweep_declared()
    bench.drain()
    assert (value(bench), value(bench, "two")) == ("a", "a")
    assert "ConfigMap/one is held until 09:00 UTC" in bench.context.records.progress.app("myapp").text
    bench.clock.forward(HOUR)
    tick(bench)
    bench.look_until(lambda: "configmap" not in bench.get("configmap", "-l", "applyset.kubernetes.io/part-of"))


ANNOTATIONS = {holds.UNTIL: "2027-01-15T10:00:00Z", holds.OWNER: "ada", holds.REASON: "the database moves"}


def annotate(bench: Bench, annotations: dict[str, str]) -> None:
    """Declare the app with these annotations, and let the tick see it."""
    document_ = read(bench)
    document_["metadata"]["annotations"] = annotations
    bench.declare(json.dumps(document_))
    tick(bench)


def test_a_hold_declared_in_git(bench: Bench) -> None:
    """As any other: it holds, ends by itself once, and taking it out of Git ends it, too."""
    deploy(bench, {"one.yaml": config("one")})
    annotate(bench, ANNOTATIONS)
    held = deploy(bench, {"one.yaml": config("one", "b")})
    assert bench.told(held).text == "held until 10:00 UTC by ada: the database moves"
    with pytest.raises(BadOrder, match="out of Git"):
        desk(bench).release(ADA, Scope.APP, "myapp")
    bench.clock.forward(2 * HOUR)
    tick(bench)
    assert value(bench) == "b"
    tick(bench)
    assert actions(bench) == ["hold expired"]
    annotate(bench, {**ANNOTATIONS, holds.UNTIL: "2027-01-15T14:00:00+01:00"})
    held = deploy(bench, {"one.yaml": config("one", "c")})
    assert "held until 13:00 UTC" in bench.told(held).text
    annotate(bench, {})
    assert value(bench) == "c"


@shows("Kustomization metadata.annotations")
def test_a_kustomization_is_held_by_its_annotations(bench: Bench) -> None:
    """As an Application is."""
    kustomization(bench, {})
    deploy(bench, {"one.yaml": config("one")})
    text = (bench.catalog / "myapp.yaml").read_text()
    named = "name: myapp, namespace: flux-system"
    bench.declare(text.replace(named, f"{named}, annotations: {json.dumps(ANNOTATIONS)}"))
    held = deploy(bench, {"one.yaml": config("one", "b")})
    assert bench.told(held).text == "held until 10:00 UTC by ada: the database moves"
    bench.declare(text)
    tick(bench)
    assert value(bench) == "b"


def test_a_declared_hold_lasts_no_longer_than_the_policy_says(bench: Bench) -> None:
    """From when it was first seen, however far its end is."""
    bench.configure(holds=Holds(longest=HOUR))
    deploy(bench, {"one.yaml": config("one")})
    annotate(bench, {**ANNOTATIONS, holds.UNTIL: "2099-01-01T00:00:00Z"})
    held = deploy(bench, {"one.yaml": config("one", "b")})
    assert "held until 09:00 UTC by ada" in bench.told(held).text
    bench.clock.forward(HOUR)
    bench.context.catalog.refresh()
    tick(bench)
    tick(bench)
    assert (value(bench), actions(bench)) == ("b", ["hold expired"])


@pytest.mark.parametrize(
    ("annotations", "sentence"),
    [
        ({**ANNOTATIONS, holds.UNTIL: "tomorrow"}, "expected a moment with its zone"),
        ({**ANNOTATIONS, holds.UNTIL: "2027-01-15T10:00:00"}, "expected a moment with its zone"),
        ({**ANNOTATIONS, holds.OWNER: " "}, f"{holds.OWNER} is missing"),
        ({holds.UNTIL: ANNOTATIONS[holds.UNTIL], holds.OWNER: "ada"}, f"{holds.REASON} is missing"),
        ({"hookline.dev/holds-until": "2027-01-15T10:00:00Z"}, f"expected {holds.UNTIL}"),
    ],
)
def test_a_hold_nobody_understands_does_not_pass_for_none(
    bench: Bench, annotations: dict[str, str], sentence: str
) -> None:
    """The app is broken until somebody corrects it: nothing is written, and its commits say which annotation."""
    deploy(bench, {"one.yaml": config("one")})
    annotate(bench, annotations)
    commit = deploy(bench, {"one.yaml": config("one", "b")})
    assert bench.told(commit).state is State.FAILURE
    assert sentence in bench.told(commit).text
    assert value(bench) == "a"


@pytest.mark.parametrize(
    ("scope", "target", "length", "reason", "thing", "sentence"),
    [
        (Scope.APP, "myapp", "25h", "x", "", "24 h at most"),
        (Scope.APP, "myapp", "0s", "x", "", "24 h at most"),
        (Scope.APP, "myapp", "", "x", "", "needs an end"),
        (Scope.APP, "myapp", "soon", "x", "", "needs an end"),
        (Scope.APP, "myapp", "1h", " ", "", "needs a reason"),
        (Scope.APP, "nobody", "1h", "x", "", "no app is called nobody"),
        (Scope.PROJECT, "nobody", "1h", "x", "", "no project is called nobody"),
        (Scope.CLUSTER, "nobody", "1h", "x", "", "no cluster is called nobody"),
        (Scope.APP, "myapp", "1h", "x", "Deployment/wbe", "owns no Deployment/wbe"),
    ],
)
def test_what_cannot_be_held_is_refused(
    bench: Bench, scope: Scope, target: str, length: str, reason: str, thing: str, sentence: str
) -> None:
    """Nothing is recorded, not even in the audit trail."""
    with pytest.raises((BadOrder, UnknownName), match=sentence):
        desk(bench).hold(ADA, scope, target, length, reason, thing)
    assert (bench.context.records.holds.all(), actions(bench)) == ([], [])


def project(bench: Bench, *windows: dict[str, Any], longest: str = "") -> None:
    """Put the app into a project with these sync windows, which lets holds last no longer than that."""
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        "syncWindows": list(windows),
    }
    bound = {holds.LONGEST: longest} if longest else {}
    bench.declare(document("argoproj.io/v1alpha1", "AppProject", "team", bound, spec=spec), "team")
    declared(bench, project="team")


NIGHT: dict[str, Any] = {"kind": "deny", "schedule": "0 7 * * *", "duration": "2h", "applications": ["myapp"]}
"""On when the clock begins, for one hour more."""

SHOWN_BY_TEST_A_WINDOW_CLOSES: dict[str, dict[str, Any]] = {
    "AppProject spec.syncWindows[].kind": {**NIGHT, "kind": "allow", "schedule": "0 9 * * *"},
    "AppProject spec.syncWindows[].schedule": {**NIGHT, "schedule": "0 7 * * FRI"},
    "AppProject spec.syncWindows[].duration": {**NIGHT, "duration": "120m"},
    "AppProject spec.syncWindows[].applications": {**NIGHT, "applications": ["my*"]},
    "AppProject spec.syncWindows[].namespaces": {**NIGHT, "applications": [], "namespaces": ["NAMESPACE"]},
    "AppProject spec.syncWindows[].clusters": {**NIGHT, "applications": [], "clusters": ["https://kubernetes.*"]},
    "AppProject spec.syncWindows[].timeZone": {**NIGHT, "schedule": "0 8 * * *", "timeZone": "Europe/Amsterdam"},
    "AppProject spec.syncWindows[].andOperator": {**NIGHT, "namespaces": ["NAMESPACE"], "andOperator": True},
    "AppProject spec.syncWindows[].description": {**NIGHT, "description": "ticket 7"},
}


@pytest.mark.parametrize("name", SHOWN_BY_TEST_A_WINDOW_CLOSES)
def test_a_window_closes(bench: Bench, name: str) -> None:
    """The commit says which window and when it opens; at that moment it is deployed."""
    said = SHOWN_BY_TEST_A_WINDOW_CLOSES[name]
    project(bench, json.loads(json.dumps(said).replace("NAMESPACE", bench.namespace)))
    commit = deploy(bench, {"one.yaml": config("one")})
    told = bench.told(commit)
    assert (told.state, told.text.startswith("waits for a sync window of project team")) == (State.SUCCESS, True)
    assert told.text.endswith("opens at 09:00 UTC")
    assert said.get("description", "deny" if said["kind"] == "deny" else "allow") in told.text
    assert "configmap/one" not in bench.get("configmap", "-o", "name")
    bench.clock.forward(HOUR - 10)
    tick(bench)
    assert "configmap/one" not in bench.get("configmap", "-o", "name")
    bench.clock.forward(10)
    tick(bench)
    assert bench.settle(commit).text.startswith("synced: 1 created")


def test_an_app_that_waits_for_a_window_goes_on_when_the_window_is_changed_or_gone(bench: Bench) -> None:
    """At the next tick, not at the moment that was kept; behind one that stays closed it goes on waiting and says until
    when. Drift that waits is repaired."""
    project(bench, NIGHT)
    commit = deploy(bench, {"one.yaml": config("one")})
    assert bench.told(commit).text.endswith("opens at 09:00 UTC")
    tick(bench)
    assert bench.context.records.progress.app("myapp").wanted == 1
    project(bench, {**NIGHT, "duration": "3h"})  # closed for longer
    tick(bench)
    assert bench.told(commit).text.endswith("opens at 10:00 UTC")
    project(bench, {**NIGHT, "kind": "allow", "duration": "1h"}, {**NIGHT, "kind": "allow", "schedule": "0 8 * * *"})
    tick(bench)  # one is over, the other one is on
    assert bench.settle(commit).text.startswith("synced: 1 created")
    project(bench, NIGHT)
    tick(bench)
    by_hand(bench, "by hand")
    assert (value(bench), len(bench.context.records.repairs.noted("myapp"))) == ("by hand", 1)
    project(bench)
    tick(bench)
    assert (value(bench), bench.context.records.holds.waiting()) == ("a", {})


@pytest.mark.parametrize(
    ("more", "passes"),
    [
        ({"applications": ["your*"]}, True),
        ({"schedule": "0 7 * * MON"}, True),
        ({"duration": "59m"}, True),
        ({"timeZone": "Asia/Tokyo"}, True),
        ({"namespaces": ["other"], "andOperator": True}, True),
        ({"clusters": ["other"], "applications": []}, True),
        ({}, False),
    ],
)
def test_a_window_that_is_not_on_or_not_for_the_app(bench: Bench, more: dict[str, Any], passes: bool) -> None:
    """Each field can make the difference."""
    project(bench, {**NIGHT, **more})
    commit = deploy(bench, {"one.yaml": config("one")})
    assert bench.told(commit).text.startswith("synced") is passes


def test_drift_is_repaired_when_the_window_opens(bench: Bench) -> None:
    """Also where nothing but the watch had seen it."""
    deploy(bench, {"one.yaml": config("one")})
    project(bench, NIGHT)
    tick(bench)
    by_hand(bench, "by hand")
    assert value(bench) == "by hand"
    bench.clock.forward(HOUR)
    tick(bench)
    assert value(bench) == "a"


@shows("AppProject spec.syncWindows[].manualSync")
def test_a_sync_by_hand_passes_a_window_that_says_so(bench: Bench) -> None:
    """And only such a one; forced it passes every window."""
    project(bench, NIGHT)
    commit = deploy(bench, {"one.yaml": config("one")}, Why.MANUAL)
    assert "waits for a sync window" in bench.told(commit).text
    project(bench, {**NIGHT, "manualSync": True})
    bench.look_until_done(desk(bench).sync(ADA, "myapp", "now"))
    assert value(bench) == "a"
    project(bench, NIGHT)
    deploy(bench, {"one.yaml": config("one", "b")})
    assert value(bench) == "a"
    bench.look_until_done(desk(bench).sync(ADA, "myapp", "now", forced=True))
    assert value(bench) == "b"


@shows("AppProject spec.syncWindows[].syncOverrun")
@pytest.mark.parametrize("overrun", [True, False])
def test_a_sync_under_way_when_a_window_closes(bench: Bench, overrun: bool) -> None:
    """It ends where the window says ``syncOverrun``; else it stops before its next step and goes on when it opens."""
    project(bench, {**NIGHT, "schedule": "0 9 * * *", "duration": "1h", "syncOverrun": overrun})
    commit = bench.push({"a.yaml": job("slow", takes="ever", wave="0"), "b.yaml": config("b", wave="1")})
    bench.ask(commit)
    bench.look()
    assert bench.told(commit).state is State.PENDING
    bench.context.records.progress.app("myapp")
    flight = bench.context.records.progress.flight("myapp")
    assert flight is not None
    bench.clock.forward(HOUR)
    with_time = replace(flight, deadline=bench.clock() + HOUR)
    bench.context.records.redis.set("hookline:flight:myapp", encoded(with_time))
    bench.finish_job("slow")
    told = bench.settle(commit)
    if overrun:
        assert told.text.startswith("synced: 2 created")
        return
    assert told.text.startswith("stopped before Sync wave 1: waits for a sync window of project team")
    assert "configmap/b" not in bench.get("configmap", "-o", "name")
    bench.clock.forward(HOUR)
    tick(bench)
    assert bench.settle(commit).text.startswith("synced: 1 created")


def encoded(flight: Any) -> str:
    """A stored sync as the records keep it."""
    return coding.encode(flight)


def test_a_hold_stops_a_sync_under_way_before_its_next_step(bench: Bench) -> None:
    """What was written stays; afterwards a sync does the rest."""
    commit = bench.push({"a.yaml": job("slow", takes="ever", wave="0"), "b.yaml": config("b", wave="1")})
    bench.ask(commit)
    bench.look()
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "stop")
    bench.finish_job("slow")
    assert bench.settle(commit).text == "stopped before Sync wave 1: held until 09:00 UTC by ada: stop"
    desk(bench).release(ADA, Scope.APP, "myapp")
    tick(bench)
    assert bench.settle(commit).text.startswith("synced: 1 created")


def test_a_hold_of_an_object_that_a_sync_under_way_has_not_reached(bench: Bench) -> None:
    """The sync goes on and leaves it out; afterwards it is written."""
    commit = bench.push({"a.yaml": config("one"), "b.yaml": config("two", wave="1")})
    bench.ask(commit)
    bench.look()
    commit = bench.push({"a.yaml": job("slow", takes="ever", wave="0"), "b.yaml": config("two", "b", wave="1")})
    bench.ask(commit)
    bench.look()
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it", "ConfigMap/two")
    bench.finish_job("slow")
    assert bench.settle(commit).state is State.SUCCESS
    assert value(bench, "two") == "a"
    bench.clock.forward(HOUR)
    tick(bench)
    assert value(bench, "two") == "b"


def test_a_hold_stops_a_repair_under_way_before_its_next_step(bench: Bench) -> None:
    """What the repair had put back stays, the rest is noted; the commit goes on being told that it was synced."""
    takes = job("slow", takes="ever", wave="0")
    commit = bench.push({"a.yaml": takes, "b.yaml": config("b", wave="1")})
    bench.ask(commit)
    bench.look()
    bench.finish_job("slow")
    told = bench.settle(commit)
    for kind, name in (("job", "slow"), ("configmap", "b")):
        bench.cluster.kubectl("-n", bench.namespace, "delete", kind, name)
        bench.gone(kind, name)
    number = bench.ask(why=Why.DRIFT)
    bench.look()
    assert bench.context.records.progress.flight("myapp")
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "stop")
    bench.finish_job("slow")
    bench.look_until_done(number)
    assert "configmap/b" not in bench.get("configmap", "-o", "name")
    assert bench.told(commit) == told
    sweep.sweep(bench.context)
    bench.drain()
    assert list(bench.context.records.repairs.noted("myapp").values()) == ["is missing"]
    desk(bench).release(ADA, Scope.APP, "myapp")
    tick(bench)
    bench.look_until(lambda: "configmap/b" in bench.get("configmap", "-o", "name"))


def test_a_hold_that_comes_between_a_look_and_its_repair_stops_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate is asked again before the first write."""
    deploy(bench, {"one.yaml": config("one")})
    intend = beginning.intend

    def slowly(*arguments: Any) -> None:
        intend(*arguments)
        desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "stop")

    monkeypatch.setattr(beginning, "intend", slowly)
    by_hand(bench, "by hand")
    assert value(bench) == "by hand"
    monkeypatch.undo()
    bench.clock.forward(HOUR)
    tick(bench)
    assert value(bench) == "a"


def test_drift_seen_under_a_hold_leaves_a_sync_alone_that_waits_for_health(bench: Bench) -> None:
    """All of it is written; its commit is told how it ended, and the drift is noted then."""
    commit = bench.push({"a.yaml": job("slow", takes="ever"), "b.yaml": config("b")})
    bench.ask(commit)
    bench.look()
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "stop")
    by_hand(bench, "by hand", "b")
    assert bench.context.records.progress.flight("myapp")
    bench.finish_job("slow")
    assert bench.settle(commit).text.startswith("synced: 2 created")
    sweep.sweep(bench.context)
    bench.drain()
    assert value(bench, "b") == "by hand"
    assert len(bench.context.records.repairs.noted("myapp")) == 1


def test_a_commit_that_meets_a_sync_under_way_and_a_hold_loses_nothing(bench: Bench) -> None:
    """Both end held; afterwards the newer one is deployed, also where it wants just what was synced before."""
    files: dict[str, str | None] = {"a.yaml": config("one", wave="0"), "b.yaml": config("two", wave="1")}
    deploy(bench, files)
    slow = {"a.yaml": config("one", "b", wave="0"), "c.yaml": job("slow", takes="ever", wave="0")}
    under_way = bench.push({**slow, "b.yaml": config("two", "b", wave="1")})
    bench.ask(under_way)
    bench.look()
    assert value(bench) == "b"
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "stop")
    back = deploy(bench, {**files, "c.yaml": None})
    assert bench.told(under_way).text == bench.told(back).text == "held until 09:00 UTC by ada: stop"
    bench.clock.forward(HOUR)
    tick(bench)
    # What was told it is held keeps that word until its sync ends, which takes until the Job is gone.
    bench.look_until(lambda: bench.told(back).text.startswith("synced"))
    assert (value(bench), value(bench, "two")) == ("a", "a")


def test_people_hear_of_a_hold_that_ran_out_and_of_an_exception_that_ends(bench: Bench) -> None:
    """Once each; a hold that somebody released is no news."""
    deploy(bench, {"one.yaml": config("one")})
    branch(bench, "hotfix", {"one.yaml": config("one", "fix")})
    desk(bench).hold(ADA, Scope.PROJECT, "default", "1h", "an upgrade")
    desk(bench).release(ADA, Scope.PROJECT, "default")
    tick(bench)
    desk(bench).hold(ADA, Scope.CLUSTER, "test", "1h", "an upgrade")
    bench.clock.forward(HOUR)
    for _ in range(2):
        tick(bench)
    bench.look_until_done(desk(bench).begin(ADA, "myapp", "hotfix", "1h", "it burns")[1])
    bench.clock.forward(HOUR - 600)
    for _ in range(2):
        tick(bench)
    told = [alert for alert, _ in bench.context.records.alerts.waiting("cluster:test").alerts]
    assert [(alert.kind, alert.app, alert.text) for alert in told] == [
        (Kind.HOLD_EXPIRED, "myapp", "the hold of ada has expired (an upgrade): the app is served again"),
        (
            Kind.EXCEPTION_ENDING,
            "myapp",
            "exception hotfix of ada ends at 10:00 UTC: the app goes back to its own revision",
        ),
    ]


def test_exactly_the_commit_that_was_approved_is_deployed(bench: Bench) -> None:
    """Not what came later: that waits for a word of its own."""
    declared(bench, syncPolicy=None)
    first = deploy(bench, {"one.yaml": config("one")})
    assert bench.told(first).text.startswith(f"{first[:7]} waits for approval: run `hookline approve myapp`")
    second = deploy(bench, {"one.yaml": config("one", "b")})
    with pytest.raises(BadOrder, match=f"{second[:7]} waits"):
        desk(bench).approve(ADA, "myapp", first[:10])
    assert desk(bench).approve(ADA, "myapp", first, "release")[0] == first
    bench.drain()
    assert value(bench) == "a"
    assert bench.told(first).text.startswith("synced: 1 created")
    assert bench.told(second).text.startswith("waits for approval")
    assert desk(bench).approve(ADA, "myapp")[0] == second
    bench.drain()
    assert (value(bench), bench.told(second).text.startswith("synced")) == ("b", True)
    assert actions(bench) == ["approve", "approve"]


def test_an_approval_given_during_a_hold_is_kept(bench: Bench) -> None:
    """The approved commit is deployed afterwards, though another one arrived meanwhile."""
    declared(bench, syncPolicy=None)
    first = deploy(bench, {"one.yaml": config("one")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "looking at it")
    desk(bench).approve(ADA, "myapp")
    second = deploy(bench, {"one.yaml": config("one", "b")})
    assert "held until" in bench.told(second).text
    bench.clock.forward(HOUR)
    tick(bench)
    assert (value(bench), bench.told(first).text.startswith("synced")) == ("a", True)
    assert bench.told(second).text.startswith("waits for approval")


def test_what_waited_for_a_window_first_waits_for_approval_then(bench: Bench) -> None:
    """The commit is known, and can be approved."""
    project(bench, NIGHT)
    declared(bench, syncPolicy=None)
    commit = deploy(bench, {"one.yaml": config("one")})
    assert "waits for a sync window" in bench.told(commit).text
    bench.clock.forward(HOUR)
    tick(bench)
    assert bench.told(commit).text.startswith(f"{commit[:7]} waits for approval")
    assert desk(bench).approve(ADA, "myapp")[0] == commit
    bench.drain()
    assert value(bench) == "a"


def test_a_commit_that_is_not_of_the_app_cannot_be_approved(bench: Bench) -> None:
    """It has to be part of what the app follows."""
    declared(bench, syncPolicy=None)
    deploy(bench, {"one.yaml": config("one")})
    stray = branch(bench, "feature", {"one.yaml": config("one", "stray")})
    number = desk(bench).approve(ADA, "myapp", stray)[1]
    bench.look_until_done(number)
    assert "no longer part of main" in bench.context.records.progress.app("myapp").text
    assert "configmap/one" not in bench.get("configmap", "-o", "name")


def branch(bench: Bench, name: str, files: dict[str, str | None]) -> str:
    """Commit files on a branch of main's head, push it, and go back to main; return the commit."""
    bench.checkout.run("switch", "-C", name, "main")
    commit = bench.checkout.commit({f"myapp/{file}": text for file, text in files.items()}, "hotfix")
    bench.checkout.run("push", "-f", "origin", name)
    bench.checkout.run("switch", "main")
    return commit


def test_an_exception_is_followed_and_ends_by_itself(bench: Bench) -> None:
    """The hotfix branch counts, the declared one waits; at its end, with everything down, the app goes back."""
    base = deploy(bench, {"one.yaml": config("one")})
    fix = branch(bench, "hotfix/login", {"one.yaml": config("one", "fix")})
    made, number = desk(bench).begin(ADA, "myapp", "hotfix/login", "2h", "logins fail")
    bench.look_until_done(number)
    assert (value(bench), made.before) == ("fix", base)
    assert bench.told_on(fix, "refs/heads/hotfix/login").text.startswith("synced")
    waits = deploy(bench, {"two.yaml": config("two")})
    assert bench.told(waits).text == "held: exception hotfix/login until 10:00 UTC by ada: logins fail"
    assert value(bench) == "fix"
    branch(bench, "hotfix/login", {"one.yaml": config("one", "better fix")})
    sweep.sweep(bench.context)
    bench.drain()
    assert value(bench) == "better fix"
    by_hand(bench, "by hand")
    assert value(bench) == "better fix"  # drift is repaired to what the exception says
    bench.clock.forward(2 * HOUR)
    bench.configure()
    tick(bench)
    assert value(bench) == "a"
    assert "configmap/two" in bench.get("configmap", "-o", "name")
    assert bench.told(waits).text.startswith("synced")
    assert actions(bench) == ["exception", "exception expired"]
    assert bench.context.records.exceptions.all() == {}


def test_an_exception_of_an_app_that_syncs_by_hand_goes_back_to_what_was_deployed(bench: Bench) -> None:
    """Not to the newest commit, which nobody approved."""
    declared(bench, syncPolicy=None)
    deploy(bench, {"one.yaml": config("one")})
    desk(bench).approve(ADA, "myapp")
    bench.drain()
    deploy(bench, {"one.yaml": config("one", "b")})
    branch(bench, "hotfix", {"one.yaml": config("one", "fix")})
    bench.look_until_done(desk(bench).begin(ADA, "myapp", "hotfix", "1h", "it burns")[1])
    assert value(bench) == "fix"
    desk(bench).end(ADA, "myapp")
    tick(bench)
    assert value(bench) == "a"


def test_an_exception_nobody_pushed_fails_and_says_how_to_get_out(bench: Bench) -> None:
    """And the app stays as it was."""
    deploy(bench, {"one.yaml": config("one")})
    bench.look_until_done(desk(bench).begin(ADA, "myapp", "nowhere", "1h", "it burns")[1])
    text = bench.context.records.progress.app("myapp").text
    assert "has no nowhere, which myapp follows as an exception" in text
    assert "hookline release myapp" in text
    assert value(bench) == "a"


@pytest.mark.parametrize("revision", ["HEAD", "", ">=1.0", "a b", "--upload-pack=x", "../x", "x" * 300])
def test_what_cannot_be_an_exception(bench: Bench, revision: str) -> None:
    """One branch, tag, ref or commit, and nothing that Git would read otherwise."""
    with pytest.raises(BadOrder, match="expected a branch"):
        desk(bench).begin(ADA, "myapp", revision, "1h", "it burns")


def test_project_policy_applies_to_an_exception_and_to_a_forced_sync(bench: Bench) -> None:
    """Neither is a way around it."""
    spec = {"sourceRepos": ["https://github.com/others/*"], "destinations": [{"server": "*", "namespace": "*"}]}
    bench.declare(document("argoproj.io/v1alpha1", "AppProject", "team", {}, spec=spec), "team")
    declared(bench, project="team")
    bench.push({"one.yaml": config("one")})
    bench.look_until_done(desk(bench).begin(ADA, "myapp", "main", "1h", "it burns", forced=True)[1])
    assert "does not allow the repository" in bench.context.records.progress.app("myapp").text
    assert bench.writes() == []


def test_the_story_of_an_emergency(bench: Bench) -> None:
    """Hold, fix by hand, ship the hotfix past the hold, go back by itself; the trail tells it afterwards."""
    deploy(bench, {"one.yaml": config("one")})
    desk(bench).hold(ADA, Scope.APP, "myapp", "1h", "logins fail")
    by_hand(bench, "by hand")
    assert value(bench) == "by hand"
    branch(bench, "hotfix/login", {"one.yaml": config("one", "fix")})
    bench.look_until_done(desk(bench).begin(ADA, "myapp", "hotfix/login", "2h", "logins fail", forced=True)[1])
    assert value(bench) == "fix"
    bench.clock.forward(HOUR)
    tick(bench)
    assert value(bench) == "fix"
    bench.clock.forward(HOUR - 15 * 60)
    with structlog.testing.capture_logs() as said:
        tick(bench)
        tick(bench)
    reminders = [line["text"] for line in said if line["event"] == "exception ending"]
    assert reminders == ["exception hotfix/login of ada ends at 10:00 UTC"]
    bench.clock.forward(15 * 60)
    tick(bench)
    assert value(bench) == "a"
    entries = trail(bench)
    assert [entry["action"] for entry in entries] == ["hold", "exception forced", "hold expired", "exception expired"]
    assert all(entry["app"] == "myapp" and entry["reason"] == "logins fail" for entry in entries)
    assert entries[0]["until"].startswith("2027-01-15 09:00")
    assert entries[1]["revision"] == "hotfix/login"
