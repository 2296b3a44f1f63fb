"""What GitHub's deliveries tell us to look at: real samples, and synthetic ones where no real sample exists."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest

from receiver.forges import BadPayload, Secrets, github
from tests.fixtures import judged
from workers.model import Event, EventKind, Ignored

PAYLOADS = Path(__file__).parents[1] / "payloads" / "github"
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "x-github-event": "push"}
OLD, NEW = "aaa" + "1" * 37, "bbb" + "2" * 37


def sample(name: str) -> bytes:
    """Return a stored payload by ``<event>__<case>``."""
    return (PAYLOADS / f"{name}.json").read_bytes()


def read(name: str, **changes: Any) -> Event | Ignored:
    """Read a stored payload, with some top-level members replaced."""
    body = json.dumps({**json.loads(sample(name)), **changes}).encode()
    headers = {"x-github-event": name.split("__")[0], "x-github-delivery": "72d3162e-cc78-11e3-81ab"}
    return judged(github.read(headers, body, "main"))


def event(name: str, **changes: Any) -> Event:
    """Read a payload that must be an event."""
    result = read(name, **changes)
    assert isinstance(result, Event), result
    return result


def ignored(name: str, **changes: Any) -> str:
    """Read a payload that must be ignored, and return the reason."""
    result = read(name, **changes)
    assert isinstance(result, Ignored), result
    return result.reason


def test_a_push_says_where_to_look() -> None:
    """Every member of the event comes from its place in the payload."""
    assert read("push__branch") == Event(
        forge="github",
        hook="main",
        key="72d3162e-cc78-11e3-81ab",
        kind=EventKind.PUSH,
        repository="your-org/your-repo",
        repository_id="424242",
        urls=("https://github.com/your-org/your-repo.git", "git@github.com:your-org/your-repo.git"),
        action="updated",
        files=("myapp/deployment.yaml",),
        ref="refs/heads/main",
        before=OLD,
        after=NEW,
        sender="ada",
    )


def test_a_merged_pull_request_says_where_to_look() -> None:
    """A merge is about the base branch and the commit the merge made there."""
    merged = event("pull_request__merged")
    assert (merged.kind, merged.ref, merged.number) == (EventKind.PULL_REQUEST, "refs/heads/main", 7)
    assert (merged.before, merged.after, merged.repository) == ("", NEW, "your-org/your-repo")


def test_a_merge_from_a_deleted_fork_without_a_merge_commit_is_still_a_merge() -> None:
    """``head.repo`` null does not matter, and without ``merge_commit_sha`` the worker asks Git."""
    merged = event("pull_request__merged_fork_deleted")
    assert (merged.kind, merged.after) == (EventKind.PULL_REQUEST, "")


def test_a_pull_request_closed_without_merging_is_ignored() -> None:
    """Nothing reached the base branch."""
    assert "without being merged" in ignored("pull_request__closed_unmerged")


@pytest.mark.parametrize("merged", [False, True, None])
def test_a_pull_request_closed_and_still_open_is_left_to_git(merged: bool | None) -> None:
    """GitHub was seen to send this: no field is believed, not even the merge commit's, and the branch is looked at."""
    payload = json.loads(sample("pull_request__closed_still_open"))["pull_request"]
    doubtful = event("pull_request__closed_still_open", pull_request=payload | {"merged": merged})
    assert (doubtful.merged, doubtful.after, doubtful.ref) == (None, "", "refs/heads/main")


def opened_pull(changes: dict[str, Any]) -> tuple[Event, ...]:
    """Read what happened to a pull request that is open."""
    body = json.dumps(json.loads(sample("pull_request__opened")) | changes).encode()
    found = github.read({"x-github-event": "pull_request"}, body, "main")
    return found if isinstance(found, tuple) else ()


def test_an_opened_pull_request_is_planned_where_its_hook_wants_that() -> None:
    """It is understood, with its head and who opened it."""
    assert ignored("pull_request__opened").startswith("pull request 2 was opened, and gets no plan: hooks.main.plans")
    [opened] = opened_pull({})
    assert (opened.action, opened.number, opened.labels, len(opened.after)) == ("opened", 2, (), 40)
    assert opened.sender_id == str(json.loads(sample("pull_request__opened"))["sender"]["id"])


@pytest.mark.parametrize(
    ("changes", "action", "labels"),
    [
        ({"action": "labeled", "label": {"name": "hookline/plan"}}, "labeled", ("hookline/plan",)),
        ({"action": "unlabeled", "label": {"name": "hookline/plan"}}, "unlabeled", ("hookline/plan",)),
        ({"action": "labeled", "label": "hookline/plan"}, "labeled", ()),
        ({"action": "edited", "changes": {"base": {"ref": {"from": "main"}}}}, "retargeted", ()),
        ({"action": "edited", "changes": {"title": {"from": "a"}}}, "", ()),
        ({"action": "ready_for_review"}, "updated", ()),
    ],
)
def test_what_else_happens_to_a_pull_request(changes: dict[str, Any], action: str, labels: tuple[str, ...]) -> None:
    """Labels and a new target count; words do not."""
    found = opened_pull(changes)
    assert [(one.action, one.labels) for one in found] == ([(action, labels)] if action else [])


def review(**named: Any) -> Event | Ignored:
    """A review of the pull request that was opened."""
    pull = json.loads(sample("pull_request__opened"))
    about = {"state": "approved", "commit_id": NEW, "user": {"login": "grace", "id": 9, "type": "User"}} | named
    told = {"action": named.get("action", "submitted"), "review": about}
    read = github.read({"x-github-event": "pull_request_review"}, json.dumps(pull | told).encode(), "main")
    return read[0] if isinstance(read, tuple) else read


def test_an_approval_is_about_one_commit() -> None:
    """By the person who reviewed; one that is dismissed is that person's again, and no bot's counts."""
    found = review()
    assert isinstance(found, Event)
    assert (found.action, found.after, found.sender, found.sender_id) == ("approved", NEW, "grace", "9")
    gone = review(action="dismissed", state="dismissed")
    assert isinstance(gone, Event)
    assert (gone.action, gone.sender_id) == ("dismissed", "9")
    assert isinstance(review(state="commented"), Ignored)
    assert isinstance(review(user={"login": "x[bot]", "id": 3, "type": "Bot"}), Ignored)
    assert isinstance(review(commit_id="1234"), Ignored)


def test_other_pull_request_actions_are_ignored_by_name() -> None:
    """The reason names the action."""
    assert ignored("pull_request__opened", action="assigned").startswith("pull request action 'assigned' is not one")


@pytest.mark.parametrize("name", ["push__branch_deleted", "push__tag_deleted"])
def test_a_deleted_ref_is_ignored(name: str) -> None:
    """Deleting a branch or tag deploys nothing, and takes nothing away."""
    assert ignored(name).endswith(" was deleted")


def test_either_sign_of_deletion_counts() -> None:
    """A flag without zeros or zeros without a flag: nothing is there to look at."""
    assert ignored("push__branch", deleted=True) == "refs/heads/main was deleted"
    assert ignored("push__branch", after="0" * 40) == "refs/heads/main was deleted"
    assert ignored("push__branch", after="0" * 64) == "refs/heads/main was deleted"


def test_pushes_without_commits_are_events() -> None:
    """A new branch at an old commit and a reset backwards both move a ref."""
    created = event("push__branch_created_without_commits")
    assert (created.ref, created.before, created.after) == ("refs/heads/release/1.x", "", OLD)
    assert event("push__forced_backwards").after == OLD


def test_a_branch_and_a_tag_of_one_name_stay_apart() -> None:
    """The ref is kept in full."""
    assert event("push__branch", ref="refs/tags/main").ref == "refs/tags/main"
    assert event("push__branch", ref="refs/heads/refs/tags/main").ref == "refs/heads/refs/tags/main"


def test_an_annotated_tag_is_looked_at_by_its_commit() -> None:
    """``after`` of the payload is the tag object; statuses go on commits."""
    payload = json.loads(sample("push__tag_annotated"))
    tagged = event("push__tag_annotated")
    assert tagged.after == payload["head_commit"]["id"] != payload["after"]
    assert event("push__tag_annotated", head_commit=None).after == ""
    assert event("push__tag_created").ref == "refs/tags/simple-tag"


def test_the_merge_queue_is_not_a_deploy_source() -> None:
    """Its temporary branches are ignored."""
    assert "merge queue" in ignored("push__merge_queue")


@pytest.mark.parametrize(("name", "repository"), [("repository", "Octocoders/Hello-World"), ("organization", "")])
def test_ping_is_an_event_with_or_without_a_repository(name: str, repository: str) -> None:
    """An organization's hook serves many repositories and names none."""
    ping = event(f"ping__{name}")
    assert (ping.kind, ping.repository, ping.ref, ping.after) == (EventKind.PING, repository, "", "")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"repository": None}, "repository.full_name"),
        ({"repository": {"full_name": "a/b"}}, "repository.id"),
        ({"repository": {"full_name": "a/b", "id": True}}, "repository.id"),
        ({"repository": {"full_name": "a/b", "id": "1"}}, "repository.id"),
        ({"repository": {"full_name": "a/b", "id": 1}}, "repository.clone_url"),
        ({"repository": {"full_name": "a/" + "b" * 1024, "id": 1}}, "repository.full_name"),
        ({"repository": {"full_name": "a/b\n", "id": 1}}, "repository.full_name"),
        ({"repository": []}, "repository.full_name"),
        ({"ref": None}, "ref"),
        ({"ref": "main"}, "ref"),
        ({"ref": "refs/heads/../../etc"}, "ref"),
        ({"ref": "refs/heads/" + "x" * 1024}, "ref"),
        ({"after": NEW.upper()}, "after"),
        ({"after": NEW[:7]}, "after"),
        ({"after": NEW + "\n"}, "after"),
        ({"after": None}, "after"),
    ],
)
def test_a_push_we_cannot_use_is_ignored_and_the_field_is_named(changes: dict[str, Any], field: str) -> None:
    """A strange shape is a warning to the operator, not an error of ours (Argo CD #23024)."""
    reason = ignored("push__branch", **changes)
    assert reason.startswith(f"warning: push: field '{field}' ")
    assert len(reason) < 200


def test_only_the_fields_we_need_are_needed() -> None:
    """A push without commits, head commit, pusher, sender, owner and html_url is understood."""
    payload = json.loads(sample("push__branch"))
    repository = {name: payload["repository"][name] for name in ("id", "full_name", "clone_url")}
    body = json.dumps({"ref": payload["ref"], "after": payload["after"], "repository": repository}).encode()
    result = judged(github.read({"x-github-event": "push"}, body, "main"))
    assert isinstance(result, Event)
    assert (result.before, result.sender, result.key) == ("", "", hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("name", [None, "", "star", "PUSH", "push\n", "x" * 5000, "é\x1b[31m"])
def test_other_events_are_ignored_in_a_short_printable_sentence(name: str | None) -> None:
    """The event's name comes from a header nothing signs."""
    headers = {} if name is None else {"x-github-event": name}
    result = judged(github.read(headers, b"{}", "main"))
    assert isinstance(result, Ignored)
    assert result.reason.isascii()
    assert result.reason.isprintable()
    assert len(result.reason) < 200


def test_only_the_sha256_header_is_looked_at() -> None:
    """A valid SHA-1 signature, in its own header or in the other, is no signature."""
    body, secrets = sample("push__branch"), Secrets(secrets=(b"s3cret",))
    sha1 = "sha1=" + hmac.new(b"s3cret", body, hashlib.sha1).hexdigest()
    sha256 = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert github.verify({"x-hub-signature-256": sha256}, body, secrets, 0)
    assert not github.verify({"x-hub-signature": sha1}, body, secrets, 0)
    assert not github.verify({"x-hub-signature": sha256}, body, secrets, 0)
    assert not github.verify({"x-hub-signature-256": sha1}, body, secrets, 0)
    assert not github.verify({}, body, secrets, 0)


def test_a_form_is_verified_as_sent_and_read_as_meant() -> None:
    """The signature covers the urlencoded bytes; plus signs, %2B and UTF-8 survive."""
    payload = json.loads(sample("push__branch"))
    payload["ref"] = "refs/heads/a+b/ü&=%2B"
    body = urlencode({"payload": json.dumps(payload, ensure_ascii=False)}).encode()
    signature = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert github.verify({"x-hub-signature-256": signature}, body, Secrets(secrets=(b"s3cret",)), 0)
    result = judged(github.read(FORM, body, "main"))
    assert isinstance(result, Event)
    assert result.ref == payload["ref"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload",
        b"payload=",
        b"payload=null",
        b"payload=[]",
        b"payload=%7B%7D&payload=%7B%7D",
        b"Payload=%7B%7D",
        b"other=%7B%7D",
        b"payload=%FF",
        b"payload=%7B%22a%22%3A%22%ED%A0%80%22%7D",
        b"payload={}\xff",
        b"payload=%7B%7D" + b"&a=1" * 100,
        b"{}",
        quote_plus("payload={}").encode(),
    ],
)
def test_a_form_without_exactly_one_json_payload_is_refused(body: bytes) -> None:
    """Missing, doubled, empty, badly encoded or not JSON: 400."""
    with pytest.raises(BadPayload):
        github.read(FORM, body, "main")


def test_a_form_may_carry_other_fields() -> None:
    """Only ``payload`` is looked at."""
    assert isinstance(judged(github.read(FORM, b"a=1&payload=%7B%7D", "main")), Ignored)


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", None])
def test_everything_else_is_read_as_json(content_type: str | None) -> None:
    """Which media types are served at all is the edge's decision."""
    headers = {"x-github-event": "push"} | ({"content-type": content_type} if content_type else {})
    assert isinstance(judged(github.read(headers, sample("push__branch"), "main")), Event)
