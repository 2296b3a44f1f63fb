"""Holds, exceptions, approvals and forced syncs by the API: by scope, in form, on the audit trail."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
import redis
from starlette.testclient import TestClient

from receiver import edge
from tests.receiver.conftest import encoded, push, signed
from tests.receiver.test_api import bearer, token
from workers import queues, tokens, witness
from workers.model import Ref

APP = "/api/apps/myapp"
GOOD: dict[str, tuple[str, str, Any, str]] = {
    "sync": ("POST", f"{APP}/sync", {"reason": "burns"}, "sync"),
    "exception": ("POST", f"{APP}/sync", {"revision": "hotfix", "for": "2h", "reason": "burns"}, "sync"),
    "approve": ("POST", f"{APP}/approve", {"reason": "fine"}, "approve"),
    "hold": ("POST", f"{APP}/hold", {"for": "2h", "reason": "burns"}, "hold"),
}


NUMBERS = itertools.count()


def ask(client: TestClient, held: edge.Edge, method: str, path: str, body: Any, *scopes: str) -> Any:
    """Send an order with a new token of these scopes: each is good for one order."""
    minted = tokens.mint(held.issuers[0], "ci", scopes, ("myapp",), 600, time.time(), f"order-{next(NUMBERS)}")
    return client.request(method, path, json=body, headers=bearer(minted))


@pytest.mark.parametrize("name", GOOD)
def test_an_order_needs_its_own_scope_and_is_audited(client: TestClient, held: edge.Edge, name: str) -> None:
    """No other scope will do; nothing is done without a word in the trail: who, why, from where."""
    method, path, body, scope = GOOD[name]
    others = tuple({"sync", "approve", "hold", "read", "sync:force"} - {scope})
    assert ask(client, held, method, path, body, *others).status_code == 403
    assert held.records.audit.entries() == []
    made = ask(client, held, method, path, body, scope)
    assert made.status_code in (200, 202), made.text
    [entry] = held.records.audit.entries()
    assert (entry["action"], entry["app"], entry["who"]) == (name, "myapp", "ci")
    assert (entry["token"].startswith("order-"), entry["address"], entry["issuer"]) == (True, "testclient", "hookline")
    assert entry["reason"] == body["reason"]


@pytest.mark.parametrize("name", [*GOOD, "release", "end"])
def test_a_token_is_good_for_one_order(client: TestClient, held: edge.Edge, name: str) -> None:
    """Whichever comes first; the second one changes nothing, and the trail does not tell of it."""
    undo = {"release": ("DELETE", f"{APP}/hold", None, "hold"), "end": ("DELETE", f"{APP}/exception", None, "sync")}
    for before in ("hold", "exception"):
        ask(client, held, *GOOD[before])
    method, path, body, scope = {**GOOD, **undo}[name]
    headers = bearer(token(held, scopes=("read", scope)))
    assert client.request(method, path, json=body, headers=headers).status_code in (200, 202)
    for before in ("hold", "exception"):
        if name in undo:
            ask(client, held, *GOOD[before])
    entries, holds = held.records.audit.entries(), held.records.holds.all()
    again = client.request(method, path, json=body, headers=headers)
    assert (again.status_code, again.json()["error"].startswith("the token was used before")) == (401, True)
    assert (held.records.audit.entries(), held.records.holds.all()) == (entries, holds)
    assert client.get(APP, headers=headers).status_code == 200


def test_a_token_of_an_order_that_could_not_be_recorded_is_good_again(
    client: TestClient, held: edge.Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, and the same order may be sent once more; only once."""
    headers = bearer(token(held, scopes=("hold",)))
    method, path, body, _ = GOOD["hold"]

    def fails(_: Any) -> None:
        raise redis.ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(held.records.holds, "place", fails)
        assert client.request(method, path, json=body, headers=headers).status_code == 503
    assert client.request(method, path, json=body, headers=headers).status_code == 200
    assert client.request(method, path, json=body, headers=headers).status_code == 401


def test_a_request_by_hand_leads_back_to_its_line_of_the_trail(client: TestClient, held: edge.Edge) -> None:
    """Also an exception's and an approval's."""
    for name in ("sync", "exception", "approve"):
        ask(client, held, *GOOD[name])
    asked = [witness.line_of(one.delivery) for one in held.records.progress.open_requests("myapp")]
    assert asked == sorted(entry["line"] for entry in held.records.audit.entries())


def test_a_hold_and_an_exception_are_shown_and_ended(client: TestClient, held: edge.Edge) -> None:
    """In the list, in the app's state, and no longer after their end."""
    for name in ("hold", "exception"):
        method, path, body, scope = GOOD[name]
        ask(client, held, method, path, body, scope)
    listed = ask(client, held, "GET", "/api/holds", None, "read").json()
    assert [(one["scope"], one["target"], one["who"], one["reason"]) for one in listed["holds"]] == [
        ("app", "myapp", "ci", "burns")
    ]
    assert [(one["app"], one["revision"]) for one in listed["exceptions"]] == [("myapp", "hotfix")]
    state = ask(client, held, "GET", APP, None, "read").json()
    assert state["held"].startswith("held until ")
    assert state["held"].endswith(" by ci: burns")
    assert state["exception"]["revision"] == "hotfix"
    assert ask(client, held, "DELETE", f"{APP}/hold", None, "hold").status_code == 200
    assert ask(client, held, "DELETE", f"{APP}/exception", None, "sync").status_code == 200
    assert ask(client, held, "GET", "/api/holds", None, "read").json() == {"holds": [], "exceptions": []}
    assert ask(client, held, "DELETE", f"{APP}/hold", None, "hold").status_code == 409
    assert ask(client, held, "DELETE", f"{APP}/exception", None, "sync").status_code == 409


def test_nobody_sees_a_hold_of_an_app_he_may_not_read(client: TestClient, held: edge.Edge) -> None:
    """A token for other apps learns nothing."""
    ask(client, held, *GOOD["hold"])
    elsewhere = bearer(token(held, scopes=("read",), apps=("other-*",)))
    assert client.get("/api/holds", headers=elsewhere).json() == {"holds": [], "exceptions": []}
    assert client.get("/api/holds").status_code == 401


def test_one_object_is_held_and_released(client: TestClient, held: edge.Edge) -> None:
    """Named in the body, and in the query to end it."""
    path, body = f"{APP}/hold", {"for": "2h", "reason": "burns", "object": "Deployment/web"}
    assert "owns no Deployment/web" in ask(client, held, "POST", path, body, "hold").json()["error"]
    ref = Ref("apps", "Deployment", "default", "web")
    held.records.redis.hset("hookline:digests:myapp", "|".join(ref), "v1  ")
    assert ask(client, held, "POST", path, body, "hold").json()["hold"]["object"] == "Deployment/web"
    assert ask(client, held, "DELETE", path, None, "hold").status_code == 409
    assert ask(client, held, "DELETE", f"{path}?object=Deployment/web", None, "hold").status_code == 200


@pytest.mark.parametrize(("place", "scope"), [("projects/default", "project"), ("clusters/in-cluster", "cluster")])
def test_a_whole_project_and_a_cluster_are_held_by_who_may_hold_every_app(
    client: TestClient, held: edge.Edge, place: str, scope: str
) -> None:
    """Globs over all present apps are not enough: apps of the future are held, too. The same to end it."""
    path, body = f"/api/{place}/hold", {"for": "2h", "reason": "burns"}

    def asked(method: str, body: Any, apps: tuple[str, ...], *scopes: str) -> Any:
        minted = tokens.mint(held.issuers[0], "ci", scopes, apps, 600, time.time(), f"order-{next(NUMBERS)}")
        return client.request(method, path, json=body, headers=bearer(minted))

    for apps, scopes in ((("myapp",), ("hold",)), (("m*", "*p", "default"), ("hold",)), (("*",), ("sync", "read"))):
        assert asked("POST", body, apps, *scopes).status_code == 403
    assert (held.records.holds.all(), held.records.audit.entries()) == ([], [])
    assert asked("POST", {**body, "object": "Deployment/web"}, ("*",), "hold").status_code == 409
    made = asked("POST", body, ("*",), "hold")
    assert (made.status_code, made.json()["hold"]["scope"]) == (200, scope), made.text
    assert ask(client, held, "GET", APP, None, "read").json()["held"].startswith(f"held (all of {scope} ")
    assert [one["scope"] for one in ask(client, held, "GET", "/api/holds", None, "read").json()["holds"]] == [scope]
    assert asked("DELETE", None, ("myapp",), "hold").status_code == 403
    assert asked("DELETE", None, ("*",), "hold").status_code == 200
    assert asked("DELETE", None, ("*",), "hold").status_code == 409
    assert [entry["action"] for entry in held.records.audit.entries()] == ["release", "hold"]


def test_a_project_or_cluster_nobody_declared_is_not_held(client: TestClient, held: edge.Edge) -> None:
    """404 for whoever may hold every app; others do not learn that."""
    for path in ("/api/projects/other/hold", "/api/clusters/other/hold"):
        minted = tokens.mint(held.issuers[0], "ci", ["hold"], ["*"], 600, time.time(), f"order-{next(NUMBERS)}")
        body = {"for": "2h", "reason": "burns"}
        assert client.post(path, json=body, headers=bearer(minted)).status_code == 404
        assert ask(client, held, "POST", path, body, "hold").status_code == 403


def test_force_takes_a_scope_of_its_own(client: TestClient, held: edge.Edge) -> None:
    """Nobody passes a hold by accident; who does is in the trail."""
    body = {"reason": "burns", "force": True}
    assert ask(client, held, "POST", f"{APP}/sync", body, "sync").status_code == 403
    assert held.records.audit.entries() == []
    assert ask(client, held, "POST", f"{APP}/sync", body, "sync", "sync:force").status_code == 202
    assert ask(client, held, "POST", f"{APP}/sync", {"reason": "burns"}, "sync", "sync:force").status_code == 202
    assert [request.forced for request in held.records.progress.open_requests("myapp")] == [True, False]
    assert [entry["action"] for entry in held.records.audit.entries()] == ["sync", "sync forced"]


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("exception", {"reason": None}, 400),
        ("exception", {"reason": ""}, 400),
        ("exception", {"for": None}, 400),
        ("exception", {"revision": None}, 400),
        ("exception", {"for": "25h"}, 409),
        ("exception", {"for": "soon"}, 409),
        ("exception", {"revision": "HEAD"}, 409),
        ("exception", {"revision": "--upload-pack=x"}, 409),
        ("exception", {"force": "yes"}, 400),
        ("hold", {"reason": None}, 400),
        ("hold", {"reason": "  "}, 409),
        ("hold", {"for": None}, 400),
        ("hold", {"for": "25h"}, 409),
        ("hold", {"until": "tomorrow"}, 400),
        ("approve", {"revision": "a" * 40}, 409),
    ],
)
def test_what_is_wrong_changes_nothing(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis, name: str, change: dict[str, Any], code: int
) -> None:
    """400 for the form, 409 for what cannot be; nothing is recorded, queued or audited."""
    method, path, body, scope = GOOD[name]
    body = {key: said for key, said in {**body, **change}.items() if said is not None}
    answer = ask(client, held, method, path, body, scope)
    assert (answer.status_code, answer.json().keys()) == (code, {"error"})
    assert redis_client.llen(queues.EMERGENCY) == 0
    assert held.records.audit.entries() == []
    assert (held.records.holds.all(), held.records.exceptions.all()) == ([], {})


def test_a_push_to_an_exception_s_branch_concerns_the_app(client: TestClient, held: edge.Edge) -> None:
    """While it lasts; the declared branch goes on concerning it, too."""

    def pushed(ref: str, delivery: str) -> Any:
        body = encoded(push(ref, after=delivery * 40))
        return client.post("/hooks/github", content=body, headers=signed(body, delivery=f"guid-{delivery}")).json()

    assert pushed("refs/heads/hotfix", "1")["result"] == "ignored"
    ask(client, held, *GOOD["exception"])
    assert pushed("refs/heads/hotfix", "2")["requests"] == {"myapp": 2}
    assert pushed("refs/heads/main", "3")["requests"] == {"myapp": 3}
    assert pushed("refs/heads/other", "4")["result"] == "ignored"
    ask(client, held, "DELETE", f"{APP}/exception", None, "sync")
    assert pushed("refs/heads/hotfix", "5")["result"] == "ignored"
