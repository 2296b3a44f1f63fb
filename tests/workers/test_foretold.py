"""What a pull request would do, app by app: on real Git, a real API server and its audit log."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import Result

from deploy.local.stack import APPLICATION, REPOSITORY
from tests.workers.conftest import WRITES, Bench
from tests.workers.shell import hookline
from tests.workers.test_family import child
from tests.workers.test_plan import calls, dump
from tests.workers.test_sync import config, deploy
from workers import foretold
from workers.errors import UnknownName
from workers.plans import PullPlan
from workers.pull import Pull
from workers.stages import render

pytestmark = pytest.mark.cluster


def opened(bench: Bench, files: dict[str, str | None], number: int = 7) -> Pull:
    """Open a pull request with these files, from the root, and go back to the branch it is for."""
    bench.checkout.switch(f"change-{number}")
    head = bench.checkout.commit(files, "change")
    bench.checkout.push(f"HEAD:refs/pull/{number}/head", force=True)
    bench.checkout.switch("main")
    return Pull("main", REPOSITORY, "1", number, "refs/heads/main", bench.checkout.head, head)


def told(bench: Bench, pull: Pull) -> PullPlan:
    return foretold.planned(bench.context, pull)


def second(bench: Bench, name: str = "other", **changes: str) -> None:
    """Declare one more app, on the folder of its name."""
    text = APPLICATION.replace("name: myapp", f"name: {name}").replace("path: myapp", f"path: {name}")
    for old, new in {"namespace: default": f"namespace: {bench.namespace}", **changes}.items():
        text = text.replace(old, new)
    bench.declare(text, name)


def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note whose objects are made from now on."""
    seen: list[str] = []
    real = render.objects

    def objects(tree, app, *rest):  # type: ignore[no-untyped-def]
        seen.append(app.name)
        return real(tree, app, *rest)

    monkeypatch.setattr(render, "objects", objects)
    return seen


def test_apps_that_a_merge_touches_are_planned_and_nothing_is_written(
    bench: Bench, redis_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the touched app is rendered; by the audit log and the records nothing but reads and dry-runs was done."""
    second(bench)
    bench.checkout.commit({"other/b.yaml": config("two")}, "other")
    deploy(bench, {"a.yaml": config()})
    pull = opened(bench, {"myapp/a.yaml": config(value="b"), "myapp/c.yaml": config("three"), "notes.md": "x"})
    seen, before, begin = rendered(monkeypatch), dump(redis_data), bench.mark()
    made = told(bench, pull)
    assert dump(redis_data) == before
    assert [verb for verb, dry in calls(bench, begin) if verb in WRITES and not dry] == []
    [answer] = made.answers
    assert (made.head, made.base, made.untouched, made.problem) == (pull.head, bench.checkout.head, 1, "")
    assert (answer.app, answer.cluster, answer.error) == ("myapp", "test", "")
    assert answer.plan
    assert (answer.plan.summary, answer.plan.revision) == ("1 created, 1 configured", pull.head)
    assert seen == ["myapp"]
    assert not bench.context.mirror(bench.context.catalog.index().apps["myapp"]).has(pull.head)


def test_a_merge_that_changes_no_app_renders_nothing_and_asks_no_cluster(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(bench, {"a.yaml": config()})
    seen, begin = rendered(monkeypatch), bench.mark()
    for files in ({"notes.md": "x"}, {}):
        made = told(bench, opened(bench, dict(files)))
        assert (made.answers, made.untouched, made.is_well) == ((), 1, True)
    assert seen == []
    assert calls(bench, begin) == []


def test_each_app_fails_for_itself_and_the_others_are_planned(bench: Bench) -> None:
    """A render that fails, a declaration that is broken, a cluster's refusal: three answers, and one that is well."""
    for name in ("bad", "broken", "refused"):
        second(bench, name, **({"server: https://kubernetes.default.svc": "name: moon"} if name == "broken" else {}))
    deploy(bench, {"a.yaml": config()})
    texts = {"myapp": config(value="b"), "bad": "a: [", "broken": config("x"), "refused": config("two") + "dataa: {}\n"}
    made = told(bench, opened(bench, {f"{name}/a.yaml": text for name, text in texts.items()}))
    found = {one.app: one for one in made.answers}
    assert (sorted(found), made.is_well) == (sorted(texts), False)
    assert "bad/a.yaml" in found["bad"].error
    assert "no cluster is called moon" in found["broken"].error
    assert found["refused"].plan
    assert found["refused"].plan.summary == "1 refused"
    assert found["myapp"].is_well


def test_an_app_that_was_broken_before_is_not_blamed_on_a_pull_request(bench: Bench) -> None:
    """Its folder is not there, with and without the merge."""
    second(bench, "nowhere")
    deploy(bench, {"a.yaml": config()})
    made = told(bench, opened(bench, {"myapp/a.yaml": config(value="b")}))
    assert ([one.app for one in made.answers], made.untouched) == (["myapp"], 1)


def test_what_was_not_deployed_before_is_said_and_the_tip_counts(bench: Bench) -> None:
    """A push that nobody synced yet is part of the plan, and not the pull request's doing."""
    deploy(bench, {"a.yaml": config()})
    pull = opened(bench, {"myapp/a.yaml": config(value="b")})
    [answer] = told(bench, pull).answers
    assert answer.plan
    assert not [one for one in answer.plan.warnings if "is not deployed yet" in one]
    tip = bench.push({"b.yaml": config("two")})
    [answer] = told(bench, pull).answers
    assert answer.plan
    assert answer.plan.summary == "1 created, 1 configured"
    [said] = [one for one in answer.plan.warnings if "is not deployed yet" in one]
    assert said.startswith(f"{tip[:7]} is not deployed yet (the last one was ")


def test_declarations_of_a_pull_request_are_told_and_never_followed(bench: Bench) -> None:
    """Children of an app of apps: one comes, one goes, one would move to another project and cluster."""
    deploy(bench, {"stays.yaml": child(bench, "stays"), "goes.yaml": child(bench, "goes"), "own.yaml": config()})
    bench.drain()
    moved = child(bench, "stays", project="admin").replace(bench.namespace, "kube-system")
    files: dict[str, str | None] = {"myapp/stays.yaml": moved, "myapp/goes.yaml": None}
    files |= {"myapp/comes.yaml": child(bench, "comes"), "stays/a.yaml": config("of-stays")}
    made = told(bench, opened(bench, files))
    found = {one.app: one for one in made.answers}
    assert sorted(found) == ["myapp", "stays"]
    plan = found["stays"].plan
    assert plan
    assert [one.ref.namespace for one in plan.changes] == [bench.namespace]
    said = "\n".join(made.verdicts)
    place = f"project default, cluster https://kubernetes.default.svc, namespace {bench.namespace}"
    assert f"myapp would declare Application/comes ({place})" in said
    assert "myapp would no longer declare Application/goes" in said
    assert "myapp would change Application/stays in spec.destination.namespace, spec.project" in said
    assert len(made.verdicts) == 3


def test_a_conflict_is_the_pull_requests_problem(bench: Bench) -> None:
    deploy(bench, {"a.yaml": config()})
    pull = opened(bench, {"myapp/a.yaml": config(value="theirs")})
    bench.push({"a.yaml": config(value="ours")})
    made = told(bench, pull)
    assert "conflicts with main" in made.problem
    assert "myapp/a.yaml" in made.problem
    assert (made.answers, made.is_well) == ((), False)
    gone = told(bench, replace(pull, head="1" * 40))
    assert "has moved on from 1111111" in gone.problem


def test_only_apps_of_the_branch_and_of_the_hooks_repository_are_looked_at(bench: Bench) -> None:
    """Another branch, a pinned commit, ``HEAD``, another repository of that name, a hook that is gone."""
    deploy(bench, {"a.yaml": config()})
    second(bench, "elsewhere", **{"targetRevision: main": "targetRevision: release"})
    second(bench, "pinned", **{"targetRevision: main": f"targetRevision: {bench.checkout.head}"})
    second(bench, "newest", **{"targetRevision: main": "targetRevision: HEAD"})
    second(bench, "alien", **{"your-org/your-repo": "your-org/not-your-repo"})
    names = ("elsewhere", "pinned", "newest", "alien")
    pull = opened(bench, {f"{name}/a.yaml": config(name) for name in names})
    made = told(bench, pull)
    assert ([one.app for one in made.answers], made.untouched) == (["newest"], 1)
    assert told(bench, replace(pull, ref="refs/heads/quiet")) == PullPlan(pull.head, pull.base)
    assert told(bench, replace(pull, repository="your-org/other")) == PullPlan(pull.head, pull.base)
    with pytest.raises(UnknownName, match="no hook is called gone"):
        told(bench, replace(pull, hook="gone"))


def test_time_that_is_up_and_apps_that_are_too_many_are_told_with_what_to_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    second(bench)
    deploy(bench, {"a.yaml": config()})
    pull = opened(bench, {"myapp/a.yaml": config(value="b"), "other/b.yaml": config("two")})
    monkeypatch.setattr(foretold, "MOST_APPS", 1)
    first, left = told(bench, pull).answers
    assert (first.error, left.app) == ("", "other")
    assert "touches 2 apps, and a plan is of 1 at most" in left.error
    monkeypatch.setattr(foretold, "SECONDS", 0.0)
    monkeypatch.setattr(foretold, "MOST_APPS", 2)
    late = told(bench, pull)
    said = [one.error for one in late.answers] or [late.problem]
    assert all("are up" in one or "time was up" in one for one in said)


def test_a_plan_holds_neither_the_mirror_nor_the_lease_of_an_app(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a plan is stuck in its renderer, a push is synced: neither waits for the other."""
    deploy(bench, {"a.yaml": config()})
    pull = opened(bench, {"myapp/b.yaml": config("two")})
    stuck, free = threading.Event(), threading.Event()
    real, made = render.objects, list[PullPlan]()

    def objects(tree, app, key, scope, sync, *rest):  # type: ignore[no-untyped-def]
        if threading.current_thread().name.startswith("plan"):
            stuck.set()
            assert free.wait(60)
        return real(tree, app, key, scope, sync, *rest)

    monkeypatch.setattr(render, "objects", objects)
    planner = threading.Thread(target=lambda: made.append(told(bench, pull)))
    planner.start()
    try:
        assert stuck.wait(60)
        began = time.monotonic()
        commit = deploy(bench, {"a.yaml": config(value="meanwhile")})
        assert bench.settle(commit).text.startswith("synced: 1 configured")
        assert time.monotonic() - began < 60
        assert planner.is_alive()
    finally:
        free.set()
        planner.join(60)
    [answer] = made[0].answers
    assert answer.plan
    assert "ConfigMap" in {one.ref.kind for one in answer.plan.changes}


def test_the_command_plans_a_pull_request_by_its_number(bench: Bench, redis_data: Path, tmp_path: Path) -> None:
    """Of an app and of a repository, as the forge tells it; JSON, a patch and Markdown; the exit status tells."""
    second(bench)
    deploy(bench, {"a.yaml": config()})
    bench.forge.add_token("s" * 20, "hookline")
    bench.checkout.switch("feature")
    bench.checkout.commit({"myapp/a.yaml": config(value="b"), "other/b.yaml": config("two")}, "change")
    bench.checkout.push()
    number = bench.forge.open_pull(REPOSITORY, "feature").number

    def said(*arguments: str) -> Result:
        return hookline(bench, redis_data, tmp_path, "plan", *arguments)

    done = said("myapp", "--pr", str(number))
    assert (done.exit_code, "1 configured" in done.stdout, "other" in done.stdout) == (2, True, False), done.output
    done = said("--repo", REPOSITORY, "--pr", str(number), "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["exit_code"], told["untouched"], told["problem"]) == (2, 2, 0, "")
    assert [(one["app"], one["plan"]["summary"]) for one in told["apps"]] == [
        ("myapp", "1 configured"),
        ("other", "1 created"),
    ]
    assert said("myapp", "--pr", str(number), "--patch").stdout.startswith("--- a/")
    assert "## Plan" in said("--repo", REPOSITORY, "--pr", str(number), "--markdown").stdout
    refused = {
        ("myapp", "--pr", "99"): "pull request 99 of your-org/your-repo is not open",
        ("myapp", "--pr", "1", "--revision", "x"): "give one of them",
        ("myapp", "--repo", REPOSITORY, "--pr", "1"): "name an app, or a repository",
        ("--repo", REPOSITORY): "name an app, or a repository",
        ("--repo", "no body/x", "--pr", "1"): "the forge can have no repository",
    }
    for arguments, words in refused.items():
        done = said(*arguments)
        assert (done.exit_code, words in done.output) == (1, True), (arguments, done.output)


def test_without_an_account_the_number_is_looked_up_in_git(bench: Bench, redis_data: Path, tmp_path: Path) -> None:
    """What is there under the number is planned into the branch that the app follows."""
    deploy(bench, {"a.yaml": config()})
    opened(bench, {"myapp/a.yaml": config(value="b")}, 3)
    bench.configure(forges={})
    done = hookline(bench, redis_data, tmp_path, "plan", "myapp", "--pr", "3")
    assert (done.exit_code, "1 configured" in done.stdout) == (2, True), done.output
