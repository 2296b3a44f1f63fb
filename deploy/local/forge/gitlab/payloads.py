"""What GitLab tells webhooks: pushes of branches and tags, and merged merge requests. Pure.

Field facts: GitLab docs, "Webhook events".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from deploy.local.forge.changes import Moved, Place, fork
from deploy.local.forge.pulls import Pull
from deploy.local.forge.repository import ZERO, Commit
from deploy.local.forge.state import Told

PUSHES_LIMIT: Final = 3
"""``push_event_hooks_limit``: a push that moves more branches (or tags) than this sends nothing for them."""
COMMITS_LIMIT: Final = 20


def number(name: str) -> int:
    """Return an id for a name: stable, positive and small."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])


def user(name: str) -> dict[str, Any]:
    """Return a user as GitLab describes one in a payload."""
    return {"id": number(name), "name": name, "username": name, "avatar_url": None, "email": "[REDACTED]"}


def project(place: Place) -> dict[str, Any]:
    """Return a project as GitLab describes one in a payload."""
    namespace, _, name = place.full_name.rpartition("/")
    ssh = f"git@gitlab.com:{place.full_name}.git"
    return {
        "id": place.number,
        "name": name,
        "description": None,
        "web_url": place.web,
        "avatar_url": None,
        "git_ssh_url": ssh,
        "git_http_url": place.url,
        "namespace": namespace,
        "visibility_level": 20,
        "path_with_namespace": place.full_name,
        "default_branch": place.default_branch,
        "ci_config_path": None,
        "homepage": place.web,
        "url": ssh,
        "ssh_url": ssh,
        "http_url": place.url,
    }


def deliverable(moves: Sequence[Moved]) -> list[Moved]:
    """Return the refs of one push that GitLab sends events for: all of a kind, or none when there are too many."""
    tags = [move for move in moves if move.is_tag]
    branches = [move for move in moves if not move.is_tag]
    return [move for kind in (branches, tags) if len(kind) <= PUSHES_LIMIT for move in kind]


def push(place: Place, moved: Moved, sender: str) -> dict[str, Any]:
    """Return the payload of ``push`` or ``tag_push`` for one ref; no field says that it was forced."""
    kind = "tag_push" if moved.is_tag else "push"
    return {
        "object_kind": kind,
        "event_name": kind,
        "before": moved.before,
        "after": moved.after,
        "ref": moved.ref,
        "ref_protected": False,
        "checkout_sha": None if moved.after == ZERO or moved.head is None else moved.head.id,
        "message": None,
        "user_id": number(sender),
        "user_name": sender,
        "user_username": sender,
        "user_email": "",
        "user_avatar": None,
        "project_id": place.number,
        "project": project(place),
        "commits": [_commit(place, commit) for commit in moved.commits],
        "total_commits_count": len(moved.commits),
        "push_options": {},
        "repository": _repository(place),
    }


def merged(place: Place, pull: Pull, sender: str) -> dict[str, Any]:
    """Return the payload of ``merge_request`` for one that was merged."""
    return {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": user(sender),
        "project": project(place),
        "object_attributes": attributes(place, pull),
        "labels": labels(pull.labels),
        "changes": {},
        "repository": _repository(place),
    }


def told(place: Place, pull: Pull, what: Told) -> dict[str, Any]:
    """Return the payload of ``merge_request`` for what else happened to one, in GitLab's words.

    New commits and labels are an ``update``; ``oldrev`` is there only for the former.
    """
    payload = merged(place, pull, what.who)
    attributes = payload["object_attributes"]
    words = {"opened": "open", "closed": "close", "reopened": "reopen", "review": "approved"}
    attributes["action"] = words.get(what.action, "update")
    if what.before:
        attributes["oldrev"] = what.before
    if what.label:
        others = [name for name in pull.labels if name != what.label]
        was = others if what.action == "labeled" else [*others, what.label]
        payload["changes"] = {"labels": {"previous": labels(was), "current": labels(pull.labels)}}
    return payload


def labels(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return labels as GitLab describes them in a payload."""
    return [{"id": number(name), "title": name, "color": "#ededed", "type": "ProjectLabel"} for name in names]


def attributes(place: Place, pull: Pull) -> dict[str, Any]:
    """Return a merge request as GitLab describes one."""
    source = fork(place, pull.fork)
    return {
        "id": number(f"{pull.repository}!{pull.number}"),
        "iid": pull.number,
        "title": pull.title,
        "description": pull.body,
        "state": "merged" if pull.is_merged else "opened" if pull.is_open else "closed",
        "action": "merge" if pull.is_merged else "open",
        "source_branch": pull.head,
        "target_branch": pull.base,
        "source_project_id": source.number,
        "target_project_id": place.number,
        "author_id": number(pull.author),
        "draft": False,
        "sha": pull.head_sha,
        "merge_status": "can_be_merged",
        "merge_commit_sha": pull.merge_sha or None,
        "source": project(source),
        "target": project(place),
        "last_commit": {"id": pull.head_sha, "message": pull.title},
        "labels": labels(pull.labels),
        "url": f"{place.web}/-/merge_requests/{pull.number}",
    }


def _repository(place: Place) -> dict[str, Any]:
    whole = project(place)
    kept = ("name", "url", "description", "homepage", "git_http_url", "git_ssh_url", "visibility_level")
    return {key: whole[key] for key in kept}


def _commit(place: Place, commit: Commit) -> dict[str, Any]:
    return {
        "id": commit.id,
        "message": commit.message,
        "title": commit.message.partition("\n")[0],
        "timestamp": commit.timestamp,
        "url": f"{place.web}/-/commit/{commit.id}",
        "author": {"name": commit.author[0], "email": "[REDACTED]"},
        "added": list(commit.added),
        "modified": list(commit.modified),
        "removed": list(commit.removed),
    }
