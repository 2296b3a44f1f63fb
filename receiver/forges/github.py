"""GitHub: HMAC-SHA256 over raw bytes; pushes of branches and tags, merged pull requests, and ping.

Field facts: GitHub docs, "Webhook events and payloads".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from receiver import signatures
from receiver.forges import payload as fields
from workers.model import Event, EventKind, Ignored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from receiver.forges.payload import Payload
    from receiver.signatures import Secrets

FORGE = "github"

_MERGE_QUEUE = "refs/heads/gh-readonly-queue/"
_FORM = "application/x-www-form-urlencoded"


def verify(headers: Mapping[str, str], body: bytes, secrets: Secrets, now: float) -> bool:
    """Whether ``X-Hub-Signature-256`` is right for ``body``; ``now`` is unused, the signature has no time."""
    del now
    return signatures.github(fields.header(headers, "x-hub-signature-256"), body, secrets.secrets)


def read(headers: Mapping[str, str], body: bytes, hook: str) -> Event | Ignored:
    """Return where a verified delivery tells us to look, or why there is nothing to do.

    Takes JSON and GitHub's form (``payload=<json>``); raises ``BadPayload`` when it is neither.
    """
    media_type = (fields.header(headers, "content-type") or "").partition(";")[0].strip().lower()
    payload = fields.form_object(body) if media_type == _FORM else fields.json_object(body)
    delivery = fields.key((fields.header(headers, "x-github-delivery"),), body)
    name = fields.header(headers, "x-github-event") or ""
    reader = _READERS.get(name)
    if reader is None:
        return Ignored(delivery, f"event {name[:100]!a} is not one Hookline acts on")
    try:
        return reader(payload, hook, delivery)
    except fields.FieldProblem as problem:
        return Ignored(delivery, f"warning: {name}: {problem}")


def _push(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """A branch or tag moved. For an annotated tag ``after`` is the commit, not the tag object."""
    moved = fields.ref(payload, "ref")
    if moved.startswith(_MERGE_QUEUE):
        return Ignored(delivery, f"{moved} belongs to the merge queue")
    after = fields.revision(payload, "after")
    if payload.get("deleted") is True or not after.strip("0"):
        return Ignored(delivery, f"{moved} was deleted")
    if moved.startswith("refs/tags/"):
        after = fields.revision_or_empty(payload, "head_commit", "id") or after
    return _event(payload, hook, delivery, EventKind.PUSH, ref=moved, after=after)


def _pull_request(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """A pull request was merged; every other change of one is not ours."""
    action = fields.text(payload, "action", limit=100)
    if action != "closed":
        return Ignored(delivery, f"pull request action {action!a} is not one Hookline acts on")
    merged = fields.dig(payload, "pull_request", "merged")
    if not isinstance(merged, bool):
        raise fields.FieldProblem("field 'pull_request.merged' is missing or not a boolean")
    count = fields.number(payload, "pull_request", "number")
    if not merged:
        return Ignored(delivery, f"pull request {count} was closed without being merged")
    base = fields.ref(payload, "pull_request", "base", "ref", prefix="refs/heads/")
    after = fields.revision_or_empty(payload, "pull_request", "merge_commit_sha")
    return _event(payload, hook, delivery, EventKind.MERGE, ref=base, after=after, number=count)


def _ping(payload: Payload, hook: str, delivery: str) -> Event:
    """A hook was made or tested; an organization's or an App's ping names no repository."""
    identity = fields.dig(payload, "repository", "id")
    return Event(
        forge=FORGE,
        hook=hook,
        key=delivery,
        kind=EventKind.PING,
        repository=fields.text_or_empty(payload, "repository", "full_name"),
        repository_id=str(identity) if type(identity) is int else "",
        url=fields.text_or_empty(payload, "repository", "clone_url"),
        ref="",
        before="",
        after="",
        number=0,
        sender=fields.text_or_empty(payload, "sender", "login"),
    )


def _event(
    payload: Payload, hook: str, delivery: str, kind: EventKind, *, ref: str, after: str, number: int = 0
) -> Event:
    return Event(
        forge=FORGE,
        hook=hook,
        key=delivery,
        kind=kind,
        repository=fields.text(payload, "repository", "full_name"),
        repository_id=str(fields.number(payload, "repository", "id")),
        url=fields.text(payload, "repository", "clone_url"),
        ref=ref,
        before=fields.revision_or_empty(payload, "before") if kind is EventKind.PUSH else "",
        after=after,
        number=number,
        sender=fields.text_or_empty(payload, "sender", "login"),
    )


_READERS = {"push": _push, "pull_request": _pull_request, "ping": _ping}
