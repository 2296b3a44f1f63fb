"""Phases, waves and hooks on a real API server: the sequence of writes is read from its audit log."""

from __future__ import annotations

import json

import pytest

from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import OPTIONS, config, document, job
from workers.model import Outcome, State, Why
from workers.stages import hooks

PRUNE_LAST = "  syncPolicy:\n    syncOptions: [PruneLast=true]\n"


def deploy(bench: Bench, files: dict[str, str | None], why: Why = Why.PUSH) -> str:
    """Push, ask and look until the end; return the commit."""
    commit = bench.push(files)
    bench.ask(commit, why)
    bench.look()
    bench.settle(commit)
    return commit


def since(bench: Bench, before: list[str]) -> list[str]:
    """Return the writes after ``before``, without those that only let go of a hook."""
    return [write for write in bench.writes()[len(before) :] if not write.startswith("update jobs/")]


@shows("annotation argocd.argoproj.io/sync-wave")
def test_waves_go_one_after_the_other(bench: Bench) -> None:
    """From the lowest number to the highest, whatever the kinds."""
    commit = deploy(bench, {"a.yaml": config("a", wave="2"), "b.yaml": config("b", wave="-1"), "c.yaml": config("c")})
    assert bench.told(commit).text == "synced: 3 created; 3 objects are healthy"
    assert bench.writes() == ["patch configmaps/b", "patch configmaps/c", "patch configmaps/a"]


def test_a_wave_waits_for_the_health_of_the_one_before(bench: Bench) -> None:
    """And says so meanwhile; nothing of the next wave is written."""
    commit = bench.push({"a.yaml": job("slow", takes="ever", wave="0"), "b.yaml": config("b", wave="1")})
    bench.ask(commit)
    bench.look()
    assert bench.told(commit).state is State.PENDING
    assert bench.writes() == ["patch jobs/slow"]
    flight = bench.context.records.progress.flight("myapp")
    assert flight is not None
    assert "Sync wave 0: Job" in flight.text
    bench.finish_job("slow")
    assert bench.settle(commit).state is State.SUCCESS
    assert bench.writes() == ["patch jobs/slow", "patch configmaps/b"]


def test_a_wave_that_fails_in_the_middle_stops_the_rest(bench: Bench) -> None:
    """What came before stays, what would come after is not written, and the next commit goes on from there."""
    bad = deploy(
        bench,
        {
            "a.yaml": config("a", wave="0"),
            "b.yaml": job("b", fails=True, wave="1"),
            "c.yaml": config("c", wave="2"),
        },
    )
    assert bench.told(bad).state is State.FAILURE
    assert "Job" in bench.told(bad).text
    assert bench.writes() == ["patch configmaps/a", "patch jobs/b"]
    good = deploy(bench, {"b.yaml": config("b", wave="1")})
    assert bench.told(good).state is State.SUCCESS, bench.told(good).text
    assert bench.writes()[2:] == ["patch configmaps/b", "delete jobs/b", "patch configmaps/c"]


@shows(
    "phase PreSync", "phase Sync", "phase PostSync", "hook Skip", "annotation argocd.argoproj.io/hook",
)  # fmt: skip
def test_hooks_of_every_phase_run_in_their_phase(bench: Bench) -> None:
    """PreSync before, PostSync after; SyncFail not at all."""
    commit = deploy(
        bench,
        {
            "post.yaml": job("post", hook="PostSync"),
            "app.yaml": config("app"),
            "during.yaml": job("during", hook="Sync"),
            "pre.yaml": job("pre", hook="PreSync"),
            "never.yaml": job("never", hook="Skip"),
            "fail.yaml": job("fail", hook="SyncFail"),
        },
    )
    assert bench.told(commit).state is State.SUCCESS
    assert since(bench, []) == ["create jobs/pre", "patch configmaps/app", "create jobs/during", "create jobs/post"]


@shows("phase SyncFail")
def test_a_failing_pre_sync_hook_stops_the_sync_and_runs_sync_fail(bench: Bench) -> None:
    """Nothing is applied; the commit says which hook."""
    commit = deploy(
        bench,
        {
            "app.yaml": config("app"),
            "pre.yaml": job("pre", fails=True, hook="PreSync"),
            "fail.yaml": job("fail", hook="SyncFail"),
        },
    )
    assert bench.told(commit).state is State.FAILURE
    assert "Job" in bench.told(commit).text
    assert "PreSync hook has failed" in bench.told(commit).text
    assert since(bench, []) == ["create jobs/pre", "create jobs/fail"]


def test_sync_fail_runs_when_an_object_is_refused_during_the_sync(bench: Bench) -> None:
    """A wave that only fails when it is written: its namespace is being deleted by then."""
    other = f"{bench.namespace}-gone"
    bench.cluster.kubectl("create", "namespace", other)
    try:
        commit = bench.push(
            {
                "a.yaml": job("gate", takes="ever", wave="0"),
                "b.yaml": config("b", wave="1").replace('"metadata": {', f'"metadata": {{"namespace": "{other}", '),
                "fail.yaml": job("fail", hook="SyncFail"),
            }
        )
        bench.ask(commit)
        bench.look()
    finally:
        bench.cluster.kubectl("delete", "namespace", other, "--wait=true")
    bench.finish_job("gate")
    bench.settle(commit)
    assert bench.told(commit).state is State.FAILURE
    assert other in bench.told(commit).text
    assert "create jobs/fail" in bench.writes()


@pytest.mark.parametrize(
    ("policy", "fails", "left"),
    [
        ("BeforeHookCreation", False, True),
        ("HookSucceeded", False, False),
        ("HookFailed", False, True),
        ("HookSucceeded", True, True),
        ("HookFailed", True, False),
        ("HookSucceeded,HookFailed", True, False),
    ],
)
@shows(
    "policy HookSucceeded", "policy HookFailed", "annotation argocd.argoproj.io/hook-delete-policy",
)  # fmt: skip
def test_a_hook_is_deleted_as_its_policy_says(bench: Bench, policy: str, fails: bool, left: bool) -> None:
    """And in no other case; none keeps our finalizer."""
    commit = deploy(bench, {"a.yaml": config("a"), "h.yaml": job("h", fails=fails, hook="PreSync", policy=policy)})
    assert bench.told(commit).state is (State.FAILURE if fails else State.SUCCESS)
    found = json.loads(bench.get("jobs", "-o", "json"))["items"]
    assert bool(found) is left
    assert all(hooks.FINALIZER not in one["metadata"].get("finalizers", []) for one in found)


@shows("policy BeforeHookCreation")
def test_the_hook_of_an_earlier_sync_goes_before_the_new_one_comes(bench: Bench) -> None:
    """By default, so that a Job runs again at every sync."""
    deploy(bench, {"a.yaml": config("a"), "h.yaml": job("h", hook="PreSync")})
    before = bench.writes()
    first = bench.get("job", "h", "-o", "jsonpath={.metadata.uid}")
    deploy(bench, {"a.yaml": config("a", "b")})
    assert since(bench, before) == ["delete jobs/h", "create jobs/h", "patch configmaps/a"]
    assert bench.get("job", "h", "-o", "jsonpath={.metadata.uid}") != first


def test_a_hook_with_a_generated_name_is_made_anew_and_the_old_one_goes(bench: Bench) -> None:
    """Its name tells commit and request; nothing piles up."""
    first = deploy(bench, {"a.yaml": config("a"), "h.yaml": job("migrate-", hook="PreSync")})
    assert bench.get("jobs", "-o", "name").split() == [f"job.batch/migrate-{first[:7]}-1"]
    second = deploy(bench, {"a.yaml": config("a", "b")})
    assert bench.told(second).state is State.SUCCESS
    bench.gone("job", f"migrate-{first[:7]}-1")
    assert bench.get("jobs", "-o", "name").split() == [f"job.batch/migrate-{second[:7]}-2"]


def test_a_hook_job_that_deletes_itself_at_once_is_still_seen_to_succeed(bench: Bench) -> None:
    """``ttlSecondsAfterFinished: 0``: elsewhere such a sync waits for ever."""
    commit = deploy(bench, {"a.yaml": config("a"), "h.yaml": job("h", ttl=0, hook="PreSync")})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    bench.gone("job", "h")


def test_a_hook_that_is_deleted_by_hand_fails_the_sync(bench: Bench) -> None:
    """It is not waited for for ever, and not taken for a success."""
    commit = bench.push({"a.yaml": config("a"), "h.yaml": job("h", takes="ever", hook="PreSync")})
    bench.ask(commit)
    bench.look()
    bench.cluster.kubectl("-n", bench.namespace, "delete", "job", "h", "--wait=false")
    assert bench.settle(commit).state is State.FAILURE
    assert "was deleted before it finished; sync again to run it" in bench.told(commit).text
    bench.gone("job", "h")


def test_hooks_in_several_waves_of_one_phase(bench: Bench) -> None:
    """One after the other, by wave."""
    deploy(
        bench,
        {
            "a.yaml": config("a"),
            "two.yaml": job("two", hook="PreSync", wave="2"),
            "one.yaml": job("one", hook="PreSync", wave="-5"),
            "three.yaml": job("three", hook="PostSync", wave="1"),
        },
    )
    assert since(bench, []) == ["create jobs/one", "create jobs/two", "patch configmaps/a", "create jobs/three"]


def test_a_hook_of_two_phases_runs_in_both(bench: Bench) -> None:
    """As ``PreSync,PostSync`` says."""
    deploy(bench, {"a.yaml": config("a"), "h.yaml": job("h", hook="PreSync,PostSync")})
    assert since(bench, []) == ["create jobs/h", "patch configmaps/a", "delete jobs/h", "create jobs/h"]


def test_hooks_do_not_run_for_a_commit_that_changes_nothing_nor_for_drift(bench: Bench) -> None:
    """A migration is for what is new."""
    deploy(bench, {"a.yaml": config("a"), "h.yaml": job("h", hook="PreSync")})
    before = bench.writes()
    deploy(bench, {"README.md": "words"})
    bench.cluster.kubectl("-n", bench.namespace, "delete", "configmap", "a")
    bench.ask(why=Why.DRIFT)
    bench.look()
    assert since(bench, before) == ["patch configmaps/a"]


def test_hooks_run_when_a_person_asks_and_when_only_the_hook_changed(bench: Bench) -> None:
    """Whoever syncs by hand means all of it."""
    deploy(bench, {"a.yaml": config("a"), "h.yaml": job("h", hook="PreSync")})
    before = bench.writes()
    number = bench.ask(why=Why.MANUAL)
    bench.look_until_done(number)
    assert since(bench, before) == ["delete jobs/h", "create jobs/h"]
    before = bench.writes()
    deploy(bench, {"h.yaml": job("h", hook="PreSync", wave="3")})
    assert since(bench, before) == ["delete jobs/h", "create jobs/h"]


def test_what_leaves_git_goes_in_the_reverse_of_its_waves(bench: Bench) -> None:
    """Also when a wave holds nothing else any more."""
    deploy(bench, {"a.yaml": config("a", wave="1"), "b.yaml": config("b", wave="2"), "c.yaml": config("c", wave="3")})
    before = bench.writes()
    deploy(bench, {"a.yaml": None, "b.yaml": None, "c.yaml": None, "d.yaml": config("d", wave="2")})
    assert since(bench, before) == [
        "delete configmaps/c", "patch configmaps/d", "delete configmaps/b", "delete configmaps/a",
    ]  # fmt: skip


@shows("option PruneLast=true")
def test_prune_last_waits_for_everything_else(bench: Bench) -> None:
    """Nothing goes before all is applied and healthy."""
    document_ = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(document_.rstrip("\n") + "\n    syncOptions: [PruneLast=true]\n")
    deploy(bench, {"a.yaml": config("a", wave="-3"), "b.yaml": config("b", wave="1")})
    before = bench.writes()
    commit = bench.push({"a.yaml": None, "j.yaml": job("slow", takes="ever", wave="2")})
    bench.ask(commit)
    bench.look()
    assert since(bench, before) == ["patch jobs/slow"]
    bench.finish_job("slow")
    bench.settle(commit)
    assert since(bench, before) == ["patch jobs/slow", "delete configmaps/a"]


def test_one_object_can_ask_to_be_pruned_last(bench: Bench) -> None:
    """By its own annotation."""
    deploy(bench, {"a.yaml": config("a", options="PruneLast=true"), "b.yaml": config("b"), "c.yaml": config("c")})
    before = bench.writes()
    deploy(bench, {"a.yaml": None, "b.yaml": None, "d.yaml": config("d", wave="5")})
    assert since(bench, before) == ["delete configmaps/b", "patch configmaps/d", "delete configmaps/a"]


def crd(group: str) -> str:
    """A definition of Widgets."""
    spec = {
        "group": group,
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    }
    return document("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{group}", {}, spec=spec)


def test_a_definition_and_objects_of_it_in_one_commit(bench: Bench) -> None:
    """The definition is established before the first object is written."""
    group = f"{bench.namespace}.example.com"
    try:
        commit = deploy(bench, {"w.yaml": document(f"{group}/v1", "Widget", "one", {}), "crd.yaml": crd(group)})
        assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
        assert bench.get(f"widgets.{group}", "-o", "name").strip() == f"widget.{group}/one"
        gone = deploy(bench, {"w.yaml": None, "crd.yaml": None, "a.yaml": config("a")})
        assert bench.told(gone).state is State.SUCCESS, bench.told(gone).text
        assert "delete widgets/one" in bench.writes()
    finally:
        bench.cluster.kubectl("delete", "crd", f"widgets.{group}", "--ignore-not-found", "--wait=false")


def test_objects_whose_definition_somebody_deleted_are_gone(bench: Bench) -> None:
    """The commit that takes them out of Git goes well, though the worker still knew the kind."""
    group = f"{bench.namespace}.example.com"
    bench.cluster.kubectl("create", "-f", "-", input=crd(group))
    bench.cluster.kubectl("wait", "--for=condition=Established", f"crd/widgets.{group}")
    try:
        deploy(bench, {"w.yaml": document(f"{group}/v1", "Widget", "one", {}), "a.yaml": config("a")})
    finally:
        bench.cluster.kubectl("delete", "crd", f"widgets.{group}")
    gone = deploy(bench, {"w.yaml": None})
    assert bench.told(gone).state is State.SUCCESS, bench.told(gone).text
    assert "Widget" not in bench.get("configmap", "hookline-myapp", "-o", "jsonpath={.data.inventory}")


@shows("option SkipDryRunOnMissingResource=true")
def test_an_object_whose_kind_comes_later_waits_for_it(bench: Bench) -> None:
    """With ``SkipDryRunOnMissingResource`` only: something else brings the definition meanwhile."""
    group = f"{bench.namespace}.example.com"
    widget = document(f"{group}/v1", "Widget", "one", {OPTIONS: "SkipDryRunOnMissingResource=true"})
    try:
        without = deploy(bench, {"a.yaml": config("a"), "w.yaml": widget.replace("=true", "=false")})
        assert "Widget" in bench.told(without).text
        assert bench.told(without).state is State.FAILURE
        commit = bench.push({"w.yaml": widget})
        bench.ask(commit)
        bench.look()
        assert bench.told(commit).state is State.PENDING
        bench.cluster.kubectl("create", "-f", "-", input=crd(group))
        assert bench.settle(commit).state is State.SUCCESS, bench.told(commit).text
        assert bench.get(f"widgets.{group}", "-o", "name").strip() == f"widget.{group}/one"
    finally:
        bench.cluster.kubectl("delete", "crd", f"widgets.{group}", "--ignore-not-found", "--wait=false")


def test_a_newer_commit_ends_what_an_older_one_waits_for(bench: Bench) -> None:
    """A hook that never ends holds up nobody: the fix is deployed at once, and the stuck Job goes."""
    bad = bench.push({"a.yaml": config("a"), "h.yaml": job("h", takes="ever", hook="PreSync")})
    bench.ask(bad)
    bench.look()
    good = deploy(bench, {"h.yaml": job("h", hook="PreSync")})
    assert bench.told(good).state is State.SUCCESS, bench.told(good).text
    assert bench.told(bad).text == f"superseded: included in {good[:7]}"
    assert since(bench, []) == ["create jobs/h", "delete jobs/h", "create jobs/h", "patch configmaps/a"]


def test_drift_during_a_sync_is_mended_without_running_its_hooks_again(bench: Bench) -> None:
    """The sync under way takes the repair with it."""
    commit = bench.push(
        {
            "pre.yaml": job("pre", hook="PreSync"),
            "a.yaml": config("a"),
            "slow.yaml": job("slow", takes="ever", wave="1"),
        }
    )
    bench.ask(commit)
    bench.look()
    bench.look_until(lambda: "patch jobs/slow" in bench.writes())
    bench.cluster.kubectl("-n", bench.namespace, "delete", "configmap", "a")
    bench.ask(why=Why.DRIFT)
    bench.look()
    bench.finish_job("slow")
    assert bench.settle(commit).state is State.SUCCESS, bench.told(commit).text
    assert since(bench, []) == [
        "create jobs/pre", "patch configmaps/a", "patch jobs/slow", "patch configmaps/a",
    ]  # fmt: skip


@shows("Application spec.syncPolicy.retry.limit")
def test_a_failed_sync_is_tried_again_as_its_app_says(bench: Bench) -> None:
    """The commit waits for it; the hook runs once for each try."""
    text = (bench.catalog / "myapp.yaml").read_text().rstrip("\n")
    bench.declare(f"{text}\n    retry: {{limit: 1, backoff: {{duration: 20s}}}}\n")
    commit = bench.push({"a.yaml": config("a"), "h.yaml": job("h", fails=True, hook="PreSync")})
    bench.ask(commit)
    bench.look()
    bench.look_until(lambda: "try 1 failed, the next is in 20 s" in bench.waits())
    assert bench.told(commit).state is State.PENDING
    bench.look()
    assert since(bench, []) == ["create jobs/h"]
    bench.clock.forward(20)
    assert bench.settle(commit).state is State.FAILURE
    assert since(bench, []) == ["create jobs/h", "delete jobs/h", "create jobs/h"]
    [last] = bench.context.records.progress.syncs("myapp")
    assert last.outcome is Outcome.FAILED


def test_a_newer_commit_ends_the_retries_of_an_older_one(bench: Bench) -> None:
    """They are not pinned to a bad commit."""
    text = (bench.catalog / "myapp.yaml").read_text().rstrip("\n")
    bench.declare(f"{text}\n    retry: {{limit: 5, backoff: {{duration: 1h}}}}\n")
    bad = bench.push({"a.yaml": config("a"), "h.yaml": job("h", fails=True, hook="PreSync")})
    bench.ask(bad)
    bench.look()
    bench.look_until(lambda: "try 1 failed" in bench.waits())
    good = deploy(bench, {"h.yaml": None})
    assert bench.told(good).state is State.SUCCESS
    assert bench.told(bad).text == f"superseded: included in {good[:7]}"
