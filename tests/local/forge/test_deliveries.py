"""Deliveries: signed as the forge signs, shaped as the forge shapes, recorded, sent again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from openapi_schema_validator import OAS31Validator

from deploy.local.forge import Checkout, Delivery, Forge, signing
from deploy.local.forge.github import contract
from deploy.local.forge.web import Request, Response, Server
from receiver import forges, signatures
from tests.fixtures import judged
from workers.model import Event, EventKind, Ignored

REPOSITORY = "your-org/your-repo"
PUBLIC = "https://github.com/your-org/your-repo.git"
SIGNING_KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class Receiver:
    """Takes deliveries over real HTTP and answers with ``code``."""

    def __init__(self) -> None:
        self.code = 202
        self.seen: list[Request] = []
        self.gate = threading.Event()
        self.gate.set()
        self._server = Server(self._answer)
        self.url = f"http://127.0.0.1:{self._server.port}/hooks/main"
        self._server.start()

    def _answer(self, request: Request) -> Response:
        self.gate.wait(60)
        self.seen.append(request)
        return Response(self.code)

    def stop(self) -> None:
        self._server.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(params=["github", "gitlab"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both kinds of forge."""
    return str(request.param)


@pytest.fixture
def forge(tmp_path: Path, receiver: Receiver, kind: str) -> Iterator[Forge]:
    """A forge with a webhook and a repository that says it lives elsewhere."""
    with Forge(tmp_path / "forge", kind=kind, webhooks=[receiver.url]) as forge:
        forge.create(REPOSITORY, public_url=PUBLIC)
        yield forge


@pytest.fixture
def work(forge: Forge, tmp_path: Path) -> Checkout:
    """A clone with one commit pushed and its delivery answered."""
    checkout = forge.checkout(REPOSITORY, tmp_path / "work")
    checkout.commit({"a.yaml": "a: 1\n"}, "first")
    checkout.push()
    forge.settle()
    return checkout


def merge(forge: Forge, work: Checkout, *, squash: bool = False) -> str:
    """Merge one commit on a branch of its own into main."""
    work.switch("scale")
    work.commit({"a.yaml": "a: 5\n"}, "Scale to five replicas")
    work.push()
    return forge.merge(REPOSITORY, forge.open_pull(REPOSITORY, "scale").number, squash=squash)


def read(kind: str, request: Request, secrets: signatures.Secrets) -> Event | Ignored:
    """What the real edge makes of a delivery, signature first."""
    edge = forges.FORGES[kind]
    assert edge.verify(request.headers, request.body, secrets, time.time())
    return judged(edge.read(request.headers, request.body, "main"))


def test_the_signature_is_the_one_github_documents() -> None:
    """The vectors of GitHub's documentation and of gidgethub."""
    assert signing.github("It's a Secret to Everybody", b"Hello, World!") == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )
    assert signing.github("123456", b"gidget") == (
        "sha256=091319196718d5bcb1c20ad25fc890597423ecdbad1f947f560afd643b5000de"
    )


def test_the_signature_is_the_one_standard_webhooks_documents() -> None:
    """The vector of the specification's own libraries, and one of GitLab's shape."""
    assert (
        signing.standard_webhooks(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    body = b'{"object_kind":"push","ref":"refs/heads/main"}'
    assert (
        signing.standard_webhooks(SIGNING_KEY, "f5e5f430-f57b-4e6e-9fac-d9128cd7232f", 1780000000, body)
        == "v1,L5Y6L6ysOxxs0EAAzxDe9/Udayr3DgVcYSq1TltPYx8="
    )


def test_a_push_is_read_by_the_real_edge(forge: Forge, work: Checkout, receiver: Receiver, kind: str) -> None:
    """Verified with the secret and read as the push it was; the pretended address is the repository's."""
    event = read(kind, receiver.seen[0], signatures.Secrets((forge.secret.encode(),)))
    assert isinstance(event, Event)
    assert (event.kind, event.repository, event.urls[0]) == (EventKind.PUSH, REPOSITORY, PUBLIC)
    assert (event.ref, event.after, event.sender) == ("refs/heads/main", work.head, "ada")
    assert event.key == forge.deliveries[0].guid


def test_a_merge_is_read_by_the_real_edge(forge: Forge, work: Checkout, receiver: Receiver, kind: str) -> None:
    """A merged pull request, and the push of the merge, both of the new commit."""
    sha = merge(forge, work)
    assert len(forge.settle()) == len(receiver.seen)
    secrets = signatures.Secrets((forge.secret.encode(),))
    merged, pushed = (read(kind, request, secrets) for request in receiver.seen[-2:])
    assert isinstance(merged, Event)
    assert isinstance(pushed, Event)
    assert (merged.kind, merged.ref, merged.after, merged.number) == (EventKind.PULL_REQUEST, "refs/heads/main", sha, 1)
    assert (pushed.kind, pushed.ref, pushed.after) == (EventKind.PUSH, "refs/heads/main", sha)
    assert work.run("cat-file", "-t", "HEAD") == "commit"
    work.switch("main")
    work.pull()
    assert len(work.run("show", "-s", "--format=%P", sha).split()) == 2


def test_a_squashed_merge_has_one_parent(forge: Forge, work: Checkout) -> None:
    """And the same files."""
    sha = merge(forge, work, squash=True)
    work.switch("main")
    assert work.pull() == sha
    assert len(work.run("show", "-s", "--format=%P", sha).split()) == 1
    assert (work.folder / "a.yaml").read_text() == "a: 5\n"


def test_every_answer_is_recorded(forge: Forge, work: Checkout, receiver: Receiver) -> None:
    """Code and seconds of each attempt."""
    receiver.code = 503
    work.commit({}, "second")
    work.push()
    first, second = forge.settle()
    assert (first.code, second.code) == (202, 503)
    assert all(one.attempts[0].seconds > 0 for one in (first, second))


def test_nobody_listening_is_recorded(forge: Forge, work: Checkout, receiver: Receiver) -> None:
    """Code 0 and a reason; the forge goes on."""
    receiver.stop()
    work.commit({}, "second")
    work.push()
    attempt = forge.settle()[-1].attempts[0]
    assert attempt.code == 0
    assert attempt.error


def test_a_redelivery_is_the_same_delivery(forge: Forge, work: Checkout, receiver: Receiver, kind: str) -> None:
    """The same GUID and the same bytes, signed anew; both attempts are on record."""
    [delivery] = forge.deliveries
    forge.redeliver(delivery.guid)
    [delivery] = forge.settle()
    first, second = receiver.seen
    assert len(delivery.attempts) == 2
    assert first.body == second.body == delivery.body
    name = "x-github-delivery" if kind == "github" else "idempotency-key"
    assert first.headers[name] == second.headers[name] == delivery.guid


def test_silence_loses_deliveries_that_can_be_sent_later(forge: Forge, work: Checkout, receiver: Receiver) -> None:
    """A missed push: recorded, not sent, until somebody asks."""
    forge.silence()
    work.commit({}, "missed")
    work.push()
    forge.silence(on=False)
    work.commit({}, "heard")
    work.push()
    _, missed, heard = forge.settle()
    assert (missed.attempts, heard.code) == ((), 202)
    forge.redeliver(missed.guid)
    assert forge.settle()[1].code == 202
    assert orjson.loads(receiver.seen[-1].body)["after"] == missed.payload["after"]


def test_deliveries_go_out_in_order(forge: Forge, work: Checkout, receiver: Receiver) -> None:
    """Pushes made while the receiver is slow wait their turn; a push does not wait for the receiver."""
    receiver.gate.clear()
    shas = []
    for number in range(3):
        shas.append(work.commit({}, f"number {number}"))
        work.push()
    receiver.gate.set()
    forge.settle()
    assert [orjson.loads(request.body)["after"] for request in receiver.seen[1:]] == shas


def test_each_webhook_gets_each_delivery(forge: Forge, work: Checkout, receiver: Receiver) -> None:
    """Two hooks, one GUID, as with a repository's and an organization's hook."""
    other = Receiver()
    forge.add_webhook(other.url)
    work.commit({}, "second")
    work.push()
    one, two = forge.settle()[1:]
    other.stop()
    assert one.guid == two.guid
    assert {one.url, two.url} == {receiver.url, other.url}
    assert other.seen[0].body == receiver.seen[1].body


def test_waiting_for_deliveries_ends(forge: Forge, work: Checkout, receiver: Receiver) -> None:
    """A receiver that does not answer is not waited for without end."""
    receiver.gate.clear()
    work.commit({}, "second")
    work.push()
    with pytest.raises(TimeoutError):
        forge.settle(0.05)
    receiver.gate.set()
    forge.settle()


def test_an_unknown_guid_cannot_be_redelivered(forge: Forge) -> None:
    """And says so."""
    with pytest.raises(KeyError):
        forge.redeliver("none")


def test_a_signing_token_signs(tmp_path: Path, receiver: Receiver) -> None:
    """With a ``whsec_`` secret GitLab sends a signature the edge requires, and no plain token."""
    with Forge(tmp_path / "forge", kind="gitlab", secret=SIGNING_KEY, webhooks=[receiver.url]) as forge:
        forge.create(REPOSITORY)
        work = forge.checkout(REPOSITORY, tmp_path / "work")
        work.commit({}, "first")
        work.push()
        forge.settle()
    [request] = receiver.seen
    assert "x-gitlab-token" not in request.headers
    event = read("gitlab", request, signatures.Secrets((), (SIGNING_KEY.encode(),)))
    assert isinstance(event, Event)


def talked(forge: Forge, work: Checkout) -> None:
    """A pull request from a fork: opened, pushed to, labelled, judged, closed and opened again."""
    state = forge.state
    forge.create("eve/your-repo")
    work.switch("feature")
    work.commit({"b.yaml": "b: 1\n"}, "from a fork")
    work.run("push", "-q", forge.clone_url("eve/your-repo"), "feature")
    pull = forge.open_pull(REPOSITORY, "feature", fork="eve/your-repo")
    head = work.commit({"b.yaml": "b: 2\n"}, "more from a fork")
    work.run("push", "-q", forge.clone_url("eve/your-repo"), "feature")
    repository = state.repositories[REPOSITORY]
    state.label(repository, pull, "hookline/plan", "ada")
    state.label(repository, pull, "hookline/plan", "ada", on=False)
    state.review(repository, pull, "ada", "APPROVED", head)
    state.close(repository, pull.number, "eve")
    state.close(repository, pull.number, "eve", again=True)


def schema(delivery: Delivery) -> str:
    """The name of the schema that GitHub publishes for a payload."""
    action = delivery.payload.get("action", "")
    known = {"unlabeled": "labeled", "reopened": "opened"}.get(action, action)
    return f"webhook-{delivery.event}-{known}".strip("-").replace("_", "-")


def twin(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload with the action of its twin."""
    known = {"unlabeled": "labeled", "reopened": "opened"}.get(payload.get("action", ""))
    return {**payload, "action": known} if known else payload


def problems(delivery: Delivery) -> list[str]:
    """What GitHub's published schema finds wrong with a payload; of twins among actions one is at hand."""
    whole = orjson.loads((contract.DATA / "webhooks.github.com.json").read_bytes())
    reference: dict[str, Any] = {"$ref": f"#/components/schemas/{schema(delivery)}"}
    validator = OAS31Validator({**reference, "components": whole["components"]})
    return [
        f"{delivery.event} {error.json_path}: {error.message[:200]}"
        for error in validator.iter_errors(twin(delivery.payload))
    ]


@pytest.mark.parametrize("kind", ["github"], indirect=True)
def test_every_payload_satisfies_githubs_schema(forge: Forge, work: Checkout) -> None:
    """Pushes of new, moved and deleted branches and tags, a merge, and all that happens to a pull request."""
    merge(forge, work)
    talked(forge, work)
    work.run("tag", "-a", "v1", "-m", "one")
    work.push("v1")
    work.push(":v1")
    work.push(":scale")
    deliveries = forge.settle()
    told = {f"{one.event} {one.payload.get('action', '')}".strip() for one in deliveries}
    assert told == {"push", "pull_request_review submitted"} | {
        f"pull_request {action}" for action in ("opened", "synchronize", "labeled", "unlabeled", "closed", "reopened")
    }
    assert [problem for one in deliveries for problem in problems(one)] == []


@pytest.mark.parametrize("kind", ["github"], indirect=True)
def test_the_schema_check_can_fail(forge: Forge, work: Checkout) -> None:
    """A payload without a required field is found out."""
    [delivery] = forge.settle()
    payload = delivery.payload
    del payload["repository"]["clone_url"]
    broken = Delivery(delivery.guid, delivery.event, delivery.url, orjson.dumps(payload))
    assert any("clone_url" in problem for problem in problems(broken))
