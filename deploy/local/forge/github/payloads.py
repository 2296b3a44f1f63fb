"""What GitHub tells webhooks: ``push`` and ``pull_request``. Pure.

Field facts: GitHub docs, "Webhook events and payloads". The payloads satisfy the schemas GitHub publishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from deploy.local.forge.changes import Moved, Place
from deploy.local.forge.github import objects, reviews
from deploy.local.forge.pulls import Pull
from deploy.local.forge.repository import ZERO, Commit
from deploy.local.forge.state import Told
from deploy.local.forge.talk import Review

TAGS_LIMIT: Final = 3
"""GitHub sends nothing for a push of more tags than this …"""
BRANCHES_LIMIT: Final = 5000
"""… or of more branches than this."""
_WHOLE = (
    *("additions", "changed_files", "comments", "commits", "deletions", "maintainer_can_modify", "mergeable"),
    *("mergeable_state", "merged", "merged_by", "rebaseable", "review_comments"),
)
"""Fields of a pull request that the event of a review leaves out."""


def deliverable(moves: Sequence[Moved]) -> list[Moved]:
    """Return the refs of one push that GitHub sends events for: all of a kind, or none when there are too many."""
    tags = [move for move in moves if move.is_tag]
    branches = [move for move in moves if not move.is_tag]
    return [*(branches if len(branches) <= BRANCHES_LIMIT else []), *(tags if len(tags) <= TAGS_LIMIT else [])]


def push(place: Place, moved: Moved, sender: str) -> dict[str, Any]:
    """Return the payload of ``push`` for one ref."""
    repository = objects.repository(place)
    owner = repository["owner"]
    return {
        "ref": moved.ref,
        "before": moved.before,
        "after": moved.after,
        "created": moved.before == ZERO,
        "deleted": moved.after == ZERO,
        "forced": moved.forced,
        "base_ref": None,
        "compare": f"{place.web}/compare/{moved.before[:12]}...{moved.after[:12]}",
        "commits": [_commit(place, commit) for commit in moved.commits],
        "head_commit": _commit(place, moved.head) if moved.head else None,
        "repository": {
            **repository,
            "owner": {**owner, "name": owner["login"]},
            "master_branch": place.default_branch,
        },
        "pusher": {"name": sender, "email": f"{sender}@localhost"},
        "sender": objects.user(sender),
    }


def pull_request(place: Place, pull: Pull, action: str, sender: str, **more: Any) -> dict[str, Any]:
    """Return the payload of ``pull_request``."""
    return {
        "action": action,
        "number": pull.number,
        "pull_request": objects.pull_request(place, pull, sender),
        "repository": objects.repository(place),
        "sender": objects.user(sender),
        **more,
    }


def told(place: Place, pull: Pull, what: Told) -> tuple[str, dict[str, Any]]:
    """Return the name and the payload of the event of what happened to a pull request."""
    if what.review is not None:
        payload = pull_request(place, pull, "submitted", what.who, review=_review(place, pull, what.review))
        del payload["number"]
        payload["pull_request"] = {key: value for key, value in payload["pull_request"].items() if key not in _WHOLE}
        return "pull_request_review", payload
    more: dict[str, Any] = {"label": objects.label(what.label)} if what.label else {}
    if what.before:
        more = {"before": what.before, "after": pull.head_sha}
    return "pull_request", pull_request(place, pull, what.action, what.who, **more)


def _review(place: Place, pull: Pull, one: Review) -> dict[str, Any]:
    """A review as an event tells it: its state in small letters."""
    return {**reviews.review(place, pull, one), "state": one.state.lower(), "updated_at": objects.time(one.at)}


def _commit(place: Place, commit: Commit) -> dict[str, Any]:
    return {
        "id": commit.id,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.timestamp,
        "url": f"{place.web}/commit/{commit.id}",
        "author": {"name": commit.author[0], "email": commit.author[1], "username": commit.author[0]},
        "committer": {"name": commit.committer[0], "email": commit.committer[1], "username": commit.committer[0]},
        "added": list(commit.added),
        "removed": list(commit.removed),
        "modified": list(commit.modified),
    }
