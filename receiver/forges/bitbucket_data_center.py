"""Bitbucket Data Center: HMAC-SHA256 over raw bytes in ``X-Hub-Signature``; its own payloads, unlike the Cloud's.

Field facts: Bitbucket Data Center docs, "Event payload". Its ``diagnostics:ping`` is unsigned and therefore refused.
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

FORGE = "bitbucket-data-center"

_ACTIONS = {
    "pr:opened": "opened",
    "pr:from_ref_updated": "updated",
    "pr:merged": "closed",
    "pr:declined": "closed",
    "pr:deleted": "closed",
    "pr:modified": "retargeted",
    "pr:reviewer:approved": "approved",
    "pr:reviewer:unapproved": "dismissed",
}


def verify(headers: Mapping[str, str], body: bytes, secrets: Secrets, now: float) -> bool:
    """Whether ``X-Hub-Signature: sha256=…`` is right for ``body``; ``now`` is unused."""
    del now
    return signatures.github(fields.header(headers, "x-hub-signature"), body, secrets.secrets)


def key(headers: Mapping[str, str], body: bytes) -> str:
    """Return what identifies the delivery."""
    return fields.key((fields.header(headers, "x-request-id"),), body)


def read(headers: Mapping[str, str], body: bytes, hook: str) -> tuple[Event, ...] | Ignored:
    """Return what a verified delivery tells, or why there is nothing to do; raises ``BadPayload`` for no JSON."""
    payload = bodies.json_object(body)
    delivery = key(headers, body)
    name = fields.header(headers, "x-event-key") or ""
    try:
        if name == "diagnostics:ping":
            return (Event(FORGE, hook, delivery, EventKind.PING),)
        if name == "repo:refs_changed":
            common = _event(payload, hook, delivery, EventKind.PUSH, "repository")
            found = tuple(_change(common, change) for change in fields.items(payload, "changes"))
            return found or Ignored(delivery, "the push moved no ref")
        if name in _ACTIONS:
            pull = _pull_request(payload, hook, delivery, name)
            return pull if isinstance(pull, Ignored) else (pull,)
        if name == "repo:modified":
            common = _event(payload, hook, delivery, EventKind.REPOSITORY, "new")
            return (replace(common, action="renamed", formerly=_name(payload, "old")),)
    except fields.FieldProblem as problem:
        return Ignored(delivery, f"warning: {name}: {problem}")
    return Ignored(delivery, f"event {name[:100]!a} is not one Hookline acts on")


def _change(common: Event, change: Payload) -> Event:
    """One ref moved. A tag's ``toHash`` may be the tag object, so it is not taken for a commit."""
    moved = fields.ref(change, "ref", "id")
    before = fields.revision_or_empty(change, "fromHash")
    after = fields.revision_or_empty(change, "toHash")
    action = fields.moved(before, after)
    return replace(
        common, ref=moved, before=before, after="" if moved.startswith("refs/tags/") else after, action=action
    )


def _pull_request(payload: Payload, hook: str, delivery: str, name: str) -> Event | Ignored:
    """A pull request changed; other modifications than of its target are of its words."""
    action = _ACTIONS[name]
    if action == "retargeted" and fields.dig(payload, "previousTarget", "id") in (
        None,
        fields.dig(payload, "pullRequest", "toRef", "id"),
    ):
        return Ignored(delivery, "the pull request's target is the same")
    where = ("properties", "mergeCommit", "id") if action == "closed" else ("fromRef", "latestCommit")
    theirs = fields.dig(payload, "pullRequest", "fromRef", "repository", "id")
    return replace(
        _event(payload, hook, delivery, EventKind.PULL_REQUEST, "pullRequest", "toRef", "repository"),
        ref=fields.ref(payload, "pullRequest", "toRef", "id"),
        before=fields.revision_or_empty(payload, "previousFromHash"),
        after=fields.revision_or_empty(payload, "pullRequest", *where),
        action=action,
        merged=name == "pr:merged",
        fork=theirs is None or theirs != fields.dig(payload, "pullRequest", "toRef", "repository", "id"),
        number=fields.number(payload, "pullRequest", "id"),
    )


def _event(payload: Payload, hook: str, delivery: str, kind: EventKind, *where: str) -> Event:
    """Return what every event about the repository at ``where`` has in common; not every version lists clone URLs."""
    links = fields.dig(payload, *where, "links", "clone")
    urls = tuple(fields.text_or_empty(link, "href") for link in links[:10]) if isinstance(links, list) else ()
    return Event(
        FORGE,
        hook,
        delivery,
        kind,
        repository=_name(payload, *where),
        repository_id=str(fields.number(payload, *where, "id")),
        urls=tuple(filter(None, urls)),
        sender=fields.text_or_empty(payload, "actor", "name"),
    )


def _name(payload: Payload, *where: str) -> str:
    return f"{fields.text(payload, *where, 'project', 'key')}/{fields.text(payload, *where, 'slug')}"
