"""Comments of every forge: a person's new comment that is exactly a command, below a pull request or a commit. Pure.

Source: GitHub docs, "Webhook events and payloads" (``issue_comment``, ``commit_comment``); Gitea's are alike; GitLab
docs, "Webhook events" (comment events). Bots approve nothing, and neither does what somebody edited later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from receiver.forges import payload as fields
from workers.comment import COMMAND
from workers.model import Event, EventKind, Ignored

if TYPE_CHECKING:
    from receiver.forges.bodies import Payload

_APPROVE = re.compile(r"/hookline +approve(?: +([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?))?")
_BOT = re.compile(r"(project|group)_\d+_bot(_.*)?|.*\[bot\]")
"""GitLab names the users of its access tokens so, GitHub those of Apps."""


def approves(said: object) -> str | None:
    """Return the app that a comment's text approves, "" for every one that waits, ``None`` for no such command."""
    found = _APPROVE.fullmatch(said.strip()) if isinstance(said, str) and len(said) <= fields.LONGEST else None
    return (found[1] or "") if found else None


def github(payload: Payload, hook: str, delivery: str, forge: str = "github") -> Event | Ignored:
    """Return what a comment at GitHub or Gitea asks for."""
    app, action = approves(fields.dig(payload, "comment", "body")), fields.text(payload, "action", limit=100)
    if app is None:
        return Ignored(delivery, f"the comment is no command: expected `{COMMAND}`")
    if action != "created":
        return Ignored(delivery, "a comment that was edited or deleted approves nothing: write a new one")
    author = fields.number(payload, "comment", "user", "id")
    kinds = {fields.dig(payload, "sender", "type"), fields.dig(payload, "comment", "user", "type")}
    who = fields.text(payload, "comment", "user", "login")
    by_app = fields.dig(payload, "comment", "performed_via_github_app") is not None
    if kinds - {"User", None} or by_app or _BOT.fullmatch(who) or author != fields.dig(payload, "sender", "id"):
        return Ignored(delivery, "the comment is not a person's own: bots approve nothing")
    number = 0
    if fields.dig(payload, "comment", "commit_id") is None:
        if fields.dig(payload, "issue", "pull_request") is None:
            return Ignored(delivery, "the comment is below an issue: write it below the pull request")
        number = fields.number(payload, "issue", "number")
    return Event(
        forge,
        hook,
        delivery,
        EventKind.COMMENT,
        repository=fields.text(payload, "repository", "full_name"),
        repository_id=str(fields.number(payload, "repository", "id")),
        urls=(fields.text(payload, "repository", "clone_url"), *fields.urls(payload, ("repository", "ssh_url"))),
        after="" if number else fields.revision(payload, "comment", "commit_id"),
        action="approve",
        number=number,
        sender=who,
        sender_id=str(author),
        app=app,
    )


def gitea(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """Return what a comment at Gitea or Forgejo asks for."""
    return github(payload, hook, delivery, "gitea")


def gitlab(payload: Payload, hook: str, delivery: str) -> Event | Ignored:
    """Return what a note at GitLab asks for."""
    app = approves(fields.dig(payload, "object_attributes", "note"))
    if app is None:
        return Ignored(delivery, f"the comment is no command: expected `{COMMAND}`")
    # before GitLab 16.11 there was no action, and none for edits
    if fields.text_or_empty(payload, "object_attributes", "action", limit=100) not in ("create", ""):
        return Ignored(delivery, "a comment that was edited approves nothing: write a new one")
    author, who = fields.number(payload, "user", "id"), fields.text(payload, "user", "username")
    own = author == fields.dig(payload, "object_attributes", "author_id")
    if not own or _BOT.fullmatch(who) or fields.flag(payload, "object_attributes", "system"):
        return Ignored(delivery, "the comment is not a person's own: bots approve nothing")
    below = fields.text(payload, "object_attributes", "noteable_type", limit=100)
    if below not in ("MergeRequest", "Commit"):
        return Ignored(delivery, "the comment is below neither a merge request nor a commit")
    is_commit = below == "Commit"
    return Event(
        "gitlab",
        hook,
        delivery,
        EventKind.COMMENT,
        repository=fields.text(payload, "project", "path_with_namespace"),
        repository_id=str(fields.number(payload, "project", "id")),
        urls=(fields.text(payload, "project", "git_http_url"), *fields.urls(payload, ("project", "git_ssh_url"))),
        after=fields.revision(payload, "object_attributes", "commit_id") if is_commit else "",
        action="approve",
        number=0 if is_commit else fields.number(payload, "merge_request", "iid"),
        sender=who,
        sender_id=str(author),
        app=app,
    )


GITHUB = {"issue_comment": github, "commit_comment": github}
GITEA = {"issue_comment": gitea}
GITLAB = {"note": gitlab}
"""The readers, by the name of the event."""
