"""What GitLab's deliveries tell us to look at, by project hook, group hook or system hook."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from receiver.forges import Secrets, gitlab
from tests.fixtures import judged
from workers.model import Event, EventKind, Ignored

PAYLOADS = Path(__file__).parents[1] / "payloads" / "gitlab"
OLD, NEW = "aaa" + "1" * 37, "bbb" + "2" * 37
NOW = 1780000000.0
KEY = b"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def sample(name: str) -> Any:
    """Return a stored payload by ``<event>__<case>``."""
    return json.loads((PAYLOADS / f"{name}.json").read_bytes())


def read(payload: Any) -> Event | Ignored:
    """Read a payload as a delivery with a key."""
    return judged(gitlab.read({"idempotency-key": "f5e5f430"}, json.dumps(payload).encode(), "main"))


def event(payload: Any) -> Event:
    """Read a payload that must be an event."""
    result = read(payload)
    assert isinstance(result, Event), result
    return result


def ignored(payload: Any) -> str:
    """Read a payload that must be ignored, and return the reason."""
    result = read(payload)
    assert isinstance(result, Ignored), result
    return result.reason


def merge_request(**changes: Any) -> Any:
    """Return the merged merge request with some object attributes replaced."""
    payload = sample("merge_request__merged")
    payload["object_attributes"] |= changes
    return payload


def test_a_push_says_where_to_look() -> None:
    """Every member of the event comes from its place in the payload."""
    assert read(sample("push__branch")) == Event(
        forge="gitlab",
        hook="main",
        key="f5e5f430",
        kind=EventKind.PUSH,
        repository="your-group/sub/your-project",
        repository_id="15",
        urls=(
            "https://gitlab.example.com/your-group/sub/your-project.git",
            "git@gitlab.example.com:your-group/sub/your-project.git",
        ),
        action="updated",
        files=("myapp/deployment.yaml",),
        ref="refs/heads/main",
        before=OLD,
        after=NEW,
        sender="ada",
    )


def test_a_system_hooks_push_is_the_same_push() -> None:
    """It names the event in ``event_name``, may keep the id beside the project, and never has commits."""
    assert event(sample("push__system_hook")) == replace(event(sample("push__branch")), files=None)


def test_a_merged_merge_request_says_where_to_look() -> None:
    """A merge is about the target branch, numbered as people see it (``iid``)."""
    merged = event(sample("merge_request__merged"))
    assert (merged.kind, merged.ref, merged.number) == (EventKind.PULL_REQUEST, "refs/heads/main", 8)
    assert (merged.before, merged.after, merged.sender) == ("", NEW, "ada")


def test_a_squash_with_fast_forward_leaves_the_commit_to_git() -> None:
    """``last_commit`` is the commit before the squash: never the answer (gitlab#415449)."""
    assert event(sample("merge_request__squashed_fast_forward")).after == ""
    assert event(merge_request(merge_commit_sha=None, squash_commit_sha=OLD)).after == OLD
    assert event(merge_request(merge_commit_sha=NEW, squash_commit_sha=OLD)).after == NEW


@pytest.mark.parametrize("action", ["update", "locked"])
def test_other_merge_request_actions_are_ignored_by_name(action: str) -> None:
    """Titles and drafts change nothing that a plan would say."""
    assert ignored(merge_request(action=action)) == f"merge request action '{action}' is not one Hookline acts on"


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("open", "request 8 was opened, and gets no plan"),
        ("reopen", "request 8 was reopened, and gets no plan"),
        ("close", "request 8 was closed without being merged"),
    ],
)
def test_a_merge_request_that_was_not_merged_deploys_nothing(action: str, reason: str) -> None:
    """Nothing reached the target branch."""
    assert reason.removeprefix("merge ") in ignored(merge_request(action=action))


def test_an_update_is_one_only_with_new_commits() -> None:
    """``oldrev`` is the only sign of them; labels, titles and drafts are updates too."""
    assert "was updated, and gets no plan" in ignored(merge_request(action="update", oldrev=OLD))


@pytest.mark.parametrize(
    ("action", "more", "word", "labels"),
    [
        ("open", {"labels": [{"title": "a"}, {"title": "b"}]}, "opened", ("a", "b")),
        ("approved", {}, "approved", ()),
        ("approval", {}, "approved", ()),
        ("unapproved", {}, "dismissed", ()),
        ("update", {"changes": {"target_branch": {"previous": "a", "current": "main"}}}, "retargeted", ()),
        (
            "update",
            {"changes": {"labels": {"previous": [{"title": "a"}], "current": [{"title": "a"}, {"title": "b"}]}}},
            "labeled",
            ("b",),
        ),
        ("update", {"changes": {"labels": {"previous": [{"title": "a"}], "current": []}}}, "unlabeled", ()),
        ("update", {"changes": {"labels": {"previous": 5, "current": {}}}}, "unlabeled", ()),
        ("update", {"changes": {"title": {"previous": "a", "current": "b"}}}, "", ()),
    ],
)
def test_what_else_happens_to_a_merge_request(
    action: str, more: dict[str, Any], word: str, labels: tuple[str, ...]
) -> None:
    """Labels, approvals and another target count, with who did it and the head of that moment."""
    payload = merge_request(action=action, merge_commit_sha=None, last_commit={"id": OLD}) | more
    found = gitlab.read({"idempotency-key": "f5e5f430"}, json.dumps(payload).encode(), "main")
    seen = [(one.action, one.labels, one.after, one.sender_id) for one in found] if isinstance(found, tuple) else []
    assert seen == ([(word, labels, OLD, str(payload["user"]["id"]))] if word else [])


def test_a_renamed_project_keeps_its_id() -> None:
    """A system hook tells the old path and the new one."""
    renamed = {"event_name": "project_rename", "project_id": 15, "path_with_namespace": "a/new"}
    read = gitlab.read({}, json.dumps(renamed | {"old_path_with_namespace": "a/old"}).encode(), "main")
    assert isinstance(read, tuple)
    [found] = read
    assert (found.repository, found.repository_id, found.formerly) == ("a/new", "15", "a/old")


def test_a_merge_request_without_an_action_is_ignored() -> None:
    """The field may be absent, as may the source and the last commit."""
    assert "field 'object_attributes.action'" in ignored(sample("merge_request__without_action"))


@pytest.mark.parametrize("name", ["push__branch_deleted", "tag_push__deleted"])
def test_a_deleted_ref_is_ignored(name: str) -> None:
    """Deleting a branch or tag deploys nothing, and takes nothing away."""
    assert ignored(sample(name)).endswith(" was deleted")


def test_a_new_branch_without_commits_is_an_event() -> None:
    """The ref moved; the list of commits is never looked at."""
    created = event(sample("push__branch_created_without_commits"))
    assert (created.ref, created.before, created.after) == ("refs/heads/release/1.x", "", OLD)


def test_an_annotated_tag_is_looked_at_by_its_commit() -> None:
    """``after`` of the payload is the tag object, ``checkout_sha`` the commit."""
    payload = sample("tag_push__annotated")
    assert event(payload).after == NEW != payload["after"]
    assert event(payload | {"checkout_sha": None}).after == ""


@pytest.mark.parametrize("name", ["pipeline", "repository_update", "Push", "", None, 5, {}])
def test_other_events_are_ignored(name: Any) -> None:
    """Whatever stands where the event's name should."""
    assert ignored({"object_kind": name}).endswith(" is not one Hookline acts on")
    assert ignored({"event_name": name}).endswith(" is not one Hookline acts on")


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"object_kind": "push"}, "ref"),
        (sample("push__branch") | {"after": "main"}, "after"),
        (sample("push__branch") | {"ref": "refs/heads/a\nb"}, "ref"),
        (sample("push__branch") | {"project": None}, "project.path_with_namespace"),
        (sample("push__branch") | {"project": {"path_with_namespace": "a/b"}}, "project.git_http_url"),
        (merge_request(target_branch="../x"), "object_attributes.target_branch"),
        (merge_request(iid=-1), "object_attributes.iid"),
        (merge_request(action={}), "object_attributes.action"),
        ({"object_kind": "merge_request", "object_attributes": []}, "object_attributes.action"),
    ],
)
def test_a_payload_we_cannot_use_is_ignored_and_the_field_is_named(payload: Any, field: str) -> None:
    """Custom webhook templates can reshape a body: a warning to the operator, not an error."""
    if field == "project.git_http_url":
        payload |= {"project_id": 1}
    assert f"field '{field}' " in ignored(payload)


def test_the_key_is_the_same_on_every_retry() -> None:
    """``webhook-id`` or ``Idempotency-Key``; never the UUIDs GitLab makes anew per attempt."""
    body = b"{}"
    fresh = {"x-gitlab-event-uuid": "a", "x-gitlab-webhook-uuid": "b"}
    assert judged(gitlab.read({**fresh, "webhook-id": "w", "idempotency-key": "i"}, body, "main")).key == "w"
    assert judged(gitlab.read({**fresh, "idempotency-key": "i"}, body, "main")).key == "i"
    assert judged(gitlab.read(fresh, body, "main")).key == hashlib.sha256(body).hexdigest()


def signature(body: bytes, key: bytes = KEY, id_: str = "w1", time: int = int(NOW)) -> dict[str, str]:
    """Return the headers of a delivery signed by the holder of ``key``."""
    raw = base64.b64decode(key.removeprefix(b"whsec_"))
    digest = hmac.new(raw, f"{id_}.{time}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(time),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def test_a_signing_key_cannot_be_downgraded_to_a_token() -> None:
    """With a signing key configured, the right token alone is nothing; a wrong token beside it is no harm."""
    both = Secrets(secrets=(b"s3cret",), signing_keys=(KEY,))
    token, body = {"x-gitlab-token": "s3cret"}, b"{}"
    assert gitlab.verify(token, body, Secrets(secrets=(b"s3cret",)), NOW)
    assert not gitlab.verify(token, body, both, NOW)
    assert gitlab.verify(signature(body) | {"x-gitlab-token": "wrong"}, body, both, NOW)
    assert not gitlab.verify(signature(body) | token, b"{} ", both, NOW)
    assert not gitlab.verify(token, body, Secrets(secrets=(b"s3cret",), signing_keys=(b"",)), NOW)


def test_old_and_new_signing_keys_live_side_by_side() -> None:
    """That is how a key is rotated; an unknown key stays unknown."""
    new = b"whsec_" + base64.b64encode(b"n" * 32)
    body, keys = b"{}", Secrets(secrets=(), signing_keys=(KEY, new))
    assert gitlab.verify(signature(body), body, keys, NOW)
    assert gitlab.verify(signature(body, new), body, keys, NOW)
    assert not gitlab.verify(signature(body, b"whsec_" + base64.b64encode(b"o" * 32)), body, keys, NOW)


def test_a_replayed_or_altered_signed_delivery_is_refused() -> None:
    """Five minutes later, or under another id, the signature is worthless."""
    body, keys = b"{}", Secrets(secrets=(), signing_keys=(KEY,))
    assert not gitlab.verify(signature(body), body, keys, NOW + 301)
    assert not gitlab.verify(signature(body, time=int(NOW) + 301), body, keys, NOW)
    assert not gitlab.verify(signature(body) | {"webhook-id": "w2"}, body, keys, NOW)


@pytest.mark.parametrize("secrets", [Secrets(secrets=()), Secrets(secrets=(b"",))])
def test_without_a_secret_nothing_is_authentic(secrets: Secrets) -> None:
    """Fail closed."""
    for headers in ({}, {"x-gitlab-token": ""}, {"x-gitlab-token": "x"}, signature(b"{}")):
        assert not gitlab.verify(headers, b"{}", secrets, NOW)
