"""GitLab's calls about merge requests: opened, shown, changed and merged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from deploy.local.forge.gitlab import payloads
from deploy.local.forge.pulls import Conflict, Pull
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json


def open_one(state: State, repository: Repository, request: Request, user: str) -> Response:
    """Open one."""
    body = request.json()
    needed = ("source_branch", "target_branch", "title")
    if not isinstance(body, dict) or not all(isinstance(body.get(key), str) for key in needed):
        return json(400, {"error": f"{', '.join(needed)} are missing"})
    source, target, title = (body[key] for key in needed)
    try:
        pull = state.open(repository, source, target, title, body.get("description") or "", user)
    except Conflict as conflict:
        return json(409, {"message": [str(conflict)]})
    return json(201, _merge_request(state, repository, pull))


def merge(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Merge one."""
    del user
    body = request.json() or {}
    pull = state.pulls.get(repository, int(number))
    if pull is None:
        return json(404, {"message": "404 Merge Request Not Found"})
    if body.get("sha") not in (None, pull.head_sha):
        return json(409, {"message": "SHA does not match HEAD of source branch"})
    message = body.get("merge_commit_message") or f"Merge branch '{pull.head}' into '{pull.base}'\n\n{pull.title}"
    try:
        merged = state.merge(repository, pull, message, squash=bool(body.get("squash")))
    except Conflict as conflict:
        return json(422, {"message": f"Branch cannot be merged: {conflict}"})
    return json(200, _merge_request(state, repository, merged))


def change(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Close or reopen, and set or take off labels, as the fields of one update."""
    body = request.json() or {}
    pull = state.pulls.get(repository, int(number))
    if pull is None:
        return json(404, {"message": "404 Not found"})
    if event := body.get("state_event"):
        state.close(repository, pull.number, user, again=event == "reopen")
    for field, on in (("add_labels", True), ("remove_labels", False)):
        for label in filter(None, (body.get(field) or "").split(",")):
            state.label(repository, pull, label, user, on=on)
    return read(state, repository, request, user, number)


def read(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Show one."""
    del request, user
    pull = state.pulls.get(repository, int(number))
    return json(200, _merge_request(state, repository, pull)) if pull else json(404, {"message": "404 Not found"})


def _merge_request(state: State, repository: Repository, pull: Pull) -> dict[str, Any]:
    attributes = payloads.attributes(state.place(repository), pull)
    kept = {key: value for key, value in attributes.items() if key not in ("source", "target", "action")}
    return {**kept, "labels": list(pull.labels), "author": payloads.user(pull.author)}


CALLS: Final[tuple[tuple[str, str, Callable[..., Response]], ...]] = (
    ("POST", r"/merge_requests", open_one),
    ("PUT", r"/merge_requests/(\d+)/merge", merge),
    ("GET", r"/merge_requests/(\d+)", read),
    ("PUT", r"/merge_requests/(\d+)", change),
)
