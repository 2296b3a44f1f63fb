"""What became of a delivery, asked over the API; replay; and hooks that are silent."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis
from starlette.testclient import TestClient

from receiver import edge
from tests.receiver.conftest import KEY, encoded, push, signed
from workers import tokens
from workers.model import Outcome, Stage, SyncRecord
from workers.records.hooks import Missed
from workers.settings import Settings

HOOK = "/hooks/github"


def bearer(scope: str) -> dict[str, str]:
    """A token for ``<scopes>:<app>``, the scopes joined by ``+``."""
    scopes, _, app = scope.partition(":")
    issuer = tokens.Issuer("hookline", "hookline", ("HS256",), lambda: KEY)
    return {"authorization": f"Bearer {tokens.mint(issuer, 'ada', scopes.split('+'), [app], 600, time.time(), '1')}"}


READER = "read:*"


def deliver(client: TestClient, payload: Any, key: str = "guid-1", event: str = "push") -> Any:
    """Send a signed delivery and return the answer."""
    body = encoded(payload)
    return client.post(HOOK, content=body, headers=signed(body, event, key)).json()


def finished(held: edge.Edge, number: int, outcome: Outcome) -> None:
    """End an app's requests up to a number."""
    assert held.records.leases.take("app:myapp", "t", 10)
    record = SyncRecord("myapp", number, "push", "octocat", "a" * 40, outcome, "why", Stage.REPORT, 1.0, 2.0)
    held.records.progress.finish("myapp", "t", record, None, list(range(1, number + 1)), {})
    held.records.leases.release("app:myapp", "t")


@pytest.mark.parametrize("outcome", [None, Outcome.SUCCEEDED, Outcome.FAILED, Outcome.NOT_AFFECTED, Outcome.HELD])
def test_a_delivery_is_shown_with_the_outcome_of_its_sync(
    client: TestClient, held: edge.Edge, outcome: Outcome | None
) -> None:
    """Waiting until the sync ends, then how it ended."""
    deliver(client, push())
    if outcome:
        finished(held, 1, outcome)
    [found] = client.get("/api/deliveries", headers=bearer(READER)).json()["deliveries"]
    assert (found["id"], found["verdict"]) == ("github:guid-1", "accepted")
    assert [(sync["app"], sync["outcome"]) for sync in found["syncs"]] == [
        ("myapp", outcome.value if outcome else "waiting")
    ]


def test_one_delivery_says_why_each_other_app_was_left_alone(client: TestClient, settings: Settings) -> None:
    """By repository, branch and tag; the catalog's later change is said."""
    folder = settings.catalog.folders[0]
    text = (folder / "myapp.yaml").read_text()
    tagged = text.replace("name: myapp", "name: tagged").replace(": main", ": refs/tags/main")
    (folder / "tagged.yaml").write_text(tagged)
    (folder / "other.yaml").write_text(text.replace("name: myapp", "name: other").replace("your-repo.git", "x.git"))
    deliver(client, push())
    found = client.get("/api/deliveries/github:guid-1", headers=bearer(READER)).json()
    assert set(found["not_matched"]) == {"tagged", "other"}
    assert found["not_matched"]["tagged"].startswith("tag ≠ branch")
    assert found["not_matched"]["other"].startswith("repository")
    assert found["catalog_changed"] is False
    (folder / "later.yaml").write_text(text.replace("name: myapp", "name: later").replace(": main", ": later"))
    later = client.get("/api/deliveries/github:guid-1", headers=bearer(READER)).json()
    assert later["catalog_changed"] is True


def test_deliveries_are_found_by_hook_app_and_verdict(client: TestClient) -> None:
    """Newest first, and no more than asked for."""
    deliver(client, push(), "guid-1")
    deliver(client, push("refs/heads/other"), "guid-2")
    deliver(client, [], "guid-3")

    def ids(query: str) -> list[str]:
        found = client.get(f"/api/deliveries?{query}", headers=bearer(READER)).json()["deliveries"]
        return [one["id"][7:] for one in found]

    assert sorted(ids("")) == ["guid-1", "guid-2", "guid-3"]
    assert ids("verdict=rejected") == ["guid-3"]
    assert ids("verdict=ignored") == ["guid-2"]
    assert ids("app=myapp") == ["guid-1"]
    assert ids("hook=gitlab") == []
    assert len(ids("limit=2")) == 2
    assert client.get("/api/deliveries?limit=0", headers=bearer(READER)).status_code == 400


def test_a_token_sees_only_deliveries_of_its_apps(client: TestClient) -> None:
    """What it may not see looks like nothing."""
    deliver(client, push())
    deliver(client, push("refs/heads/other"), "guid-2")
    mine, others = bearer("read:myapp"), bearer("read:another")
    assert [one["id"] for one in client.get("/api/deliveries", headers=mine).json()["deliveries"]] == ["github:guid-1"]
    assert client.get("/api/deliveries", headers=others).json() == {"deliveries": []}
    assert client.get("/api/deliveries/github:guid-1", headers=others).status_code == 404
    assert client.get("/api/deliveries").status_code == 401
    assert client.get("/api/deliveries/github:guid-1").status_code == 401
    assert client.get("/api/hooks").status_code == 401
    assert client.get("/api/openapi.json").status_code == 401


def test_a_replay_of_what_was_done_changes_nothing(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis
) -> None:
    """It is on record, and nobody is asked for anything."""
    deliver(client, push())
    finished(held, 1, Outcome.SUCCEEDED)
    redis_client.delete("merge")
    answer = client.post("/api/deliveries/github:guid-1/replay", headers=bearer("sync+read:*"))
    assert (answer.status_code, answer.json()["new"], answer.json()["requests"]) == (202, [], {"myapp": 1})
    assert redis_client.llen("merge") == 0
    newest = held.records.intake.deliveries()[0].delivery
    assert newest.replays == "github:guid-1"
    assert held.records.audit.entries()[0]["action"] == "replay"


def test_a_replay_of_what_failed_runs_again(client: TestClient, held: edge.Edge, redis_client: redis.Redis) -> None:
    """By the same rule as a redelivery."""
    deliver(client, push())
    finished(held, 1, Outcome.FAILED)
    redis_client.delete("merge")
    answer = client.post("/api/deliveries/github:guid-1/replay", headers=bearer("sync+read:myapp"))
    assert (answer.json()["new"], answer.json()["requests"]) == (["myapp"], {"myapp": 2})
    assert redis_client.llen("merge") == 1


@pytest.mark.parametrize(
    ("scope", "name", "code"),
    [
        ("read:*", "github:guid-1", 403),
        ("sync+read:another", "github:guid-1", 404),
        ("sync:*", "github:guid-1", 404),
        ("sync+read:*", "github:none", 404),
        ("sync+read:*", "github:guid-2", 409),
    ],
)
def test_a_replay_needs_the_right_to_sync(client: TestClient, scope: str, name: str, code: int) -> None:
    """And a delivery that told something."""
    deliver(client, push())
    deliver(client, [], "guid-2")
    assert client.post(f"/api/deliveries/{name}/replay", headers=bearer(scope)).status_code == code


def test_an_ignored_delivery_is_judged_anew_when_it_comes_again(client: TestClient, settings: Settings) -> None:
    """An app was added meanwhile; the forge's "Redeliver" is how people try again."""
    assert deliver(client, push("refs/heads/later"))["result"] == "ignored"
    path = settings.catalog.folders[0] / "myapp.yaml"
    path.write_text(path.read_text().replace(": main", ": later"))
    assert deliver(client, push("refs/heads/later"))["requests"] == {"myapp": 1}


def test_a_hook_that_missed_a_move_is_shown_until_it_delivers(client: TestClient, held: edge.Edge) -> None:
    """Never heard, not delivering, delivering."""

    def state() -> dict[str, str]:
        found = client.get("/api/hooks", headers=bearer(READER)).json()["hooks"]
        return {one["hook"]: one["state"] for one in found}

    assert state() == {"github": "never heard", "gitlab": "never heard"}
    held.records.hooks.miss(Missed("myapp", "refs/heads/main", "github", "your-org/your-repo", "c" * 40, 1.0))
    assert state()["github"] == "not delivering"
    deliver(client, push())
    assert state() == {"github": "delivering", "gitlab": "never heard"}


def test_one_push_through_three_hooks_is_one_sync(client: TestClient, held: edge.Edge) -> None:
    """Repository, organisation and App hook, with one GUID or with different ones."""
    for key in ("guid-1", "guid-1", "guid-2", "guid-3"):
        assert deliver(client, push(), key)["result"] in ("accepted", "duplicate")
    assert held.records.progress.app("myapp").wanted == 1


def test_a_renamed_repository_s_pushes_still_reach_its_apps(client: TestClient) -> None:
    """Learned from an earlier delivery's repository id; a stranger's id reaches nothing."""
    deliver(client, push())
    renamed = push(after="c" * 40, repository="your-org/new-name")
    assert deliver(client, renamed, "guid-2")["requests"] == {"myapp": 2}
    stranger = push(after="d" * 40, repository="your-org/stranger")
    stranger["repository"]["id"] = 99
    assert deliver(client, stranger, "guid-3")["result"] == "ignored"
