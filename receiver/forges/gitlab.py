"""GitLab: a plain token or a Standard Webhooks signature; pushes of branches and tags, merge requests.

Field facts: GitLab docs, "Webhook events" and "System hooks". What an event is about is read from the body,
which a signature covers; ``X-Gitlab-Event`` is not looked at.
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

FORGE = "gitlab"

_MOST_COMMITS = 20
"""GitLab lists no more commits of a push than that."""


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


def key(headers: Mapping[str, str], body: bytes) -> str:
    """Return what identifies the delivery: GitLab keeps ``Idempotency-Key`` on retries, the UUID headers not."""
    return fields.key((fields.header(headers, "webhook-id"), fields.header(headers, "idempotency-key")), body)


def read(headers: Mapping[str, str], body: bytes, hook: str) -> tuple[Event, ...] | Ignored:
    """Return what a verified delivery tells, or why there is nothing to do.

    Project, group and system hooks are read alike. Raises ``BadPayload`` for a body that is no JSON object.
    """
    payload = bodies.json_object(body)
    delivery = key(headers, body)
    # a system hook names some events in object_kind and others, pushes among them, in event_name
    name = fields.text_or_empty(payload, "object_kind", limit=100) or fields.text_or_empty(
        payload, "event_name", limit=100
    )
    reader = _READERS.get(name) or comments.GITLAB.get(name)
    if reader is None:
        return Ignored(delivery, f"event {name!a} is not one Hookline acts on")
    try:
        found = reader(payload, hook, delivery)
    except fields.FieldProblem as problem:
        return Ignored(delivery, f"warning: {name}: {problem}")
    return found if isinstance(found, Ignored) else (found,)


def _push(payload: Payload, hook: str, delivery: str) -> Event:
    """A branch or tag moved. For an annotated tag ``after`` is the commit (``checkout_sha``), not the tag."""
    moved = fields.ref(payload, "ref")
    before = fields.revision_or_empty(payload, "before")
    after = fields.revision(payload, "after")
    after = after if after.strip("0") else ""
    action = fields.moved(before, after)
    if moved.startswith("refs/tags/"):
        # without a checkout only Git knows what the tag object leads to
        after = fields.revision_or_empty(payload, "checkout_sha")
    # GitLab has no word for a forced push, so files are only a hint; system hooks list no commits at all
    return replace(
        _event(payload, hook, delivery, EventKind.PUSH),
        ref=moved,
        before=before,
        after=after,
        action=action,
        # GitLab's own word for who pushed; a push payload has no user object
        sender=fields.text_or_empty(payload, "user_username"),
        files=fields.changed_files(payload, _MOST_COMMITS + 1, "total_commits_count") if before and after else None,
    )


def _merge_request(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """A merge request changed.

    With squash and fast-forward no field has the merged commit, and ``after`` is ``""``: Git knows.
    """
    word = fields.text(payload, "object_attributes", "action", limit=100)
    action = pulls.gitlab_action(payload, word)
    before = fields.revision_or_empty(payload, "object_attributes", "oldrev")
    if not action:
        return Ignored(delivery, f"merge request action {word!a} is not one Hookline acts on")
    after = fields.revision_or_empty(payload, "object_attributes", "merge_commit_sha") or fields.revision_or_empty(
        payload, "object_attributes", "squash_commit_sha"
    )
    if action != "closed":
        after = fields.revision_or_empty(payload, "object_attributes", "last_commit", "id")
    theirs = fields.dig(payload, "object_attributes", "source_project_id")
    found = replace(
        _event(payload, hook, delivery, EventKind.PULL_REQUEST),
        ref=fields.ref(payload, "object_attributes", "target_branch", prefix="refs/heads/"),
        before=before,
        after=after,
        action=action,
        merged=word == "merge",
        fork=theirs is None or theirs != fields.dig(payload, "object_attributes", "target_project_id"),
        number=fields.number(payload, "object_attributes", "iid"),
        sender=fields.text_or_empty(payload, "user", "username"),
    )
    return pulls.gitlab(payload, found)


def _renamed(payload: Payload, hook: str, delivery: str) -> Event:
    """A system hook tells that a project has another path; its id stays."""
    return Event(
        FORGE,
        hook,
        delivery,
        EventKind.REPOSITORY,
        repository=fields.text(payload, "path_with_namespace"),
        repository_id=_project_id(payload),
        action=fields.text(payload, "event_name", limit=100).removeprefix("project_"),
        formerly=fields.text_or_empty(payload, "old_path_with_namespace"),
    )


def _event(payload: Payload, hook: str, delivery: str, kind: EventKind) -> Event:
    """Return what every event about a project has in common."""
    return Event(
        FORGE,
        hook,
        delivery,
        kind,
        repository=fields.text(payload, "project", "path_with_namespace"),
        repository_id=_project_id(payload),
        urls=(
            fields.text(payload, "project", "git_http_url"),
            *fields.urls(payload, ("project", "git_ssh_url")),
        ),
    )


def _project_id(payload: Payload) -> str:
    """Some push payloads carry the id beside the project instead of in it."""
    path = ("project_id",) if fields.dig(payload, "project", "id") is None else ("project", "id")
    return str(fields.number(payload, *path))


_READERS = {
    "push": _push,
    "tag_push": _push,
    "merge_request": _merge_request,
    "project_rename": _renamed,
    "project_transfer": _renamed,
}
