"""The edge's spine: verified before read, recorded before answered, 2xx for what is authentic."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from starlette.testclient import TestClient

from receiver import edge
from tests.receiver.conftest import SECRET, encoded, push, signed
from workers import queues
from workers.errors import BadConfiguration
from workers.settings import Settings

HOOK = "/hooks/github"


def queued(client: redis.Redis, queue: str = queues.MERGE) -> int:
    """How many messages wait in a queue."""
    return int(client.llen(queue))


def stored(client: redis.Redis) -> set[str]:
    """Every key of ours."""
    return {str(name) for name in client.keys("hookline:*")}


def test_a_signed_push_is_recorded_sent_and_answered_202(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis
) -> None:
    """After the 202 the request is on record and its message is in the queue."""
    body = encoded(push())
    answer = client.post(HOOK, content=body, headers=signed(body))
    assert (answer.status_code, answer.json()) == (
        202,
        {"result": "accepted", "delivery": "guid-1", "requests": {"myapp": 1}},
    )
    [request] = held.records.progress.open_requests("myapp")
    assert (request.revision, request.ref, request.who) == ("a" * 40, "refs/heads/main", "octocat")
    assert queued(redis_client) == 1
    assert queued(redis_client, queues.REPORT) == 1


@pytest.mark.parametrize("flip", ["body", "signature"])
def test_one_flipped_byte_is_401_and_nothing_is_stored(
    client: TestClient, redis_client: redis.Redis, flip: str
) -> None:
    """Neither a record nor a message."""
    body = encoded(push())
    headers = signed(body)
    if flip == "body":
        body = body.replace(b"main", b"mbin", 1)
    else:
        last = headers["x-hub-signature-256"][-1]
        headers["x-hub-signature-256"] = headers["x-hub-signature-256"][:-1] + ("0" if last != "0" else "1")
    assert client.post(HOOK, content=body, headers=headers).status_code == 401
    assert stored(redis_client) == set()
    assert queued(redis_client) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha256=é".encode()},
        {"x-hub-signature-256": "sha1=0000000000000000000000000000000000000000"},
        {"x-hub-signature-256": "sha256=" + "A" * 64},
        {"x-hub-signature-256": "sha256=" + "a" * 63},
    ],
)
def test_a_malformed_signature_is_401_never_500(client: TestClient, changed: dict[str, Any]) -> None:
    """Whatever shape the header has."""
    body = encoded(push())
    assert client.post(HOOK, content=body, headers=signed(body) | changed).status_code == 401


def test_a_missing_signature_is_401_even_for_a_ping(client: TestClient) -> None:
    """Nothing is answered before verification."""
    body = encoded({"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {}})
    headers = {"content-type": "application/json", "x-github-event": "ping", "x-github-delivery": "g"}
    assert client.post(HOOK, content=body, headers=headers).status_code == 401
    assert client.post(HOOK, content=body, headers=signed(body, "ping")).status_code == 200


def test_an_unknown_hook_is_404_whatever_is_sent(client: TestClient) -> None:
    """A stranger learns nothing."""
    body = encoded(push())
    assert client.post("/hooks/other", content=body, headers=signed(body)).status_code == 404


def test_a_signature_of_another_hook_s_secret_is_401(client: TestClient) -> None:
    """The path picks the verifier; a GitHub signature means nothing to the GitLab hook."""
    body = encoded(push())
    assert client.post("/hooks/gitlab", content=body, headers=signed(body)).status_code == 401


def test_one_byte_over_the_limit_is_413_and_is_not_read_on(client: TestClient, settings: Settings) -> None:
    """With and without an announced length."""
    body = b"x" * (settings.edge.max_body + 1)
    assert client.post(HOOK, content=body, headers=signed(body)).status_code == 413
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(4096):
            sent += 1024
            yield b"y" * 1024

    assert client.post(HOOK, content=endless(), headers=signed(b"")).status_code == 413


def test_exactly_the_limit_is_read(client: TestClient, settings: Settings) -> None:
    """The limit itself is allowed."""
    body = encoded(push())
    body += b" " * (settings.edge.max_body - len(body))
    assert client.post(HOOK, content=body, headers=signed(body)).status_code == 202


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b"null", b'"text"', b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":NaN}']
)
def test_what_is_not_a_json_object_is_400(client: TestClient, redis_client: redis.Redis, body: bytes) -> None:
    """Correctly signed, and still not a delivery: on record as rejected, and nothing else happens."""
    assert client.post(HOOK, content=body, headers=signed(body)).status_code == 400
    assert stored(redis_client) == {"hookline:deliveries", "hookline:delivery:github:guid-1"}
    assert queued(redis_client) == 0


@pytest.mark.parametrize(
    ("event", "payload", "reason"),
    [
        ("issues", {"action": "opened"}, "event 'issues'"),
        ("push", push("refs/heads/other"), "no app follows refs/heads/other"),
        ("push", push(repository="stranger/repo"), "may not speak for stranger/repo"),
        ("push", push(repository="your-org/another"), "no app follows refs/heads/main"),
        ("push", push("refs/tags/v1"), "no app follows refs/tags/v1"),
        ("push", {}, "warning"),
    ],
)
def test_what_is_authentic_but_not_ours_is_202_ignored_with_the_reason(
    client: TestClient, held: edge.Edge, event: str, payload: dict[str, object], reason: str
) -> None:
    """GitLab disables a hook that answers 4xx, so ignoring is a success. The delivery is on record."""
    body = encoded(payload)
    answer = client.post(HOOK, content=body, headers=signed(body, event))
    assert (answer.status_code, answer.json()["result"]) == (202, "ignored")
    assert reason in answer.json()["reason"]
    [record] = held.records.intake.deliveries()
    assert record.delivery.verdict == "ignored"
    assert reason in record.delivery.reason


def test_a_broken_app_s_push_is_accepted_so_that_its_commit_gets_a_failed_status(
    client: TestClient, settings: Settings, held: edge.Edge
) -> None:
    """The fault is reported where the author looks: on the commit."""
    path = settings.catalog.folders[0] / "myapp.yaml"
    path.write_text(path.read_text().replace("prune: true", "prune: sometimes"))
    body = encoded(push())
    assert client.post(HOOK, content=body, headers=signed(body)).json()["requests"] == {"myapp": 1}


def test_the_same_delivery_five_times_at_once_sends_one_message(client: TestClient, redis_client: redis.Redis) -> None:
    """All five are answered 2xx; one look follows."""
    body = encoded(push())
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(client.post(HOOK, content=body, headers=signed(body)).status_code)
        )
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [202] * 5
    assert queued(redis_client) == 1


def test_without_redis_the_answer_is_503_and_a_later_one_works(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forge is told to come again; nothing is half-stored."""
    body = encoded(push())

    def refuse(**_: object) -> None:
        raise redis.ConnectionError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(held.records.intake, "_accept", refuse)
        answer = client.post(HOOK, content=body, headers=signed(body))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert stored(redis_client) == set()
    assert client.post(HOOK, content=body, headers=signed(body)).status_code == 202


def test_a_lost_message_does_not_undo_the_202(client: TestClient, held: edge.Edge, redis_client: redis.Redis) -> None:
    """The record is what counts: the tick finds it unsent."""
    body = encoded(push())
    assert client.post(HOOK, content=body, headers=signed(body)).status_code == 202
    assert redis_client.delete(queues.MERGE) == 1
    assert held.records.progress.unsent() == ["myapp"]


def test_one_accept_is_one_round_trip(client: TestClient, held: edge.Edge, redis_client: redis.Redis) -> None:
    """Record, request, commit, heartbeat and both messages are one script; nothing else is sent."""
    body = encoded(push())
    client.post(HOOK, content=body, headers=signed(body))
    with redis_client.monitor() as monitor:  # type: ignore[no-untyped-call]
        other = encoded(push(after="c" * 40))
        assert client.post(HOOK, content=other, headers=signed(other, delivery="guid-2")).status_code == 202
        held.records.redis.echo("the end")
        seen = []
        for command in monitor.listen():
            if command["command"].startswith("ECHO"):
                break
            seen.append(command)
    assert [one["command"].split()[0] for one in seen if one["client_type"] != "lua"] == ["EVALSHA"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/json; charset=utf-8"}, 202),
        ({"content-encoding": "gzip"}, 415),
    ],
)
def test_media_types(client: TestClient, headers: dict[str, str], code: int) -> None:
    """Parameters do not matter; compression does."""
    body = encoded(push())
    assert client.post(HOOK, content=body, headers=signed(body) | headers).status_code == code


def test_only_post_is_taken(client: TestClient) -> None:
    """A GET learns nothing."""
    assert client.get(HOOK).status_code == 405


def test_a_hook_whose_secret_is_missing_stops_the_start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail closed, with the variable named and no secret shown."""
    monkeypatch.delenv("HOOK_SECRET")
    with pytest.raises(BadConfiguration, match="HOOK_SECRET is not set"):
        edge.create(settings)


def test_a_hook_without_a_secret_is_no_configuration(settings: Settings) -> None:
    """There is no way to write an open hook."""
    with pytest.raises(ValueError, match="would accept anybody"):
        Settings(hooks={"open": {"forge": "github"}})  # type: ignore[dict-item]


def test_no_answer_and_no_record_holds_a_secret(client: TestClient, redis_client: redis.Redis) -> None:
    """Not even one the forge sends us in a header of its own."""
    body = encoded(push())
    headers = signed(body) | {"x-github-encoded-secret": SECRET, "x-gitlab-token": SECRET}
    answers = [client.post(hook, content=body, headers=headers).text for hook in (HOOK, "/hooks/gitlab", "/hooks/none")]
    dump = "".join(str(redis_client.dump(name)) for name in stored(redis_client))
    assert stored(redis_client)
    for text in (*answers, dump):
        assert SECRET not in text
        assert "Secret to Everybody" not in text
