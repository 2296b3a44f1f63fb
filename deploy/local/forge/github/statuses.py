"""GitHub's calls about commit statuses, as far as the stand-in answers them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from deploy.local.forge.github import entrance, objects, rules
from deploy.local.forge.github.answers import error
from deploy.local.forge.ledger import Written
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

_REVISION: Final = re.compile(r"[0-9a-f]{40}")


def write(state: State, repository: Repository, request: Request, sha: str) -> Response:
    """Write one status, unless the script has a fault for it."""
    if not _REVISION.fullmatch(sha) or repository.commit(sha) != sha:
        return error(422, f"No commit found for SHA: {sha}")
    body = request.json()
    mine = {"repository": repository.full_name, "sha": sha, "context": body.get("context") or "default"}
    broken = rules.refusals(body, len(state.ledger.all(**mine)))
    if broken:
        errors = [
            {"resource": "Status", "code": "custom", "field": name, "message": message} for name, message in broken
        ]
        return error(422, "Validation Failed", errors)
    who = entrance.caller(state, request, repository.full_name, ("statuses", "write"))
    creator = who if isinstance(who, str) else f"{who.slug}[bot]"

    def keep() -> Response:
        written = state.ledger.add(
            **mine,
            state=body["state"],
            description=body.get("description") or "",
            target_url=body.get("target_url") or "",
            creator=creator,
        )
        return json(201, _status(state, written))

    return state.perform(keep)


def listed(state: State, repository: Repository, request: Request, ref: str) -> Response:
    """List the statuses of a commit, newest first."""
    sha = repository.commit(ref)
    if not sha:
        return error(404, "Not Found")
    written = state.ledger.all(repository=repository.full_name, sha=sha)[::-1]
    size = min(int(request.query.get("per_page", "30")), 100)
    start = size * (int(request.query.get("page", "1")) - 1)
    return json(200, [_status(state, one) for one in written[start : start + size]])


def combined(state: State, repository: Repository, request: Request, ref: str) -> Response:
    """Return the newest status of each context, and the one state they come to."""
    del request
    sha = repository.commit(ref)
    if not sha:
        return error(404, "Not Found")
    newest = {one.context.casefold(): one for one in state.ledger.all(repository=repository.full_name, sha=sha)}
    place = state.place(repository)
    url = f"{state.url}/repos/{repository.full_name}/commits/{sha}"
    return json(
        200,
        {
            "state": overall([one.state for one in newest.values()]),
            "statuses": [_status(state, one) for one in newest.values()],
            "sha": sha,
            "total_count": len(newest),
            "repository": objects.repository(place),
            "commit_url": url,
            "url": f"{url}/status",
        },
    )


def overall(states: Sequence[str]) -> str:
    """Return GitHub's one state for the newest states of all contexts. Pure."""
    if any(one in ("error", "failure") for one in states):
        return "failure"
    return "success" if states and all(one == "success" for one in states) else "pending"


def _status(state: State, written: Written) -> dict[str, Any]:
    """One status in GitHub's shape."""
    at = objects.time(written.at)
    return {
        "url": f"{state.url}/repos/{written.repository}/statuses/{written.sha}",
        "avatar_url": None,
        "id": written.number,
        "node_id": f"SC_{written.number}",
        "state": written.state,
        "description": written.description or None,
        "target_url": written.target_url or None,
        "context": written.context,
        "created_at": at,
        "updated_at": at,
        "creator": objects.user(written.creator),
    }
