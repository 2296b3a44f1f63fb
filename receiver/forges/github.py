"""GitHub: HMAC-SHA256 over raw bytes; repository, organization and App hooks, as JSON or as a form.

Field facts: GitHub docs, "Webhook events and payloads".
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

FORGE = "github"

_MOST_COMMITS = 2048
"""GitHub lists no more commits of a push than that."""
_OUR_CHECKS = "hookline"


def verify(headers: Mapping[str, str], body: bytes, secrets: Secrets, now: float) -> bool:
    """Whether ``X-Hub-Signature-256`` is right for ``body``; ``now`` is unused, the signature has no time."""
    del now
    return signatures.github(fields.header(headers, "x-hub-signature-256"), body, secrets.secrets)


def key(headers: Mapping[str, str], body: bytes) -> str:
    """Return what identifies the delivery: GitHub keeps its GUID on redelivery."""
    return fields.key((fields.header(headers, "x-github-delivery"),), body)


def read(headers: Mapping[str, str], body: bytes, hook: str) -> tuple[Event, ...] | Ignored:
    """Return what a verified delivery tells, or why there is nothing to do.

    Takes JSON and GitHub's form (``payload=<json>``); raises ``BadPayload`` when it is neither.
    """
    form = fields.media_type(headers) == bodies.FORM
    payload = bodies.form_object(body) if form else bodies.json_object(body)
    delivery = key(headers, body)
    name = fields.header(headers, "x-github-event") or ""
    reader = _READERS.get(name) or comments.GITHUB.get(name)
    if reader is None:
        return Ignored(delivery, f"event {name[:100]!a} is not one Hookline acts on")
    try:
        found = reader(payload, hook, delivery)
    except fields.FieldProblem as problem:
        return Ignored(delivery, f"warning: {name}: {problem}")
    return found if isinstance(found, Ignored) else (found,)


def _push(payload: Payload, hook: str, delivery: str) -> Event:
    """A branch or tag moved. For an annotated tag ``after`` is the commit, not the tag object."""
    moved = fields.ref(payload, "ref")
    after = fields.revision(payload, "after")
    gone = fields.flag(payload, "deleted") is True or not after.strip("0")
    before = fields.revision_or_empty(payload, "before")
    forced = fields.flag(payload, "forced") is True
    action = fields.moved(before, "" if gone else after, forced=forced)
    if moved.startswith("refs/tags/"):
        # without a head commit only Git knows what the tag object leads to
        after = fields.revision_or_empty(payload, "head_commit", "id")
    return replace(
        _event(payload, hook, delivery, EventKind.PUSH),
        ref=moved,
        before=before,
        after="" if gone else after,
        action=action,
        files=fields.changed_files(payload, _MOST_COMMITS) if action == "updated" else None,
    )


def _pull_request(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """A pull request changed. ``merged`` is left open where the fields contradict each other."""
    word = fields.text(payload, "action", limit=100)
    action = pulls.github_action(payload, word)
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
        before="" if closed else fields.revision_or_empty(payload, "before"),
        after=fields.revision_or_empty(payload, "pull_request", *where) if merged is not None else "",
        action=action,
        merged=merged,
        fork=theirs is None or theirs != fields.dig(payload, "repository", "id"),
        number=fields.number(payload, "pull_request", "number"),
    )
    return pulls.github(payload, found)


def _review(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """Somebody approved a pull request, or an approval was dismissed."""
    return pulls.github_review(payload, _event(payload, hook, delivery, EventKind.PULL_REQUEST))


def _merge_group(payload: Payload, hook: str, delivery: str) -> Event:
    """A merge queue wants checks for a group, or gave it up. ``after`` is the group's head."""
    return replace(
        _event(payload, hook, delivery, EventKind.MERGE_GROUP),
        ref=fields.ref(payload, "merge_group", "base_ref"),
        before=fields.revision_or_empty(payload, "merge_group", "base_sha"),
        after=fields.revision(payload, "merge_group", "head_sha"),
        action=fields.text(payload, "action", limit=100),
    )


def _check(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """Somebody pressed "Re-run" on one of our checks; only Apps are told."""
    what = "check_run" if fields.dig(payload, "check_run") is not None else "check_suite"
    action = fields.text(payload, "action", limit=100)
    if action not in ("rerequested", "requested_action"):
        return Ignored(delivery, f"{what} action {action!a} is not one Hookline acts on")
    if what == "check_run" and not fields.text(payload, what, "name").startswith(_OUR_CHECKS):
        return Ignored(delivery, "the check is not one of Hookline's")
    suite = (what, "check_suite") if what == "check_run" else (what,)
    return replace(
        _event(payload, hook, delivery, EventKind.RERUN),
        ref=fields.ref(payload, *suite, "head_branch", prefix="refs/heads/"),
        after=fields.revision(payload, what, "head_sha"),
        action=action,
    )


def _repository(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """A repository got another name or owner; its id stays."""
    action = fields.text(payload, "action", limit=100)
    if action not in ("renamed", "transferred"):
        return Ignored(delivery, f"repository action {action!a} is not one Hookline acts on")
    owner, _, name = fields.text(payload, "repository", "full_name").partition("/")
    name = fields.text_or_empty(payload, "changes", "repository", "name", "from") or name
    owner = (
        fields.text_or_empty(payload, "changes", "owner", "from", "user", "login")
        or fields.text_or_empty(payload, "changes", "owner", "from", "organization", "login")
        or owner
    )
    return replace(_event(payload, hook, delivery, EventKind.REPOSITORY), action=action, formerly=f"{owner}/{name}")


def _installation(payload: Payload, hook: str, delivery: str) -> Event:
    """Our App was installed, removed, or given other repositories."""
    event = Event(FORGE, hook, delivery, EventKind.INSTALLATION)
    sender = fields.text_or_empty(payload, "sender", "login")
    return replace(event, action=fields.text(payload, "action", limit=100), sender=sender)


def _ping(payload: Payload, hook: str, delivery: str) -> Event:
    """A hook was made or tested; an organization's or an App's ping names no repository."""
    number = fields.dig(payload, "repository", "id")
    insecure = fields.text_or_empty(payload, "hook", "config", "insecure_ssl") == "1"
    return replace(
        Event(FORGE, hook, delivery, EventKind.PING),
        repository=fields.text_or_empty(payload, "repository", "full_name"),
        repository_id=str(number) if type(number) is int else "",
        urls=fields.urls(payload, ("repository", "clone_url"), ("repository", "ssh_url")),
        action="insecure" if insecure else "",
        sender=fields.text_or_empty(payload, "sender", "login"),
    )


def _event(payload: Payload, hook: str, delivery: str, kind: EventKind) -> Event:
    """Return what every event about a repository has in common."""
    return replace(
        Event(FORGE, hook, delivery, kind),
        repository=fields.text(payload, "repository", "full_name"),
        repository_id=str(fields.number(payload, "repository", "id")),
        urls=(fields.text(payload, "repository", "clone_url"), *fields.urls(payload, ("repository", "ssh_url"))),
        sender=fields.text_or_empty(payload, "sender", "login"),
    )


_READERS = {
    "push": _push,
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "merge_group": _merge_group,
    "check_run": _check,
    "check_suite": _check,
    "repository": _repository,
    "installation": _installation,
    "installation_repositories": _installation,
    "ping": _ping,
}
