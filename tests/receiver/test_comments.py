"""A comment that approves: which ones are commands, whose they are, and what the edge makes of them."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from receiver import app, edge
from receiver.forges import FORGES
from receiver.forges.comments import approves
from tests.receiver.conftest import encoded, signed
from tests.receiver.test_forges import PAYLOADS
from tests.receiver.test_forges import signed as signed_by
from tests.workers.test_intake import HTTPS
from tests.workers.test_intake import app as declared
from workers import apps, comment, comments, ledger
from workers.model import Event, EventKind, Ignored
from workers.settings import Settings

A = "a" * 40
SAMPLES = {
    "github/issue_comment__approve": ("", 12, "", "4"),
    "github/commit_comment__approve": ("myapp", 0, A, "4"),
    "gitea/issue_comment__approve": ("myapp", 12, "", "4"),
    "gitlab/note__approve": ("", 8, "", "4"),
    "gitlab/note__approve_commit": ("myapp", 0, A, "4"),
}


def payload(name: str) -> dict[str, Any]:
    """A sample."""
    value: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return value


def read(name: str, value: dict[str, Any]) -> Event | Ignored:
    """Read a delivery of a sample's kind."""
    forge, event = name.split("/")[0], name.split("/")[1].partition("__")[0]
    body = encoded(value)
    found = FORGES[forge].read(signed_by(forge, event, body), body, "main")
    return found if isinstance(found, Ignored) else found[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_person_s_new_comment_is_read(name: str) -> None:
    """Who, where and for which app; nothing of what the forge says of its author is believed."""
    found = read(name, payload(name))
    assert isinstance(found, Event), found
    assert (found.kind, found.action, found.sender) == (EventKind.COMMENT, "approve", "ada")
    assert (found.app, found.number, found.after, found.sender_id) == SAMPLES[name]


@pytest.mark.parametrize(
    ("text", "app"),
    [
        ("/hookline approve", ""),
        ("  /hookline  approve \r\n", ""),
        ("/hookline approve shop-eu", "shop-eu"),
        ("/hookline approve team.shop", "team.shop"),
        ("/hookline approve shop please", None),
        ("please /hookline approve", None),
        ("> /hookline approve", None),
        ("```\n/hookline approve\n```", None),
        ("/hookline approve\n\n(by mail)", None),
        ("/hookline approve\n\nshop", None),
        ("/hookline approve Shop", None),
        ("/hookline approve *", None),
        ("/hookline approve ../x", None),
        ("/hookline approve -x", None),
        ("/hookline\u00a0approve", None),
        ("/HOOKLINE approve", None),
        ("/hookline approved", None),
        ("/hookline sync", None),
        ("/hookline approve " + "a" * 300, None),
        ("/hookline approve" + " " * 2000, None),
        ("", None),
        (None, None),
        (["/hookline approve"], None),
    ],
)
def test_a_comment_is_exactly_the_command(text: object, app: str | None) -> None:
    """A quotation of it, a listing or a longer text is none."""
    assert approves(text) == app


BOT = {"login": "your-app[bot]", "id": 4, "type": "Bot"}
EDITED: dict[str, list[tuple[str, dict[str, Any], str]]] = {
    "github/issue_comment__approve": [
        ("edited", {"action": "edited"}, "edited or deleted"),
        ("deleted", {"action": "deleted"}, "edited or deleted"),
        ("a bot's", {"sender": BOT, "comment": {"user": BOT}}, "bots approve nothing"),
        ("sent by a bot", {"sender": {"type": "Bot"}}, "bots approve nothing"),
        ("a bot's by name", {"comment": {"user": {"login": "x[bot]"}}}, "bots approve nothing"),
        ("an App's for a person", {"comment": {"performed_via_github_app": {"id": 1}}}, "bots approve nothing"),
        ("somebody else's", {"sender": {"id": 5}}, "not a person's own"),
        ("below an issue", {"issue": {"pull_request": None}}, "below an issue"),
        ("another text", {"comment": {"body": "looks good"}}, "is no command"),
        ("without a number", {"issue": {"number": 0}}, "warning: issue_comment: field 'issue.number'"),
        ("without a repository", {"repository": {"id": None}}, "warning: issue_comment: field 'repository.id'"),
    ],
    "github/commit_comment__approve": [("of half a commit", {"comment": {"commit_id": "aaaa"}}, "warning")],
    "gitea/issue_comment__approve": [
        ("edited", {"action": "edited"}, "edited or deleted"),
        ("below an issue", {"issue": {"pull_request": None}}, "below an issue"),
        ("somebody else's", {"sender": {"id": 5}}, "not a person's own"),
    ],
    "gitlab/note__approve": [
        ("edited", {"object_attributes": {"action": "update"}}, "edited"),
        ("a bot's", {"user": {"username": "project_15_bot_1a2b"}}, "bots approve nothing"),
        ("a group's bot's", {"user": {"username": "group_15_bot"}}, "bots approve nothing"),
        ("GitLab's own", {"object_attributes": {"system": True}}, "bots approve nothing"),
        ("somebody else's", {"object_attributes": {"author_id": 5}}, "not a person's own"),
        ("below an issue", {"object_attributes": {"noteable_type": "Issue"}}, "neither a merge request"),
        ("another text", {"object_attributes": {"note": "looks good"}}, "is no command"),
    ],
}


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        pytest.param(name, change, reason, id=f"{name.split('/')[0]}: {what}")
        for name, cases in EDITED.items()
        for what, change, reason in cases
    ],
)
def test_what_is_not_a_person_s_own_new_command_is_ignored(name: str, change: dict[str, Any], reason: str) -> None:
    """With a reason for the sender's log."""

    def changed(value: Any, more: Any) -> Any:
        if not isinstance(more, dict) or not isinstance(value, dict):
            return more
        return {**value, **{key: changed(value.get(key), said) for key, said in more.items()}}

    found = read(name, changed(copy.deepcopy(payload(name)), change))
    assert isinstance(found, Ignored), found
    assert reason in found.reason


COMMENT = Event(
    "github", "main", "guid", EventKind.COMMENT, "your-org/your-repo", "7", (HTTPS,), sender="ada", number=12
)
URLS = ("github.com/your-org/your-repo",)


@pytest.mark.parametrize(
    ("named", "allowed", "apps_", "reason"),
    [
        ("", True, ["one", "two"], ""),
        ("one", True, ["one"], ""),
        ("auto", True, [], "auto is no app of your-org/your-repo that syncs by hand only"),
        ("other", True, [], "other is no app of your-org/your-repo"),
        ("nobody", True, [], "nobody is no app of"),
        ("", False, [], "set hooks.main.comments"),
    ],
)
def test_a_comment_is_for_apps_of_its_repository_that_sync_by_hand(
    named: str, allowed: bool, apps_: list[str], reason: str
) -> None:
    """Whoever writes to one repository approves nothing of another one; and only where the hook takes comments."""
    elsewhere = declared("other", url="https://github.com/your-org/other.git")
    index = apps.index([declared("one"), declared("two"), declared("auto", automated=True), elsewhere])
    found, said = comments.concerned(replace(COMMENT, app=named), URLS, index, allowed)
    assert ([app.name for app in found], reason in said, bool(said)) == (apps_, True, not apps_)


@pytest.fixture
def commented(settings: Settings) -> Settings:
    """A configuration whose GitHub hook takes comments, and an app that syncs by hand only."""
    [folder] = settings.catalog.folders
    document = Path(folder) / "myapp.yaml"
    text = document.read_text()
    document.write_text(text[: text.index("  syncPolicy:")])
    hooks = {**settings.hooks, "github": settings.hooks["github"].model_copy(update={"comments": True})}
    return settings.model_copy(update={"hooks": hooks})


def test_the_edge_records_a_comment_and_asks_nothing_of_the_app(commented: Settings, redis_client: Any) -> None:
    """Durable with its delivery, for a worker to decide; the ledger says what it was for."""
    held = edge.create(commented)
    body = encoded(payload("github/issue_comment__approve"))
    with TestClient(app.create(held)) as client:
        answer = client.post("/hooks/github", content=body, headers=signed(body, "issue_comment", "guid-9"))
    assert (answer.status_code, answer.json()["result"]) == (202, "accepted")
    [name] = held.records.comments.due(held.clock())
    found = held.records.comments.of(name)
    assert found == comment.Comment(
        "github:guid-9", "github", "your-org/your-repo", "7", 12, "", "ada", "4", ("myapp",), found.at if found else 0.0
    )
    assert held.records.comments.due(held.clock()) == []  # it is with a worker
    assert held.records.progress.open_requests("myapp") == []
    kept = held.records.intake.delivery("github:guid-9")
    assert kept is not None
    assert ledger.left_alone(held.catalog.index(), kept.delivery, commented.hooks["github"], lambda _: []) == {}


def test_a_hook_that_takes_no_comments_says_so(client: TestClient, held: edge.Edge) -> None:
    """Which is so until somebody configures it."""
    body = encoded(payload("github/issue_comment__approve"))
    answer = client.post("/hooks/github", content=body, headers=signed(body, "issue_comment"))
    assert answer.json() == {
        "result": "ignored",
        "reason": "comments approve nothing here: set hooks.github.comments",
    }
    assert held.records.comments.due(held.clock()) == []
