"""Users, repositories and pull requests as GitHub describes them, every required field included. Pure.

Source: the schemas GitHub publishes for its webhooks and API. The API links follow GitHub's patterns and lead
nowhere; everything else is true of the repository.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from deploy.local.forge.changes import Place, fork
from deploy.local.forge.pulls import Pull

_API = "https://api.github.com"
_USER_LINKS = "followers following gists starred subscriptions organizations repos events received_events"
_REPOSITORY_LINKS = (
    "archive assignees blobs branches collaborators comments commits compare contents contributors deployments"
    " downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels"
    " languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags"
    " teams trees"
)
_COUNTS = "forks forks_count open_issues open_issues_count size stargazers_count watchers watchers_count"
_SWITCHES = "has_discussions has_downloads has_issues has_pages has_projects has_wiki"
_PULL_LINKS = "comments commits diff issue patch review_comment review_comments statuses"
_PULL_COUNTS = "additions changed_files comments commits deletions review_comments"
_EPOCH = "2026-01-01T00:00:00Z"


def number(name: str) -> int:
    """Return an id for a name: stable, positive and within 53 bits, as JSON numbers must be."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")


def user(name: str) -> dict[str, Any]:
    """Return a user."""
    api = f"{_API}/users/{name}"
    return {
        "login": name,
        "id": number(name),
        "node_id": f"U_{number(name)}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number(name)}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"https://github.com/{name}",
        **{f"{link}_url": f"{api}/{link}" for link in _USER_LINKS.split()},
        "type": "User",
        "site_admin": False,
    }


def app(number: int, slug: str, client_id: str) -> dict[str, Any]:
    """Return a GitHub App."""
    return {
        "id": number,
        "slug": slug,
        "client_id": client_id,
        "node_id": f"A_{number}",
        "owner": user("your-org"),
        "name": slug,
        "description": None,
        "external_url": "https://hookline.example",
        "html_url": f"https://github.com/apps/{slug}",
        "created_at": _EPOCH,
        "updated_at": _EPOCH,
        "permissions": {},
        "events": [],
    }


def repository(place: Place) -> dict[str, Any]:
    """Return a repository."""
    owner, _, name = place.full_name.partition("/")
    api = f"{_API}/repos/{place.full_name}"
    return {
        "id": place.number,
        "node_id": f"R_{place.number}",
        "name": name,
        "full_name": place.full_name,
        "private": False,
        "owner": user(owner),
        "html_url": place.web,
        "description": None,
        "fork": False,
        "url": api,
        **{f"{link}_url": f"{api}/{link}" for link in _REPOSITORY_LINKS.split()},
        **dict.fromkeys(_COUNTS.split(), 0),
        **dict.fromkeys(_SWITCHES.split(), False),
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), _EPOCH),
        "git_url": place.url,
        "ssh_url": f"git@github.com:{place.full_name}.git",
        "clone_url": place.url,
        "svn_url": place.web,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "topics": [],
        "default_branch": place.default_branch,
        "archived": False,
        "disabled": False,
        "visibility": "public",
    }


def pull_request(place: Place, pull: Pull, merger: str) -> dict[str, Any]:
    """Return a pull request; ``merger`` merged it, if it is merged."""
    merged_at = time(pull.merged_at) if pull.is_merged else None
    api, page = f"{_API}/repos/{place.full_name}/pulls/{pull.number}", f"{place.web}/pull/{pull.number}"
    links = {f"{link}_url": f"{api}/{link}" for link in _PULL_LINKS.split()}
    names = ("self", "html", "issue", "comments", "review_comments", "review_comment", "commits", "statuses")
    return {
        "id": number(page),
        "node_id": f"PR_{number(page)}",
        "number": pull.number,
        "url": api,
        "html_url": page,
        **links,
        **dict.fromkeys(_PULL_COUNTS.split(), 0),
        "_links": {name: {"href": {"self": api, "html": page}.get(name, f"{api}/{name}")} for name in names},
        "state": "open" if pull.is_open else "closed",
        "locked": False,
        "title": pull.title,
        "body": pull.body or None,
        "user": user(pull.author),
        "author_association": "OWNER",
        "draft": False,
        "labels": [label(name) for name in pull.labels],
        "milestone": None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "auto_merge": None,
        "active_lock_reason": None,
        "maintainer_can_modify": False,
        "head": _side(fork(place, pull.fork), pull.head, pull.head_sha),
        "base": _side(place, pull.base, pull.base_sha),
        "created_at": _EPOCH,
        "updated_at": merged_at or _EPOCH,
        "merged": pull.is_merged,
        "mergeable": None if pull.is_merged else True,
        "mergeable_state": "unknown" if pull.is_merged else "clean",
        "rebaseable": None,
        "merge_commit_sha": pull.merge_sha or None,
        "merged_at": merged_at,
        "closed_at": time(pull.closed_at) if pull.closed_at else merged_at,
        "merged_by": user(merger) if pull.is_merged else None,
    }


def label(name: str) -> dict[str, Any]:
    """Return a label."""
    url = f"{_API}/labels/{quote(name, safe='')}"
    fields = {"id": number(name), "node_id": f"LA_{number(name)}", "url": url, "name": name}
    return {**fields, "description": None, "color": "ededed", "default": False}


def _side(place: Place, branch: str, sha: str) -> Mapping[str, Any]:
    owner = place.full_name.partition("/")[0]
    return {
        "label": f"{owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user(owner),
        "repo": repository(place),
    }


def time(at: float) -> str:
    """Return seconds since the epoch as GitHub writes a time."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
