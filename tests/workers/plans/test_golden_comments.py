"""Whole comments of pull requests as they were looked at, rendered; beside ``golden/comments/``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.workers.plans import test_comment, test_plans
from tests.workers.plans.test_plans import CLAIM, CONFIG, DB, PLANS, WEB, config, one, workload
from workers.model import Ref
from workers.plans import Answer, Effect, Plan, PullPlan, comment

GOLDEN = Path(__file__).parent / "golden" / "comments"
HEAD, BASE = "3f1c9a2" + "0" * 33, "b07d5e1" + "0" * 33
AT = 1_790_000_000.0


def pull(*answers: Answer, untouched: int = 0, problem: str = "", verdicts: tuple[str, ...] = ()) -> PullPlan:
    """What a pull request would do."""
    return PullPlan(HEAD, BASE, answers, untouched, problem, verdicts)


def app(name: str, plan: Plan | None, error: str = "", cluster: str = "production") -> Answer:
    """An app with a plan that was made for another test."""
    if plan is None:
        return Answer(name, cluster, None, error)
    return Answer(name, cluster, Plan(name, cluster, "main", HEAD, plan.objects, plan.warnings, plan.hooks, plan.held))


SHOP = test_plans.plan(
    one(DB, "deleted", workload("postgres:16", DB)),
    one(WEB, "configured", workload("nginx:1.25"), workload("nginx:1.26")),
    one(CONFIG, "created", None, config(colour="blue")),
    one(CLAIM, "unchanged", note="no longer in Git and kept with its data until Prune=true says otherwise"),
)
MANY = Plan("many", "production", "main", HEAD, test_comment.objects(400, Effect.CREATED, 4))
LONG = "deploy/shop/values.yaml:12: the chart cannot be rendered: " + "a sentence that does not end " * 60
REFUSED = "the object is of a kind that project shop does not allow: see spec.namespaceResourceWhitelist"
PULLS: dict[str, tuple[PullPlan, str, int]] = {
    **{f"one-{name}": (pull(app("myapp", plan), untouched=3), "github", 65_536) for name, plan in PLANS.items()},
    "three-apps": (
        pull(
            app("shop", SHOP),
            app("search", PLANS["nothing"]),
            app("api", PLANS["held"], cluster="staging"),
            untouched=12,
        ),
        "github",
        65_536,
    ),
    "errors": (
        pull(
            app("shop", PLANS["refused"]),
            app("api", None, "deploy/api/kustomization.yaml: no such file: deploy/base; add it, or correct the path"),
            app("long", None, LONG, "staging"),
        ),
        "gitlab",
        1_000_000,
    ),
    "conflict": (
        pull(problem="it cannot be merged: deploy/web.yaml differs on both sides; rebase it on main"),
        "github",
        65_536,
    ),
    "untouched": (pull(untouched=7), "gitea", 65_536),
    "verdicts": (
        pull(app("shop", SHOP), verdicts=(REFUSED, "the pull request is of a fork: a maintainer has to label it")),
        "github",
        65_536,
    ),
    "without-folds": (
        pull(app("shop", SHOP), app("api", PLANS["hostile"], cluster="staging"), untouched=1),
        "bitbucket",
        32_768,
    ),
    "shortened": (
        pull(app("many", MANY), app("shop", SHOP), untouched=1),
        "github",
        8_000,
    ),
    "names": (
        pull(app("a|b", test_plans.plan(one(Ref("", "ConfigMap", "a|b", "`x`"), "created", None, config(a="|"))))),
        "bitbucket",
        32_768,
    ),
}


@pytest.mark.parametrize("name", PULLS)
def test_the_whole_comment_is_as_it_was_looked_at(name: str) -> None:
    """Set GOLDEN=write to write them anew, and look at them rendered; a line of = parts one comment from the next."""
    plan, kind, limit = PULLS[name]
    link = "https://hookline.example.com/plans/12?key=abc" if name == "three-apps" else ""
    found = comment.rendered(plan, kind, link, "<!-- hookline -->", limit, number=12, at=AT)
    path, text = GOLDEN / f"{name}.md", ("=" * 40 + "\n").join(found)
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()
