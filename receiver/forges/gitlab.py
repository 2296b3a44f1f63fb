"""GitLab: a plain token or a Standard Webhooks signature; pushes of branches and tags, merged merge requests.

Field facts: GitLab docs, "Webhook events" and "System hooks". What an event is about is read from the body,
which a signature covers; ``X-Gitlab-Event`` is not looked at.
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

FORGE = "gitlab"


def verify(headers: Mapping[str, str], body: bytes, secrets: Secrets, now: float) -> bool:
    """Whether the delivery is authentic: by signature when signing keys are configured, else by token.

    With a signing key configured ``X-Gitlab-Token`` is not looked at, so nobody can downgrade.
    """
    if secrets.signing_keys:
        return signatures.standard_webhooks(
            fields.header(headers, "webhook-id"),
            fields.header(headers, "webhook-timestamp"),
            fields.header(headers, "webhook-signature"),
            body,
            secrets.signing_keys,
            now,
        )
    return signatures.gitlab_token(fields.header(headers, "x-gitlab-token"), secrets.secrets)


def read(headers: Mapping[str, str], body: bytes, hook: str) -> Event | Ignored:
    """Return where a verified delivery tells us to look, or why there is nothing to do.

    Project, group and system hooks are read alike. Raises ``BadPayload`` for a body that is no JSON object.
    """
    payload = fields.json_object(body)
    delivery = fields.key((fields.header(headers, "webhook-id"), fields.header(headers, "idempotency-key")), body)
    # a system hook names some events in object_kind and others, pushes among them, in event_name
    name = fields.text_or_empty(payload, "object_kind", limit=100) or fields.text_or_empty(
        payload, "event_name", limit=100
    )
    reader = _READERS.get(name)
    if reader is None:
        return Ignored(delivery, f"event {name!a} is not one Hookline acts on")
    try:
        return reader(payload, hook, delivery)
    except fields.FieldProblem as problem:
        return Ignored(delivery, f"warning: {name}: {problem}")


def _push(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """A branch or tag moved. For an annotated tag ``after`` is the commit (``checkout_sha``), not the tag."""
    moved = fields.ref(payload, "ref")
    after = fields.revision(payload, "after")
    if not after.strip("0"):
        return Ignored(delivery, f"{moved} was deleted")
    if moved.startswith("refs/tags/"):
        after = fields.revision_or_empty(payload, "checkout_sha") or after
    # GitLab's own word for who pushed; a push payload has no user object
    sender = fields.text_or_empty(payload, "user_username")
    return _event(payload, hook, delivery, EventKind.PUSH, ref=moved, after=after, sender=sender)


def _merge_request(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """A merge request was merged; every other change of one is not ours.

    With squash and fast-forward no field has the new commit, and ``after`` is ``""``: Git knows.
    """
    action = fields.text(payload, "object_attributes", "action", limit=100)
    if action != "merge":
        return Ignored(delivery, f"merge request action {action!a} is not one Hookline acts on")
    target = fields.ref(payload, "object_attributes", "target_branch", prefix="refs/heads/")
    after = fields.revision_or_empty(payload, "object_attributes", "merge_commit_sha") or fields.revision_or_empty(
        payload, "object_attributes", "squash_commit_sha"
    )
    return _event(
        payload,
        hook,
        delivery,
        EventKind.MERGE,
        ref=target,
        after=after,
        number=fields.number(payload, "object_attributes", "iid"),
        sender=fields.text_or_empty(payload, "user", "username"),
    )


def _event(
    payload: Payload,
    hook: str,
    delivery: str,
    kind: EventKind,
    *,
    ref: str,
    after: str,
    sender: str,
    number: int = 0,
) -> Event:
    return Event(
        forge=FORGE,
        hook=hook,
        key=delivery,
        kind=kind,
        repository=fields.text(payload, "project", "path_with_namespace"),
        repository_id=_project_id(payload),
        url=fields.text(payload, "project", "git_http_url"),
        ref=ref,
        before=fields.revision_or_empty(payload, "before") if kind is EventKind.PUSH else "",
        after=after,
        number=number,
        sender=sender,
    )


def _project_id(payload: Payload) -> str:
    """Some push payloads carry the id beside the project instead of in it."""
    path = ("project_id",) if fields.dig(payload, "project", "id") is None else ("project", "id")
    return str(fields.number(payload, *path))


_READERS = {"push": _push, "tag_push": _push, "merge_request": _merge_request}
