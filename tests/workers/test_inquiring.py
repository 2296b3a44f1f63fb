"""A plan over the API is the plan of the command line: on a real API server and real Git, judged by the audit log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from deploy.local.stack import REPOSITORY
from tests.workers.conftest import WRITES, Bench
from tests.workers.forges.test_secrecy import contents
from tests.workers.shell import hookline
from tests.workers.test_plan import CANARY, SECRET, WEB, calls
from tests.workers.test_sync import config, deploy
from workers import inquiring
from workers.inquiry import Inquiry, Reply

pytestmark = pytest.mark.cluster


def came(bench: Bench, name: str, app: str = "myapp", **about: Any) -> Reply:
    """Ask, let a worker answer, and return what came of it."""
    plans = bench.context.records.plans
    assert plans.ask(Inquiry(name, app, "ci", bench.clock(), **about), "plans", "message")
    inquiring.look(bench.context, name)
    reply = plans.read(name)[1]
    assert reply is not None
    return reply


def test_it_is_the_plan_of_the_command_line_and_writes_nothing(
    bench: Bench, redis_client: redis.Redis, redis_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As the app stands, at a branch, of a pull request; with masks, by reads and dry-runs, told nowhere else."""
    bench.forge.add_token("s" * 20, "hookline")
    deploy(bench, {"a.yaml": config(), "keys.yaml": SECRET.replace("VALUE", f"{CANARY}1")})
    bench.push({"a.yaml": config(value="b")})
    bench.checkout.switch("feature")
    secret, web = SECRET.replace("VALUE", f"{CANARY}2"), WEB.replace("VALUE", "2")
    files = {"keys.yaml": secret, "web.yaml": web, "bad.yaml": config("bad") + "dataa: {}\n"}
    bench.checkout.commit({f"myapp/{name}": text for name, text in files.items()}, "change")
    bench.checkout.push()
    number = bench.forge.open_pull(REPOSITORY, "feature").number
    begin = bench.mark()
    for name, about, arguments, code in (
        ("now", {}, (), 2),
        ("branch", {"revision": "feature"}, ("--revision", "feature"), 1),
        ("pull", {"pull": number}, ("--pr", str(number)), 1),
    ):
        reply = came(bench, name, **about)
        done = hookline(bench, redis_data, tmp_path, "plan", "myapp", *arguments, "--json")
        assert json.loads(reply.plan) == json.loads(done.stdout), name
        assert (done.exit_code, reply.changes, reply.error) == (code, True, ""), name
        assert (CANARY in reply.plan, "***" in reply.plan) == (False, name != "now")
    made = calls(bench, begin)
    assert [verb for verb, dry in made if verb in WRITES and not dry] == []
    assert any(dry for _, dry in made)
    assert (CANARY in contents(redis_client), CANARY in caplog.text) == (False, False)


def test_what_keeps_an_app_from_being_planned_is_the_reply(bench: Bench) -> None:
    """One sentence, as the command says it; nothing that changes is no failure."""
    deploy(bench, {"a.yaml": config()})
    same = came(bench, "same")
    assert (same.changes, json.loads(same.plan)["exit_code"]) == (False, 0)
    lost = came(bench, "lost", revision="nowhere")
    assert (lost.plan, lost.changes) == ("", None)
    assert lost.error.endswith("has no branch, tag or commit nowhere: push it, or correct it")
    hidden = "refs/pull/7/head"
    bench.checkout.push(f"HEAD:{hidden}")
    assert "has no branch, tag or commit" in came(bench, "hidden", revision=hidden).error
