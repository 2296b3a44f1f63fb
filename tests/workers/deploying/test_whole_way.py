"""From a push to what the forge shows: a real API server, real Git, real records, and GitHub's API."""

from __future__ import annotations

import pytest

from deploy.local.stack import APPLICATION, REPOSITORY
from tests.workers.conftest import Bench
from tests.workers.test_sync import DEPLOYMENT
from workers import deploying, landing, sweep
from workers.model import Commit, Outcome, Request, State, Why

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {key: VALUE}\n"


@pytest.fixture(autouse=True)
def token(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The forge lets the worker in."""
    monkeypatch.setenv("SECRET", bench.forge.token)


def told(bench: Bench) -> list[list[str]]:
    """Send the messages of a tick that are about deployments, and return what was told of each one."""
    for name in bench.context.records.environments.due(bench.clock()):
        deploying.publish(bench.context, name)
    for name in bench.context.records.landings.due(bench.clock()):
        landing.publish(bench.context, name)
    return [[one.state for one in made.told] for made in bench.forge.state.deployments.of(REPOSITORY)[::-1]]


def annotated(bench: Bench, environment: str) -> str:
    """The app's declaration with an environment."""
    text = APPLICATION.replace("namespace: default", f"namespace: {bench.namespace}")
    lines = f"  name: myapp\n  annotations: {{hookline.dev/environment: {environment}}}"
    return text.replace("  name: myapp", lines, 1)


def test_a_push_a_merge_and_a_removal_are_shown(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """In progress while its health is waited for, a success afterwards; over when the app is gone. A merged pull
    request hears of it."""
    hook = bench.context.settings.hooks["main"]
    bench.context.settings.hooks["main"] = hook.model_copy(update={"deployed": True})
    bench.declare(annotated(bench, "production"))
    first = bench.push({"a.yaml": CONFIG, "web.yaml": DEPLOYMENT})
    bench.ask(first)
    bench.look()
    assert bench.told(first).state is State.PENDING
    assert told(bench) == [["in_progress"]]
    assert bench.settle(first).state is State.SUCCESS
    assert told(bench) == [["in_progress", "success"]]

    bench.checkout.switch("change")
    bench.checkout.commit({"myapp/a.yaml": CONFIG.replace("VALUE", "b")}, "change")
    bench.checkout.push()
    number = bench.forge.open_pull(REPOSITORY, "change").number
    merge = bench.forge.merge(REPOSITORY, number)
    bench.ask(merge)
    bench.clock.forward(8)
    bench.look()
    assert bench.settle(merge).state is State.SUCCESS
    assert told(bench) == [["in_progress", "success", "inactive"], ["success"]]
    [comment] = bench.forge.state.talk.comments(REPOSITORY, number)
    assert comment.body.splitlines()[1].startswith("✅ **Deployed to production in 8 s**")

    bench.look()
    ask = Request("myapp", 0, Why.MANUAL, "ada", bench.clock())
    bench.look_until_done(bench.counter.accept(None, [ask]).numbers["myapp"])
    assert len(told(bench)) == 2  # the same once more is no deployment

    bench.undeclare()
    bench.sweep_declared()
    bench.drain()
    assert bench.context.records.progress.app("myapp").outcome == Outcome.NOT_AFFECTED
    assert told(bench)[-1] == ["success", "inactive"]
    assert "refused" not in capsys.readouterr().out


def test_a_commit_that_cannot_be_rendered_is_an_error_and_an_app_without_environment_is_none(bench: Bench) -> None:
    """The tick finds what no message told of."""
    bad = bench.push({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n"})
    bench.ask(bad)
    bench.look()
    assert told(bench) == []
    bench.declare(annotated(bench, "qa/eu"))
    bench.ask(bad, Why.MANUAL)
    bench.look()
    assert bench.told(bad).text.startswith("render failed")
    bench.counter.deployed.clear()
    sweep.tick(bench.context)
    assert bench.counter.deployed == [f"main|{REPOSITORY}|qa/eu"]
    assert told(bench) == [["error"]]
    good = bench.push({"a.yaml": CONFIG})
    bench.ask(good)
    bench.look()
    assert told(bench) == [["error"], ["success"]]
    commit = Commit("main", REPOSITORY, good, "refs/heads/main")
    assert bench.forge.state.deployments.all[-1].sha == commit.revision
