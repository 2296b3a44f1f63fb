"""Gitea and Forgejo: HMAC-SHA256 over the JSON, which for a form is not the raw body but the field in it.

Field facts: the deliveries both make (Gitea 1.22, Forgejo 7). They send GitHub's headers too, which are not looked at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from receiver import signatures
from receiver.forges import bodies, comments, pulls
from receiver.forges import payload as fields
from workers.model import Event, EventKind, Ignored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from receiver.forges.bodies import Payload
    from receiver.signatures import Secrets

FORGE = "gitea"

_MOST_COMMITS = 2**31


def verify(headers: Mapping[str, str], body: bytes, secrets: Secrets, now: float) -> bool:
    """Whether the signature header is right; ``now`` is unused. Without a secret Gitea sends it empty: refused."""
    del now
    try:
        signed = bodies.form_payload(body) if fields.media_type(headers) == bodies.FORM else body
    except bodies.BadPayload:
        return False
    given = fields.header(headers, "x-forgejo-signature") or fields.header(headers, "x-gitea-signature")
    return signatures.hexadecimal(given, signed, secrets.secrets)


def key(headers: Mapping[str, str], body: bytes) -> str:
    """Return what identifies the delivery, the same on "Redeliver"."""
    names = ("x-forgejo-delivery", "x-gitea-delivery")
    return fields.key(tuple(fields.header(headers, name) for name in names), body)


def read(headers: Mapping[str, str], body: bytes, hook: str) -> tuple[Event, ...] | Ignored:
    """Return what a verified delivery tells, or why there is nothing to do; raises ``BadPayload`` for no JSON."""
    form = fields.media_type(headers) == bodies.FORM
    payload = bodies.form_object(body) if form else bodies.json_object(body)
    delivery = key(headers, body)
    name = fields.header(headers, "x-forgejo-event") or fields.header(headers, "x-gitea-event") or ""
    reader = _READERS.get(name) or comments.GITEA.get(name)
    if reader is None:
        return Ignored(delivery, f"event {name[:100]!a} is not one Hookline acts on")
    try:
        found = reader(payload, hook, delivery)
    except fields.FieldProblem as problem:
        return Ignored(delivery, f"warning: {name}: {problem}")
    return found if isinstance(found, Ignored) else (found,)


def _push(payload: Payload, hook: str, delivery: str) -> Event:
    """A branch or tag moved; zeros say whether it is new or gone. A tag's ``after`` may be the tag object: left out."""
    moved = fields.ref(payload, "ref")
    after = fields.revision(payload, "after").strip("0") and fields.revision(payload, "after")
    before = fields.revision_or_empty(payload, "before")
    action = fields.moved(before, after)
    if moved.startswith("refs/tags/"):
        after = ""
    return replace(
        _event(payload, hook, delivery, EventKind.PUSH),
        ref=moved,
        before=before,
        after=after,
        action=action,
        files=fields.changed_files(payload, _MOST_COMMITS, "total_commits") if action == "updated" else None,
    )


def _pull_request(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """A pull request changed. ``merged`` is left open where the fields contradict each other."""
    word = fields.text(payload, "action", limit=100)
    action = pulls.gitea_action(payload, word)
    if not action:
        return Ignored(delivery, f"pull request action {word!a} is not one Hookline acts on")
    closed = action == "closed"
    merged = fields.flag(payload, "pull_request", "merged") if closed else False
    if closed and fields.text_or_empty(payload, "pull_request", "state") not in ("closed", ""):
        merged = None
    where = ("merge_commit_sha",) if closed else ("head", "sha")
    theirs = fields.dig(payload, "pull_request", "head", "repo", "id")
    found = replace(
        _event(payload, hook, delivery, EventKind.PULL_REQUEST),
        ref=fields.ref(payload, "pull_request", "base", "ref", prefix="refs/heads/"),
        after=fields.revision_or_empty(payload, "pull_request", *where) if merged is not None else "",
        action=action,
        merged=merged,
        fork=theirs is None or theirs != fields.dig(payload, "repository", "id"),
        number=fields.number(payload, "number"),
    )
    return pulls.gitea(payload, found)


def _approved(payload: Payload, hook: str, delivery: str) -> Event:
    """Somebody approved a pull request."""
    return pulls.gitea_review(payload, _event(payload, hook, delivery, EventKind.PULL_REQUEST))


def _event(payload: Payload, hook: str, delivery: str, kind: EventKind) -> Event:
    """Return what every event about a repository has in common."""
    sender = fields.text_or_empty(payload, "sender", "login") or fields.text_or_empty(payload, "sender", "username")
    return Event(
        FORGE,
        hook,
        delivery,
        kind,
        repository=fields.text(payload, "repository", "full_name"),
        repository_id=str(fields.number(payload, "repository", "id")),
        urls=(fields.text(payload, "repository", "clone_url"), *fields.urls(payload, ("repository", "ssh_url"))),
        sender=sender,
    )


_READERS = {
    "push": _push,
    "pull_request": _pull_request,
    "pull_request_sync": _pull_request,
    "pull_request_approved": _approved,
}
