"""The API: nobody without a token, nobody beyond its scope, and every emergency sync on the audit trail."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import redis
from starlette.testclient import TestClient

from receiver import edge
from workers import queues, tokens
from workers.model import Action, Change, Outcome, Ref, Stage, SyncRecord

SYNC = "/api/apps/myapp/sync"


def token(
    held: edge.Edge, scopes: tuple[str, ...] = ("sync",), apps: tuple[str, ...] = ("myapp",), at: float | None = None
) -> str:
    """A token of the configured issuer."""
    return tokens.mint(held.issuers[0], "ci", scopes, apps, 600, time.time() if at is None else at, "token-1")


def bearer(text: str) -> dict[str, str]:
    """The header that carries it."""
    return {"authorization": f"Bearer {text}"}


def test_a_good_token_syncs_ahead_of_the_queue_and_is_audited(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis
) -> None:
    """202, a request with its number, a message in the emergency queue, and who asked, why and from where."""
    answer = client.post(SYNC, json={"reason": "production burns"}, headers=bearer(token(held)))
    assert (answer.status_code, answer.json()["number"]) == (202, 1)
    assert redis_client.llen(queues.EMERGENCY) == 1
    [entry] = held.records.audit.entries()
    assert (entry["action"], entry["app"], entry["who"], entry["reason"]) == ("sync", "myapp", "ci", "production burns")
    assert entry["token"] == "token-1"


@pytest.mark.parametrize(
    ("case", "code"),
    [("none", 401), ("expired", 401), ("issuer", 401), ("audience", 401), ("key", 401), ("scope", 403), ("app", 403)],
)
def test_a_bad_token_queues_nothing(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis, case: str, code: int
) -> None:
    """401 for who you are, 403 for what you may."""
    issuer = held.issuers[0]
    wrong = {
        "issuer": replace(issuer, issuer="somebody"),
        "audience": replace(issuer, audience="something else"),
        "key": replace(issuer, key=lambda: "x" * 32),
    }
    now = time.time()
    texts = {
        "none": "",
        "expired": token(held, at=now - 3600),
        "scope": token(held, scopes=("read",)),
        "app": token(held, apps=("other-*",)),
        **{name: tokens.mint(made, "ci", ("sync",), ("myapp",), 600, now, "t") for name, made in wrong.items()},
    }
    headers = bearer(texts[case]) if texts[case] else {}
    answer = client.post(SYNC, headers=headers)
    assert answer.status_code == code
    assert redis_client.llen(queues.EMERGENCY) == 0
    assert held.records.audit.entries() == []


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"reason": 1}', b'{"revision": "x"}'])
def test_a_body_that_is_not_understood_is_400(client: TestClient, held: edge.Edge, body: bytes) -> None:
    """Nothing unknown is silently dropped."""
    assert client.post(SYNC, content=body, headers=bearer(token(held))).status_code == 400


def test_an_app_nobody_declared_looks_like_one_that_is_forbidden(client: TestClient, held: edge.Edge) -> None:
    """A token for one app learns nothing of the others; a token for all may know."""
    forbidden = client.post("/api/apps/nothing/sync", headers=bearer(token(held)))
    missing = client.post("/api/apps/nothing/sync", headers=bearer(token(held, apps=("*",))))
    assert (forbidden.status_code, missing.status_code) == (403, 404)


def test_the_state_of_apps_needs_a_token_that_may_read(client: TestClient, held: edge.Edge) -> None:
    """Strangers get nothing but the probes."""
    assert client.get("/api/apps").status_code == 401
    assert client.get("/api/apps/myapp", headers=bearer(token(held))).status_code == 403
    reading = bearer(token(held, scopes=("read",)))
    assert [app["name"] for app in client.get("/api/apps", headers=reading).json()["apps"]] == ["myapp"]
    assert client.get("/api/apps/myapp", headers=reading).json()["syncs"] == []
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_sync_names_the_objects_it_changed(client: TestClient, held: edge.Edge) -> None:
    """As group, kind, namespace and name."""
    ref = Ref("apps", "Deployment", "default", "myapp")
    changes = (Change(ref, Action.CONFIGURED, ("spec.replicas",)),)
    record = SyncRecord(
        "myapp", 1, "push", "me", "a" * 40, Outcome.SUCCEEDED, "synced", Stage.HEALTH, 1.0, 2.0, changes
    )
    held.records.leases.take("app:myapp", "t", 10)
    held.records.progress.finish("myapp", "t", record, None, [1], {})
    [sync] = client.get("/api/apps/myapp", headers=bearer(token(held, scopes=("read",)))).json()["syncs"]
    assert sync["changes"] == [{"ref": list(ref), "action": "configured", "fields": ["spec.replicas"]}]
