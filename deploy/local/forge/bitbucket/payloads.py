"""What both Bitbuckets tell webhooks of pushes and merges, and how they sign it. Pure but for :func:`record`.

Field facts: Bitbucket Cloud docs, "Event payloads", and Bitbucket Data Center docs, "Event payload".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.local.forge import signing
from deploy.local.forge.bitbucket.builds import Build
from deploy.local.forge.changes import Moved, Place, fork, identity
from deploy.local.forge.hooks import Delivery
from deploy.local.forge.ledger import Ledger
from deploy.local.forge.pulls import Pull
from deploy.local.forge.repository import ZERO

_SHORT = 12


def cloud_headers(delivery: Delivery, secret: str) -> Mapping[str, str]:
    """Return the Cloud's headers of one attempt, signed."""
    return {
        "user-agent": "Bitbucket-Webhooks/2.0",
        "x-event-key": delivery.event,
        "x-hook-uuid": _uuid(delivery.url),
        "x-request-uuid": delivery.guid,
        "x-attempt-number": str(len(delivery.attempts) + 1),
        "x-hub-signature": signing.github(secret, delivery.body),
    }


def server_headers(delivery: Delivery, secret: str) -> Mapping[str, str]:
    """Return a Data Center's headers of one attempt, signed."""
    return {
        "user-agent": "Atlassian HttpClient/stand-in",
        "x-event-key": delivery.event,
        "x-request-id": delivery.guid,
        "x-hub-signature": signing.github(secret, delivery.body),
    }


def push(place: Place, moves: Sequence[Moved], sender: str) -> dict[str, Any]:
    """Return the Cloud's ``repo:push``."""
    return {
        "actor": person(sender),
        "repository": _repository(place),
        "push": {"changes": [_change(move) for move in moves]},
    }


def fulfilled(place: Place, pull: Pull, sender: str) -> dict[str, Any]:
    """Return what the Cloud tells of a pull request: ``pullrequest:fulfilled`` and its like."""
    return {"actor": person(sender), "repository": _repository(place), "pullrequest": pullrequest(place, pull)}


def pullrequest(place: Place, pull: Pull) -> dict[str, Any]:
    """Return a pull request as the Cloud describes one, with commit ids as short as it sends them."""
    source = _repository(fork(place, pull.fork))
    return {
        "type": "pullrequest",
        "id": pull.number,
        "title": pull.title,
        "state": "MERGED" if pull.is_merged else "OPEN" if pull.is_open else "DECLINED",
        "author": person(pull.author),
        "merge_commit": {"hash": pull.merge_sha[:_SHORT]} if pull.is_merged else None,
        "source": {"branch": {"name": pull.head}, "commit": {"hash": pull.head_sha[:_SHORT]}, "repository": source},
        "destination": {
            "branch": {"name": pull.base},
            "commit": {"hash": pull.base_sha[:_SHORT]},
            "repository": _repository(place),
        },
    }


def refs_changed(place: Place, moves: Sequence[Moved], sender: str) -> dict[str, Any]:
    """Return a Data Center's ``repo:refs_changed``."""
    return {
        "eventKey": "repo:refs_changed",
        "actor": {"name": sender, "id": 1},
        "repository": _server_repository(place),
        "changes": [_server_change(move) for move in moves],
    }


def pr_merged(place: Place, pull: Pull, sender: str) -> dict[str, Any]:
    """Return what a Data Center tells of a pull request: ``pr:merged`` and its like."""
    return {"eventKey": "pr:merged", "actor": {"name": sender, "id": 1}, "pullRequest": pull_request(place, pull)}


def pull_request(place: Place, pull: Pull) -> dict[str, Any]:
    """Return a pull request as a Data Center describes one."""
    author = {"name": pull.author, "id": identity(pull.author)}
    return {
        "id": pull.number,
        "title": pull.title,
        "state": "MERGED" if pull.is_merged else "OPEN" if pull.is_open else "DECLINED",
        "author": {"user": author, "role": "AUTHOR", "approved": False},
        "fromRef": _server_ref(fork(place, pull.fork), pull.head, pull.head_sha),
        "toRef": _server_ref(place, pull.base, pull.base_sha),
        "properties": {"mergeCommit": {"id": pull.merge_sha}} if pull.is_merged else {},
    }


def record(ledger: Ledger, build: Build) -> None:
    """Keep a write in the forge's ledger, its key as the context."""
    ledger.add(
        repository=build.repository,
        sha=build.sha,
        context=build.key,
        state=build.fields["state"],
        description=build.fields.get("description", ""),
        target_url=build.fields["url"],
        creator=build.creator,
    )


def _change(moved: Moved) -> dict[str, Any]:
    def side(revision: str, commit: str) -> dict[str, Any] | None:
        kind, name = ("tag" if moved.is_tag else "branch"), moved.ref.split("/", 2)[2]
        return None if revision == ZERO else {"type": kind, "name": name, "target": {"type": "commit", "hash": commit}}

    return {
        "created": moved.before == ZERO,
        "closed": moved.after == ZERO,
        "forced": moved.forced,
        "truncated": False,
        "old": side(moved.before, moved.before),
        "new": side(moved.after, moved.head.id if moved.head else ZERO),
        "commits": [{"type": "commit", "hash": one.id, "message": one.message} for one in reversed(moved.commits)],
    }


def _server_change(moved: Moved) -> dict[str, Any]:
    kind = "ADD" if moved.before == ZERO else "DELETE" if moved.after == ZERO else "UPDATE"
    ref = {"id": moved.ref, "displayId": moved.ref.split("/", 2)[2], "type": "TAG" if moved.is_tag else "BRANCH"}
    return {"ref": ref, "refId": moved.ref, "fromHash": moved.before, "toHash": moved.after, "type": kind}


def _server_ref(place: Place, branch: str, sha: str) -> dict[str, Any]:
    return {"id": f"refs/heads/{branch}", "latestCommit": sha, "repository": _server_repository(place)}


def _server_repository(place: Place) -> dict[str, Any]:
    project, _, slug = place.full_name.partition("/")
    return {
        "slug": slug,
        "id": place.number,
        "name": slug,
        "project": {"key": project, "id": 1, "name": project},
        "links": {"clone": [{"href": place.url, "name": "http"}]},
    }


def _repository(place: Place) -> dict[str, Any]:
    return {
        "type": "repository",
        "uuid": _uuid(place.full_name),
        "name": place.full_name.rpartition("/")[2],
        "full_name": place.full_name,
        "links": {"html": {"href": place.web}},
    }


def person(name: str) -> dict[str, Any]:
    """Return a user as the Cloud describes one."""
    return {"type": "user", "display_name": name, "nickname": name, "uuid": _uuid(name)}


def _uuid(name: str) -> str:
    return f"{{{uuid.uuid5(uuid.NAMESPACE_URL, name)}}}"
