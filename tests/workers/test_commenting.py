"""A comment below a merged pull request approves the commit it brought: on real records, Git and a real API server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deploy.local.forge.github import objects
from deploy.local.stack import PUBLIC_URL, REPOSITORY
from tests.workers.conftest import Bench
from tests.workers.manifests import config
from tests.workers.test_holds import declared, value
from workers import commenting, intake, sweep
from workers.model import Delivery, Event, EventKind, Taken

HOOK = "main"


def comment(bench: Bench, number: int, who: str, key: str, **more: Any) -> None:
    """Deliver a comment as the edge does, and do what the tick and a worker do with it."""
    context, at = bench.context, bench.clock()
    event = Event("github", HOOK, key, EventKind.COMMENT, REPOSITORY, "7", (PUBLIC_URL,), action="approve")
    event = replace(event, number=number, sender=who, sender_id=str(objects.number(who)), **more)
    blank, hook = Delivery(HOOK, key, at, Taken.ACCEPTED), context.settings.hooks[HOOK]
    intake.take(hook, (event,), context.catalog.index(), bench.counter, context.records.hooks.known, at, blank)
    tick(bench)


def tick(bench: Bench) -> None:
    """Do what beat does every two seconds, and whatever that sends."""
    sweep.tick(bench.context)
    while bench.counter.commented:
        commenting.decide(bench.context, bench.counter.commented.pop(0))
    bench.drain()


def merged(bench: Bench, name: str, text: str) -> tuple[int, str]:
    """Merge a pull request and take its push in; return its number and the commit the merge made."""
    bench.checkout.switch(name)
    bench.push({f"{name}.yaml": config(name, text)}, f"Say {text}")
    pull = bench.forge.open_pull(REPOSITORY, name)
    commit = bench.forge.merge(REPOSITORY, pull.number)
    bench.checkout.switch("main")
    bench.ask(commit)
    bench.look()
    return pull.number, commit


def entries(bench: Bench) -> list[dict[str, Any]]:
    """The audit trail, oldest first, without what syncs came to."""
    return [one for one in reversed(bench.context.records.audit.entries()) if one["action"] != "synced"]


def test_a_comment_approves_exactly_what_its_pull_request_brought(bench: Bench) -> None:
    """By a person who may write there, once, and while it waits; whoever else asks changes nothing and is told of."""
    bench.forge.add_token("s" * 20, "hookline")
    hook = bench.context.settings.hooks[HOOK].model_copy(update={"comments": True})
    bench.configure(hooks={HOOK: hook})
    bench.forge.state.people["ada"] = "write"
    bench.forge.state.people["eve"] = "read"
    declared(bench, syncPolicy=None)
    bench.push({"zero.yaml": config("zero")})
    first, one = merged(bench, "one", "b")
    second, two = merged(bench, "two", "c")
    assert "waits for approval" in bench.told(two).text
    comment(bench, first, "eve", "1")
    comment(bench, first, "eve", "2")
    comment(bench, first, "mallory", "3")
    comment(bench, 99, "ada", "4")
    assert "configmap/one" not in bench.get("configmap", "-o", "name")
    assert [(line["action"], line["who"]) for line in entries(bench)] == [
        ("approve refused", "eve"),
        ("approve refused", "mallory"),
        ("approve refused", "ada"),
    ]
    assert [line["reason"] for line in entries(bench)[1:]] == [
        f"mallory may not write to {REPOSITORY}",
        f"pull request 99 of {REPOSITORY} is not merged",
    ]
    comment(bench, first, "ada", "5", app="myapp")
    assert bench.settle(one).text.startswith("synced: 2 created")
    assert (value(bench), "configmap/two" in bench.get("configmap", "-o", "name")) == ("b", False)
    assert "waits for approval" in bench.told(two).text
    [line] = [one for one in entries(bench) if one["action"] == "approve"]
    assert (line["who"], line["app"], line["revision"]) == ("ada", "myapp", one)
    assert line["address"] == f"{HOOK}: pull request {first} of {REPOSITORY}"
    comment(bench, first, "ada", "5", app="myapp")  # the same delivery once more
    assert len(entries(bench)) == 4
    comment(bench, second, "ada", "6")
    assert (bench.settle(two).text.startswith("synced"), value(bench, "two")) == (True, "c")


def test_a_comment_waits_for_its_commit_and_for_the_forge(bench: Bench) -> None:
    """One that is quicker than the push, and one that finds the forge away; in the end it is refused."""
    bench.forge.add_token("s" * 20, "hookline")
    hook = bench.context.settings.hooks[HOOK].model_copy(update={"comments": True})
    bench.configure(hooks={HOOK: hook})
    bench.forge.state.people["ada"] = "write"
    declared(bench, syncPolicy=None)
    commit = bench.push({"one.yaml": config("one")})
    bench.ask(commit)
    comment(bench, 0, "ada", "1", after=commit)
    assert entries(bench) == []
    bench.look()  # now the push is looked at, and its commit waits
    bench.clock.forward(commenting.AGAIN)
    tick(bench)
    assert value(bench) == "a"
    assert [(line["action"], line["revision"]) for line in entries(bench)] == [("approve", commit)]
    bench.configure(
        forges={"stand-in": bench.context.settings.forges["stand-in"].model_copy(update={"api": "http://127.0.0.1:9"})}
    )
    comment(bench, 0, "ada", "2", after=commit)
    assert len(entries(bench)) == 1
    bench.clock.forward(commenting.PATIENCE)
    tick(bench)
    assert [line["action"] for line in entries(bench)] == ["approve", "approve refused"]
    assert bench.context.records.comments.due(bench.clock() + 1e6) == []
