"""Pull requests of GitHub, Gitea and GitLab: what else happened to one than its opening, and who did it. Pure.

Source: GitHub docs, "Webhook events and payloads" (``pull_request``, ``pull_request_review``); Gitea's are alike, its
``label_updated`` does not say which label; GitLab docs, "Webhook events" (merge request events: ``changes``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from receiver.forges import payload as fields
from workers.model import Event, Ignored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from receiver.forges.bodies import Payload

MOST_LABELS = 100
_GITHUB = {
    "opened": "opened",
    "reopened": "reopened",
    "synchronize": "updated",
    "ready_for_review": "updated",
    "labeled": "labeled",
    "unlabeled": "unlabeled",
    "closed": "closed",
}
_GITEA = {
    "opened": "opened",
    "reopened": "reopened",
    "synchronized": "updated",
    "label_updated": "labeled",
    "label_cleared": "unlabeled",
    "closed": "closed",
}
_GITLAB = {
    "open": "opened",
    "reopen": "reopened",
    "close": "closed",
    "merge": "closed",
    "approved": "approved",
    "approval": "approved",
    "unapproved": "dismissed",
    "unapproval": "dismissed",
}


def github_action(payload: Payload, word: str) -> str:
    """Return our word for what happened to a pull request, "" for nothing of ours."""
    if word == "edited" and fields.dig(payload, "changes", "base") is not None:
        return "retargeted"
    return _GITHUB.get(word, "")


def gitea_action(payload: Payload, word: str) -> str:
    """Return our word for what happened to a pull request, "" for nothing of ours."""
    if word == "edited" and fields.dig(payload, "changes", "ref") is not None:
        return "retargeted"
    return _GITEA.get(word, "")


def gitlab_action(payload: Payload, word: str) -> str:
    """Return our word for what happened to a merge request, "" for nothing of ours.

    An update without ``oldrev`` brought no new commits: only another target, and labels, are of interest.
    """
    if word != "update":
        return _GITLAB.get(word, "")
    if fields.revision_or_empty(payload, "object_attributes", "oldrev"):
        return "updated"
    if fields.dig(payload, "changes", "target_branch") is not None:
        return "retargeted"
    changed = fields.dig(payload, "changes", "labels")
    if not isinstance(changed, dict):
        return ""
    return "labeled" if _added(payload) else "unlabeled"


def github(payload: Payload, event: Event) -> Event:
    """Return a pull request's event with who made it and, of labels, the one it is about."""
    about = event.action in ("labeled", "unlabeled")
    labels = filter(None, [fields.text_or_empty(payload, "label", "name")] if about else [])
    return replace(event, sender_id=_number(payload, "sender", "id"), labels=tuple(labels))


def gitea(payload: Payload, event: Event) -> Event:
    """Return a pull request's event with who made it and all labels it has, where one was set or taken off."""
    found = fields.dig(payload, "pull_request", "labels") if event.action == "labeled" else []
    return replace(event, sender_id=_number(payload, "sender", "id"), labels=tuple(_titles(found, "name")))


def gitlab(payload: Payload, event: Event) -> Event:
    """Return a merge request's event with who made it and the labels it got; one may be opened with labels on."""
    got: Iterable[str] = ()
    if event.action == "labeled":
        got = _added(payload)
    elif event.action == "opened":
        got = _titles(payload.get("labels"))
    return replace(event, sender_id=_number(payload, "user", "id"), labels=tuple(got))


def github_review(payload: Payload, event: Event) -> Event | Ignored:
    """Return the event of an approval, or of one that was taken back: ``after`` is the commit it is about."""
    action = fields.text(payload, "action", limit=100)
    state = fields.text_or_empty(payload, "review", "state", limit=100).lower()
    word = {"submitted": "approved" if state == "approved" else "", "dismissed": "dismissed"}.get(action, "")
    if not word or fields.dig(payload, "review", "user", "type") not in ("User", None):
        return Ignored(event.key, f"review {action!a} ({state!a}) is not one Hookline acts on")
    return replace(
        event,
        ref=fields.ref(payload, "pull_request", "base", "ref", prefix="refs/heads/"),
        after=fields.revision(payload, "review", "commit_id"),
        action=word,
        number=fields.number(payload, "pull_request", "number"),
        sender=fields.text(payload, "review", "user", "login"),
        sender_id=_number(payload, "review", "user", "id"),
    )


def gitea_review(payload: Payload, event: Event) -> Event:
    """Return the event of an approval at Gitea or Forgejo; it is about the head of that moment."""
    return replace(
        event,
        ref=fields.ref(payload, "pull_request", "base", "ref", prefix="refs/heads/"),
        after=fields.revision(payload, "pull_request", "head", "sha"),
        action="approved",
        number=fields.number(payload, "number"),
        sender_id=_number(payload, "sender", "id"),
    )


def _added(payload: Payload) -> list[str]:
    before = set(_titles(fields.dig(payload, "changes", "labels", "previous")))
    return [title for title in _titles(fields.dig(payload, "changes", "labels", "current")) if title not in before]


def _titles(labels: object, field: str = "title") -> list[str]:
    found = labels[:MOST_LABELS] if isinstance(labels, list) else []
    return [title for one in found if isinstance(one, dict) and (title := fields.text_or_empty(one, field))]


def _number(payload: Payload, *path: str) -> str:
    value = fields.dig(payload, *path)
    return str(value) if type(value) is int and 0 < value < 2**63 else ""
