"""The pages a status links to, of a sync or a plan: for whoever has the link, and nobody else."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from receiver import edge, pages
from workers import links
from workers.model import Action, Change, Commit, Outcome, Ref, Stage, SyncRecord
from workers.plans import Answer, Effect, Plan, Planned, PullPlan, shown
from workers.plans import page as plans
from workers.plans.values import LEFT_OUT

EVIL = '<script>alert(1)</script> & "quotes"'
CHANGE = Change(Ref("apps", "Deployment", "default", "myapp"), Action.CONFIGURED, (f"spec.{EVIL}",))
SYNC = SyncRecord(
    "myapp", 3, "push", "ada", "a" * 40, Outcome.FAILED, f"apply failed: {EVIL}", Stage.APPLY, 10.0, 12.5, (CHANGE,),
    {"fetch": 0.25, "apply": 1.0},
)  # fmt: skip


@pytest.fixture
def link(held: edge.Edge) -> str:
    """A link to a sync that ended."""
    held.records.leases.take("app:myapp", "t", 10)
    held.records.progress.finish("myapp", "t", SYNC, None, [3], {})
    return links.maker("http://testserver", held.records)("myapp", 3)


def test_the_link_of_a_status_opens_its_sync(client: TestClient, link: str) -> None:
    """Without a token: a browser has none. What an author wrote is text on it, and no markup."""
    answer = client.get(link)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for text in ("myapp: sync 3 failed", "a" * 40, "Deployment default/myapp", "2.5 s", "push by ada", "0.25 s"):
        assert text in answer.text
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert answer.headers.items() >= pages.HEADERS.items()
    # The policy names the style that is on the page, and nothing else may run or load.
    [style] = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]


def test_a_program_gets_json(client: TestClient, link: str) -> None:
    """The same as under /api."""
    said = client.get(link, headers={"accept": "application/json"}).json()
    assert (said["app"], said["number"], said["outcome"], said["text"]) == ("myapp", 3, "failed", SYNC.text)
    assert said["changes"][0]["ref"] == ["apps", "Deployment", "default", "myapp"]


@pytest.mark.parametrize("change", ["key=", "key=0", "syncs/4", "apps/other", "no key", "é"])
def test_who_has_no_link_learns_nothing(client: TestClient, link: str, change: str) -> None:
    """A key opens one sync of one app; what is not there looks like what may not be seen."""
    path, _, key = link.partition("?key=")
    wrong = {
        "key=": f"{path}?key=",
        "key=0": f"{path}?key={'0' * links.LENGTH}",
        "syncs/4": f"{path.replace('/3', '/4')}?key={key}",
        "apps/other": f"{path.replace('myapp', 'other')}?key={key}",
        "no key": path,
        "é": f"{path}?key=é",
    }[change]
    for accept in ("text/html", "application/json"):
        answer, other = (client.get(one, headers={"accept": accept}) for one in (wrong, f"{path}9?key="))
        assert (answer.status_code, answer.content) == (404, other.content)
        assert answer.headers["content-type"].startswith(accept)
        assert "myapp" not in answer.text


def test_a_sync_that_is_no_longer_kept_is_said_to_be_gone(client: TestClient, held: edge.Edge, link: str) -> None:
    """The key is right, the record is not there."""
    assert client.get(links.maker("http://testserver", held.records)("myapp", 2)).status_code == 404
    assert client.get(link.replace("/syncs/3", "/syncs/x")).status_code == 404


PLAN = PullPlan(
    "1" * 40,
    "b" * 40,
    (
        Answer(
            "shop-eu",
            "production",
            Plan(
                "shop-eu", "production", "the merge into main", "1" * 40,
                (
                    Planned(CHANGE.ref, Effect.CONFIGURED, f"{EVIL}.yaml:1", ("spec",), f"@@ -1 @@\n+{EVIL}\u202e\n"),
                    Planned(Ref("", "Service", "shop", "web"), Effect.DELETED, "", (), "-kind: Service\n"),
                    Planned(Ref("", "Secret", "shop", "kept"), Effect.UNCHANGED, note=f"kept: {EVIL}"),
                ),
                (f"warned of {EVIL}",), ("PreSync Job shop/migrate",), "held by ada: release freeze",
            ),
        ),
        Answer("shop-us", "production", error=f"a.yaml:3: {EVIL}"),
    ),
    2,
    "",
    (f"declares {EVIL} otherwise",),
)  # fmt: skip


@pytest.fixture
def plan_link(held: edge.Edge) -> str:
    """The link to the plan of a pull request."""
    commit = Commit("github", "your-org/your-repo", "1" * 40, "refs/heads/feature")
    key = links.plan_key(held.records.secrets.pages(), commit, "7")
    held.records.plans.show(key, plans.packed(PLAN, "your-org/your-repo", 7, "refs/heads/main", 10.0))
    return links.plan_maker("http://testserver", held.records)(commit, "7")


def test_the_link_of_a_plan_s_status_opens_it_whole(client: TestClient, plan_link: str) -> None:
    """Every app with its objects, errors and warnings; a stranger's words are text, and only the style may load."""
    answer = client.get(plan_link)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for text in ("Pull request 7", "1" * 40, "b" * 40, "2 more apps follow", "shop-us", "1 configured, 1 deleted"):
        assert text in answer.text, text
    for text in ("Deployment default/myapp", "Service shop/web", "stays", "release freeze", "runs PreSync Job"):
        assert text in answer.text, text
    assert (answer.text.count("<details"), answer.text.count("<details open")) == (3, 1)
    assert (answer.text.count("&lt;script&gt;") >= 6, "<script" in answer.text) == (True, False)
    assert "\u202e" not in answer.text
    assert answer.headers.items() >= pages.HEADERS.items()


def test_a_program_gets_the_plan_as_json_and_a_wrong_link_nothing(client: TestClient, plan_link: str) -> None:
    """The same as ``hookline plan --json``, and what of it the page adds; the link names no repository."""
    said = client.get(plan_link, headers={"accept": "application/json"}).json()
    assert said | shown.pull_as_json(PLAN) == said
    assert (said["repository"], said["number"], said["state"]) == ("your-org/your-repo", 7, "failure")
    assert "your-" not in plan_link
    for wrong in (plan_link[:-1], f"{plan_link[:-1]}{'0' if plan_link[-1] != '0' else '1'}", f"{plan_link}%00"):
        for accept in ("text/html", "application/json"):
            answer, other = (client.get(one, headers={"accept": accept}) for one in (wrong, "/plans/x"))
            assert (answer.status_code, answer.content) == (404, other.content)


def test_a_plan_without_a_merge_says_why(client: TestClient, held: edge.Edge) -> None:
    """A conflict, say."""
    conflict = PullPlan("1" * 40, "b" * 40, problem="it conflicts in myapp/a.yaml")
    held.records.plans.show("k" * 32, plans.packed(conflict, "your-org/your-repo", 7, "refs/heads/main", 10.0))
    text = client.get(f"/plans/{'k' * 32}").text
    assert ("it conflicts in myapp/a.yaml" in text, "no plan" in text, "<details" in text) == (True, True, False)


def test_a_page_s_plan_has_a_bound() -> None:
    """First differences go, then objects; what changes is counted all the same."""
    diff = "x" * (plans.MOST_TEXT // 2)
    refs = [Ref("", "ConfigMap", "shop", f"one-{number}") for number in range(3)]
    made = Plan("shop", "production", "", "1" * 40, tuple(Planned(ref, Effect.CREATED, diff=diff) for ref in refs))
    found = plans.unpacked(plans.packed(PullPlan("1", "b", (Answer("shop", "", made),)), "r", 7, "m", 1.0))
    objects = found["apps"][0]["plan"]["objects"]
    assert [(len(one["diff"]), one["note"]) for one in objects] == [(len(diff), "")] * 2 + [(0, LEFT_OUT)]
    many = tuple(Planned(refs[0], Effect.CREATED, note="x" * 1000) for _ in range(5000))
    text = plans.packed(PullPlan("1", "b", (Answer("shop", "", replace(made, objects=many)),)), "r", 7, "m", 1.0)
    plan = plans.unpacked(text)["apps"][0]["plan"]
    assert (plan["objects"], plan["counts"]["created"]) == ([], 5000)
