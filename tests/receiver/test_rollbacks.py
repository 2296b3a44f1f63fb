"""Rollbacks by the API: by scope and glob, in form, on the audit trail, shown and ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import redis
from starlette.testclient import TestClient

from receiver import edge
from tests.receiver.conftest import encoded, push, signed
from tests.receiver.test_api import bearer, token
from tests.receiver.test_orders import APP, ask
from workers import queues
from workers.model import Outcome, Stage, SyncRecord, Why
from workers.records import coding

PATH = f"{APP}/rollback"
WHY = {"reason": "logins fail"}
A, B, C = ("a" * 40, "b" * 40, "c" * 40)


def history(held: edge.Edge, *revisions: str) -> None:
    """Let the app have been synced to these, newest first."""
    for one in reversed(revisions):
        record = SyncRecord("myapp", 1, "push", "ada", one, Outcome.SUCCEEDED, "", Stage.HEALTH, 0.0, 0.0)
        held.records.redis.lpush("hookline:syncs:myapp", coding.encode(record))


def refused(answer: Any) -> tuple[int, Sequence[str]]:
    """The code, and that it says why."""
    return answer.status_code, list(answer.json())


def test_it_needs_its_own_scope_for_the_app(client: TestClient, held: edge.Edge, redis_client: redis.Redis) -> None:
    """No other scope and no other app's will do; nothing is recorded, queued or audited then."""
    history(held, B, A)
    for method in ("POST", "DELETE"):
        body = WHY if method == "POST" else None
        assert ask(client, held, method, PATH, body, "sync", "sync:force", "hold", "approve", "read").status_code == 403
        other = bearer(token(held, scopes=("rollback",), apps=("other-*",)))
        assert client.request(method, PATH, json=body, headers=other).status_code == 403
        assert client.request(method, PATH, json=body).status_code == 401
    assert ask(client, held, "POST", PATH, {**WHY, "force": True}, "rollback").status_code == 403
    assert (held.records.rollbacks.of("myapp"), held.records.audit.entries()) == (None, [])
    assert redis_client.llen(queues.EMERGENCY) == 0


def test_an_app_goes_back_and_on_again(client: TestClient, held: edge.Edge, redis_client: redis.Redis) -> None:
    """Ahead of the queue, with a line on the trail: who, why, from what to what; shown in the app's state."""
    history(held, B, A)
    made = ask(client, held, "POST", PATH, WHY, "rollback")
    assert (made.status_code, made.json()["number"]) == (202, 1)
    assert redis_client.llen(queues.EMERGENCY) == 1
    [request] = held.records.progress.open_requests("myapp")
    assert (request.why, request.who, request.forced) == (Why.ROLLBACK, "ci", False)
    state = ask(client, held, "GET", APP, None, "read").json()["rollback"]
    assert (state["revision"], state["to"], state["blocked"], state["who"]) == (B, A, [B], "ci")
    [entry] = held.records.audit.entries()
    assert (entry["action"], entry["revision"], entry["to"], entry["reason"]) == ("rollback", B, A, "logins fail")
    assert (entry["who"], entry["address"], entry["issuer"]) == ("ci", "testclient", "hookline")
    assert ask(client, held, "DELETE", PATH, {"reason": "it was the database"}, "rollback").status_code == 202
    assert ask(client, held, "GET", APP, None, "read").json()["rollback"] is None
    assert held.records.audit.entries()[0]["action"] == "rollback cleared"
    assert refused(ask(client, held, "DELETE", PATH, None, "rollback")) == (409, ["error"])
    assert ask(client, held, "POST", PATH, {**WHY, "force": True}, "rollback", "sync:force").status_code == 202
    assert held.records.progress.open_requests("myapp")[-1].forced


def test_what_was_told_of_and_not_deployed_is_blocked_too(client: TestClient, held: edge.Edge) -> None:
    """The commit before it would come with it."""
    history(held, B, A)
    body = encoded(push("refs/heads/main", after=C))
    assert client.post("/hooks/github", content=body, headers=signed(body)).status_code == 202
    state = ask(client, held, "POST", PATH, WHY, "rollback").json()["rollback"]
    assert (state["revision"], state["newest"], state["blocked"]) == (B, C, [B, C])


def test_a_rollback_of_a_rollback_goes_further_back(client: TestClient, held: edge.Edge) -> None:
    """What was left stays blocked, also where it is named; what it is at by now is named as that."""
    history(held, C, B, A)
    assert ask(client, held, "POST", PATH, WHY, "rollback").json()["rollback"]["to"] == B
    history(held, B)
    again = ask(client, held, "POST", PATH, {**WHY, "to": B}, "rollback")
    assert again.status_code == 409
    assert again.json()["error"].startswith("myapp is rolled back to bbbbbbb already: `hookline sync myapp`")
    named = ask(client, held, "POST", PATH, {**WHY, "to": C}, "rollback")
    assert named.status_code == 409
    assert named.json()["error"].startswith(
        "ccccccc is blocked: rolled back to bbbbbbb by ci: logins fail; push a newer"
    )
    further = ask(client, held, "POST", PATH, WHY, "rollback").json()["rollback"]
    assert (further["revision"], further["to"], sorted(further["blocked"])) == (C, A, [B, C])


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ({}, 400, "`reason` is missing"),
        ({"reason": ""}, 400, "`reason` is missing"),
        ({"reason": "  "}, 409, "needs a reason"),
        ({**WHY, "to": 1}, 400, "and nothing else"),
        ({**WHY, "revision": A}, 400, "and nothing else"),
        ({**WHY, "to": "aaaaaa"}, 409, "expected the whole id of a commit"),
        ({**WHY, "to": "--upload-pack=x"}, 409, "expected the whole id of a commit"),
        ({**WHY, "to": "main"}, 409, "such as aaaaaaa"),
    ],
)
def test_what_is_wrong_changes_nothing(
    client: TestClient, held: edge.Edge, body: dict[str, Any], code: int, says: str
) -> None:
    """400 for the form, 409 for what cannot be."""
    history(held, B, A)
    answer = ask(client, held, "POST", PATH, body, "rollback")
    assert (answer.status_code, says in answer.json()["error"]) == (code, True), answer.text
    assert (held.records.rollbacks.of("myapp"), held.records.audit.entries()) == (None, [])


def test_there_has_to_be_something_to_go_back_from_and_to(client: TestClient, held: edge.Edge) -> None:
    """Never synced, synced once; and of an exception its end is the way back."""
    assert "was never synced" in ask(client, held, "POST", PATH, WHY, "rollback").json()["error"]
    history(held, A)
    answer = ask(client, held, "POST", PATH, WHY, "rollback")
    assert "no commit of myapp before aaaaaaa is known to have ended well" in answer.json()["error"]
    ask(client, held, "POST", f"{APP}/sync", {"revision": "hotfix", "for": "2h", "reason": "x"}, "sync")
    assert "release myapp --exception" in ask(client, held, "POST", PATH, WHY, "rollback").json()["error"]
