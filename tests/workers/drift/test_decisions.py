"""What is done about drift, decided without a cluster."""

from __future__ import annotations

import pytest

from workers import drift, fields
from workers.apps import App, index
from workers.drift import findings, naming, suspects, verdicts
from workers.drift.findings import Finding, What
from workers.drift.rounds import NO_FIGHT, Pace, Rounds
from workers.drift.verdicts import Case, Does
from workers.model import Action, Change, Manifest, Owned, Ref, Rendered
from workers.options import NOTHING_SAID
from workers.policies import DriftMode
from workers.settings import Settings

ONE = Ref("", "ConfigMap", "shop", "one")
REPAIR, REPORT, OFF = DriftMode.REPAIR, DriftMode.REPORT, DriftMode.OFF
NOW = 10_000.0


def entry(manager: str, tree: Manifest, **more: str) -> Manifest:
    """An entry of managedFields."""
    return {"manager": manager, "operation": "Update", "apiVersion": "v1", "fieldsV1": tree, **more}


def live(*entries: Manifest, **metadata: object) -> Manifest:
    """A live object."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "one", "managedFields": list(entries), **metadata},
    }


@pytest.mark.parametrize(
    ("mode", "what", "age", "fight", "does"),
    [
        (OFF, What.CHANGED, 0, NO_FIGHT, Does.NOTHING),
        (OFF, What.LEAVING, 0, NO_FIGHT, Does.NOTHING),
        (REPORT, What.CHANGED, 0, NO_FIGHT, Does.REPORT),
        (REPORT, What.HELD, 0, NO_FIGHT, Does.NOTHING),
        (REPAIR, What.HELD, 0, NO_FIGHT, Does.REPAIR),
        (REPAIR, What.LEAVING, 99, NO_FIGHT, Does.REPORT),
        (REPAIR, What.CHANGED, 29, NO_FIGHT, Does.WAIT),
        (REPAIR, What.MISSING, 30, NO_FIGHT, Does.REPAIR),
        (REPAIR, What.CHANGED, 30, Rounds((NOW - 0.5,)), Does.WAIT),
        (REPAIR, What.CHANGED, 30, Rounds((NOW - 1.0,)), Does.REPAIR),
        (REPAIR, What.CHANGED, 30, Rounds((NOW - 9,) * 5), Does.STOP),
        (REPAIR, What.CHANGED, 30, Rounds((), NOW - 9), Does.STOP),
    ],
)
def test_what_is_done_about_a_finding(mode: DriftMode, what: What, age: float, fight: Rounds, does: Does) -> None:
    """By its mode, its age (30 s are asked for), and how often it was repaired."""
    case = Case(Finding(ONE, what, "data.key changed by bob", "bob"), mode, NOW - age, 30.0, fight)
    verdict = verdicts.verdict(case, NOW, Pace())
    assert verdict.does is does
    assert (verdict.due > NOW) is (does in (Does.WAIT, Does.STOP))
    assert ("fought over by bob" in verdict.text) is (does is Does.STOP)


def test_who_changed_a_field_is_who_owns_it_now_or_wrote_last() -> None:
    """A removed field has no owner any more; a subresource is named."""
    manifest = live(
        entry("kubectl", {"f:spec": {"f:replicas": {}}}, subresource="scale", time="2026-01-01T00:00:00Z"),
        entry("vpa", {"f:data": {"f:a": {}}}, time="2026-01-02T00:00:00Z"),
        entry("controller", {"f:status": {}}, subresource="status", time="2026-01-03T00:00:00Z"),
        entry("hookline", {"f:data": {"f:b": {}}}, time="2026-01-04T00:00:00Z"),
    )
    said, who = naming.changed(manifest, ["spec.replicas", "data.a", "data.gone"])
    assert said == "spec.replicas changed by kubectl (scale); data.a, data.gone changed by vpa"
    assert who == "kubectl (scale)"


def test_a_field_that_is_ours_no_more_is_named_with_its_holder() -> None:
    """Keys of lists are; values never."""
    tree: Manifest = {"f:spec": {"f:ports": {'k:{"name":"web"}': {".": {}, "f:port": {}}}, "f:type": {}}}
    ours = {**entry("hookline", tree), "operation": "Apply"}
    left = {**entry("hookline", {"f:spec": {"f:type": {}}}), "operation": "Apply"}
    theirs = entry("edit", {"f:spec": {"f:ports": {'k:{"name":"web"}': {"f:port": {}}}}})
    assert fields.lost(live(left, theirs), live(ours)) == {"spec.ports[name=web].port": ("edit",)}
    assert fields.lost(live(ours, theirs), live(ours)) == {}
    assert fields.lost(live({**left, "apiVersion": "v2"}), live(ours)) == {}
    assert set(fields.lost(live(), live(ours))) == {"spec.ports[name=web].port", "spec.type"}


@pytest.mark.parametrize(
    ("ref", "metadata", "extra"),
    [
        (ONE, {}, True),
        (ONE, {"ownerReferences": [{"name": "x"}]}, False),
        (ONE, {"deletionTimestamp": "2026-01-01T00:00:00Z"}, False),
        (ONE, {"annotations": {"hookline.dev/sync": "1/Sync"}}, False),
        (ONE, {"annotations": {suspects.COMPARE: "ServerSideDiff=true, IgnoreExtraneous"}}, False),
        (Ref("", "Endpoints", "shop", "web"), {}, False),
    ],
)
def test_a_copy_is_what_a_person_made(ref: Ref, metadata: Manifest, extra: bool) -> None:
    """Not what a controller or a hook made, nor what says that it is none."""
    assert suspects.is_extra(ref, live(**metadata)) is extra


def test_what_was_judged_is_news_when_our_part_changes_and_else_only_for_a_sweep() -> None:
    """So a controller that writes beside our fields costs one look a sweep."""
    before = suspects.seen(live(), (), ONE)
    beside = suspects.seen({**live(), "data": {"x": "y"}}, (), ONE)
    leaving = suspects.seen(live(deletionTimestamp="2026-01-01T00:00:00Z"), (), ONE)
    assert not suspects.is_news(before, before, thorough=True)
    assert not suspects.is_news(before, beside, thorough=False)
    assert suspects.is_news(before, beside, thorough=True)
    assert suspects.is_news(before, leaving, thorough=False)
    assert suspects.is_news("", suspects.MISSING, thorough=False)


def test_what_git_wants_otherwise_by_now_is_no_drift() -> None:
    """Nor is an object that was never applied, or that is left alone once it is there."""
    rendered = Rendered(ONE, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}, "a.yaml", 1)
    changes = {ONE: Change(ONE, Action.CREATED)}
    known = {ONE: Owned(ONE, "v1", "other", "accepted")}
    how = {ONE: NOTHING_SAID}
    assert findings.found([rendered], changes, {}, known, how, moved=True) == {}
    assert findings.found([rendered], changes, {}, {}, how, moved=False) == {}
    assert findings.found([rendered], changes, {}, known, how, moved=False)[ONE].what is What.MISSING


@pytest.mark.parametrize(
    ("sweep_every", "intervals", "every"),
    [(60, [], 60), (60, [600], 60), (60, [45, 50], 45), (60, [5], 30), (10, [5], 10), (600, [300, 45], 45)],
)
def test_a_cluster_is_swept_as_often_as_its_most_impatient_app_asks(
    sweep_every: float, intervals: list[float], every: float
) -> None:
    """But no app brings it about more often than every 30 seconds."""
    apps = [
        App(f"a{number}", "https://x/y", ".", "main", "f", cluster="in-cluster", interval=interval)
        for number, interval in enumerate(intervals)
    ]
    apps.append(App("off", "https://x/y", ".", "main", "f", cluster="in-cluster", interval=1, drift=OFF))
    settings = Settings.model_validate({"sync": {"sweep_every": sweep_every}})
    assert drift.every(settings, index(apps), "in-cluster") == every
