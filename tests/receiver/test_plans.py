"""Plans by the API: who may ask, what is recorded and queued, what is answered while one is made and afterwards."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
import redis
from starlette.testclient import TestClient

from receiver import edge
from tests.receiver.test_api import bearer, token
from tests.receiver.test_orders import APP, ask
from workers import queues
from workers.inquiry import Inquiry, Reply
from workers.records import plans
from workers.records.keys import key

PATH = f"{APP}/plan"
COMMIT = "a" * 40


def asked(client: TestClient, held: edge.Edge, body: Any = None) -> str:
    """Ask for a plan; return where it is had."""
    answer = ask(client, held, "POST", PATH, body, "plan")
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


def seen(client: TestClient, held: edge.Edge, place: str) -> Any:
    """Look at a plan."""
    answer = ask(client, held, "GET", place, None, "plan")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_it_needs_its_own_scope_for_the_app(client: TestClient, held: edge.Edge, redis_client: redis.Redis) -> None:
    """To ask and to read alike; no other scope and no other app's will do, and nothing is recorded then."""
    place = asked(client, held)
    before = sorted(redis_client.keys())
    for method, path in (("POST", PATH), ("GET", place)):
        others = ("sync", "sync:force", "hold", "approve", "rollback", "read", "audit")
        assert ask(client, held, method, path, None, *others).status_code == 403
        other = bearer(token(held, scopes=("plan",), apps=("other-*",)))
        assert client.request(method, path, headers=other).status_code == 403
        assert client.request(method, path).status_code == 401
    assert redis_client.llen(queues.PLANS) == 1
    assert sorted(redis_client.keys()) == before
    everywhere = bearer(token(held, scopes=("plan",), apps=("*",)))
    unknown = client.post("/api/apps/nobody/plan", headers=everywhere)
    assert (unknown.status_code, "no app is called nobody" in unknown.json()["error"]) == (404, True)


def test_a_plan_is_recorded_and_queued_audited_and_had(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis
) -> None:
    """202 with its place; one token asks once and looks as often as it likes; what came of it is answered whole."""
    headers = bearer(token(held, scopes=("plan",)))
    made = client.post(PATH, json={"revision": "feature"}, headers=headers)
    name = made.json()["id"]
    assert (made.status_code, made.json()) == (202, {"app": "myapp", "id": name, "state": "pending"})
    assert made.headers["location"] == f"{APP}/plans/{name}"
    [message] = redis_client.lrange(queues.PLANS, 0, -1)
    sent = orjson.loads(message)
    assert (sent["headers"]["task"], orjson.loads(base64.b64decode(sent["body"]))[0]) == (queues.INQUIRE, [name])
    [entry] = held.records.audit.entries()
    assert (entry["action"], entry["app"], entry["revision"], entry["who"]) == ("plan", "myapp", "feature", "ci")
    assert client.post(PATH, headers=headers).status_code == 401
    assert redis_client.llen(queues.PLANS) == 1
    looked = client.get(made.headers["location"], headers=headers)
    assert (looked.status_code, looked.headers["retry-after"]) == (200, "1")
    about = {"id": name, "app": "myapp", "revision": "feature", "pull": 0, "who": "ci"}
    pending = looked.json()
    assert pending.pop("asked") > 0
    assert pending == {**about, "state": "pending", "changes": None, "error": "", "plan": None}
    held.records.plans.answer(name, Reply('{"exit_code": 2}', changes=True))
    looked = client.get(made.headers["location"], headers=headers)
    assert ("retry-after" in looked.headers, looked.headers["cache-control"]) == (False, "no-store")
    planned = looked.json()
    assert planned | about | {"state": "planned", "changes": True, "error": "", "plan": {"exit_code": 2}} == planned


def test_one_that_failed_says_why_and_nobody_has_another_app_s(client: TestClient, held: edge.Edge) -> None:
    """The id alone opens nothing."""
    place = asked(client, held, {"pull": 7.0})
    name = place.rpartition("/")[2]
    held.records.plans.answer(name, Reply(error="pull request 7 is not open"))
    held.records.plans.answer(name, Reply("{}", changes=False))  # the first answer stands
    found = seen(client, held, place)
    assert (found["state"], found["pull"], found["plan"]) == ("failed", 7, None)
    assert (found["changes"], found["error"]) == (None, "pull request 7 is not open")
    everywhere = bearer(token(held, scopes=("plan",), apps=("*",)))
    for path in (f"/api/apps/other/plans/{name}", f"{APP}/plans/{'0' * 32}"):
        assert client.get(path, headers=everywhere).status_code == 404


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ({"revision": "a", "pull": 1}, 400, "give one of them"),
        ({"show": True}, 400, "name it as `pull`"),
        ({"pull": 1, "show": 1}, 400, "and nothing else"),
        ({"revision": 1}, 400, "and nothing else"),
        ({"pull": 1.5}, 400, "and nothing else"),
        ({"pull": "1"}, 400, "and nothing else"),
        ({"pull": True}, 400, "and nothing else"),
        ({"reason": "x"}, 400, "and nothing else"),
        ({"pull": 0}, 409, "from 1 on"),
        ({"pull": -1}, 409, "from 1 on"),
        ({"pull": 2**31}, 409, "from 1 on"),
        ({"revision": ""}, 409, "expected a branch"),
        ({"revision": "--upload-pack=x"}, 409, "expected a branch"),
        ({"revision": "a..b"}, 409, "expected a branch"),
        ({"revision": "a" * 300}, 409, "expected a branch"),
    ],
)
def test_what_is_wrong_is_not_taken(
    client: TestClient, held: edge.Edge, body: Any, code: int, says: str, redis_client: redis.Redis
) -> None:
    """400 for the form, 409 for what no plan can be of; a sentence says what was expected."""
    answer = ask(client, held, "POST", PATH, body, "plan")
    assert (answer.status_code, says in answer.json()["error"]) == (code, True), answer.text
    assert (held.records.audit.entries(), redis_client.llen(queues.PLANS)) == ([], 0)


def test_more_than_a_hundred_open_ones_are_not_taken(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis
) -> None:
    """429 and when to come back; the token is not used up. An answer, or the end of one's time, makes room."""
    for number in range(plans.MOST_OPEN):
        assert held.counter.ask_plan(Inquiry(f"one-{number}", "myapp", "ci", 1000.0))
    assert not held.counter.ask_plan(Inquiry("late", "myapp", "ci", 1000.0))
    headers = bearer(token(held, scopes=("plan",)))
    full = client.post(PATH, headers=headers)
    assert (full.status_code, full.headers["retry-after"]) == (429, "10")
    assert "100 plans are open already" in full.json()["error"]
    assert (held.records.audit.entries(), redis_client.llen(queues.PLANS)) == ([], plans.MOST_OPEN)
    held.records.plans.answer("one-0", Reply("{}"))
    assert client.post(PATH, headers=headers).status_code == 202
    assert ask(client, held, "POST", PATH, None, "plan").status_code == 429
    redis_client.delete(key("plan", "one-1"))  # as its expiry does
    assert ask(client, held, "POST", PATH, None, "plan").status_code == 202


def test_one_is_kept_for_an_hour_asked_and_answered_and_only_so_many(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis ends it by itself; the replies that are kept have a bound of their own."""
    place = asked(client, held)
    name = place.rpartition("/")[2]
    record = key("plan", name)
    assert 0 < redis_client.ttl(record) <= plans.KEPT
    redis_client.expire(record, 100)
    held.records.plans.answer(name, Reply("{}"))
    assert 100 < redis_client.ttl(record) <= plans.KEPT
    redis_client.expire(record, 0)
    gone = ask(client, held, "GET", place, None, "plan")
    assert (gone.status_code, gone.json()["error"]) == (
        404,
        "myapp has no plan of that id: one is kept for 60 minutes",
    )
    assert not held.records.plans.answer(name, Reply("{}"))
    monkeypatch.setattr(plans, "MOST_REPLIES", 2)
    places = [asked(client, held) for _ in range(3)]
    for one in places:
        held.records.plans.answer(one.rpartition("/")[2], Reply("{}"))
    assert [ask(client, held, "GET", one, None, "plan").status_code for one in places] == [404, 200, 200]


def test_without_the_records_nothing_is_promised(
    client: TestClient, held: edge.Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, and the token is good for the next try; also where others were faster to the last place."""
    headers, place = bearer(token(held, scopes=("plan",))), asked(client, held)

    def fails(*_: object) -> bool:
        raise redis.ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(held.records.plans, "ask", fails)
        assert client.post(PATH, headers=headers).status_code == 503
        broken.setattr(held.records.plans, "ask", lambda *_: False)
        assert client.post(PATH, headers=headers).status_code == 503
        broken.setattr(held.records.plans, "read", fails)
        assert client.get(place, headers=headers).status_code == 503
    assert client.post(PATH, headers=headers).status_code == 202
