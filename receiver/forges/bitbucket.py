"""Bitbucket Cloud: HMAC-SHA256 over raw bytes in ``X-Hub-Signature``; one push may move several refs.

Field facts: Bitbucket Cloud docs, "Event payloads". ``X-Hook-UUID`` is a name, not a secret.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from receiver import signatures
from receiver.forges import bodies
from receiver.forges import payload as fields
from workers.model import Event, EventKind, Ignored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from receiver.forges.bodies import Payload
    from receiver.signatures import Secrets

FORGE = "bitbucket"

_PREFIXES = {"branch": "refs/heads/", "tag": "refs/tags/", "named_branch": "refs/heads/", "annotated_tag": "refs/tags/"}
_ACTIONS = {
    "pullrequest:created": "opened",
    "pullrequest:updated": "updated",
    "pullrequest:fulfilled": "closed",
    "pullrequest:rejected": "closed",
    "pullrequest:approved": "approved",
    "pullrequest:unapproved": "dismissed",
}


def verify(headers: Mapping[str, str], body: bytes, secrets: Secrets, now: float) -> bool:
    """Whether ``X-Hub-Signature: sha256=…`` is right for ``body``; ``now`` is unused."""
    del now
    return signatures.github(fields.header(headers, "x-hub-signature"), body, secrets.secrets)


def key(headers: Mapping[str, str], body: bytes) -> str:
    """Return what identifies the delivery, the same for every attempt at it."""
    return fields.key((fields.header(headers, "x-request-uuid"), fields.header(headers, "x-request-id")), body)


def read(headers: Mapping[str, str], body: bytes, hook: str) -> tuple[Event, ...] | Ignored:
    """Return what a verified delivery tells, or why there is nothing to do; raises ``BadPayload`` for no JSON."""
    payload = bodies.json_object(body)
    delivery = key(headers, body)
    name = fields.header(headers, "x-event-key") or ""
    try:
        if name == "repo:push":
            return _push(payload, hook, delivery)
        if name in _ACTIONS:
            return (_pull_request(payload, hook, delivery, name),)
        if name == "repo:updated" and fields.dig(payload, "changes", "full_name") is not None:
            old = fields.text(payload, "changes", "full_name", "old")
            return (replace(_event(payload, hook, delivery, EventKind.REPOSITORY), action="renamed", formerly=old),)
    except fields.FieldProblem as problem:
        return Ignored(delivery, f"warning: {name}: {problem}")
    return Ignored(delivery, f"event {name[:100]!a} is not one Hookline acts on")


def _push(payload: Payload, hook: str, delivery: str) -> tuple[Event, ...] | Ignored:
    """Some refs moved. ``target`` of a tag is the commit, whatever the tag's kind."""
    common = _event(payload, hook, delivery, EventKind.PUSH)
    found = [_change(common, change) for change in fields.items(payload, "push", "changes")]
    return tuple(found) or Ignored(delivery, "the push moved no ref")


def _change(common: Event, change: Payload) -> Event:
    side = "old" if fields.dig(change, "new") is None else "new"
    prefix = _PREFIXES.get(fields.text(change, side, "type", limit=100))
    if prefix is None:
        raise fields.FieldProblem(f"field 'push.changes.{side}.type' is neither a branch nor a tag")
    before = fields.revision_or_empty(change, "old", "target", "hash")
    after = fields.revision(change, "new", "target", "hash") if side == "new" else ""
    forced = fields.flag(change, "forced") is True
    action = fields.moved(before, after, forced=forced)
    return replace(
        common, ref=fields.ref(change, side, "name", prefix=prefix), before=before, after=after, action=action
    )


def _pull_request(payload: Payload, hook: str, delivery: str, name: str) -> Event:
    """A pull request changed. Bitbucket shortens commit ids here; a short one says nothing."""
    action = _ACTIONS[name]
    where = ("merge_commit", "hash") if action == "closed" else ("source", "commit", "hash")
    theirs = fields.dig(payload, "pullrequest", "source", "repository", "uuid")
    return replace(
        _event(payload, hook, delivery, EventKind.PULL_REQUEST),
        ref=fields.ref(payload, "pullrequest", "destination", "branch", "name", prefix="refs/heads/"),
        after=fields.revision_or_empty(payload, "pullrequest", *where),
        action=action,
        merged=name == "pullrequest:fulfilled",
        fork=theirs is None or theirs != fields.dig(payload, "repository", "uuid"),
        number=fields.number(payload, "pullrequest", "id"),
        sender_id=fields.text_or_empty(payload, "actor", "uuid"),
    )


def _event(payload: Payload, hook: str, delivery: str, kind: EventKind) -> Event:
    """Return what every event about a repository has in common."""
    return Event(
        FORGE,
        hook,
        delivery,
        kind,
        repository=fields.text(payload, "repository", "full_name"),
        repository_id=fields.identity(payload, "repository", "uuid"),
        urls=(fields.text(payload, "repository", "links", "html", "href"),),
        sender=fields.text_or_empty(payload, "actor", "nickname") or fields.text_or_empty(payload, "actor", "uuid"),
    )
