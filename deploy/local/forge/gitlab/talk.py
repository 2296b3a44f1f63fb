"""GitLab's calls about notes, labels, approvals and versions of a merge request.

Field facts: GitLab docs, "Notes API", "Resource label events API", "Merge request approvals API" and "Merge requests
API".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from deploy.local.forge.gitlab import payloads
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.talk import Comment, Labelling
from deploy.local.forge.web import Request, Response, json

NOTE_LIMIT: Final = 1_000_000


def listed(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """List the notes, newest first unless asked for the other way round, GitLab's own among them."""
    del user
    name, pull = repository.full_name, int(number)
    own = [
        _note(Comment(one.number, name, pull, one.author, "approved this merge request", one.at, one.at), system=True)
        for one in state.talk.reviews(name, pull)
        if one.state == "APPROVED"
    ]
    found = sorted([*map(_note, state.talk.comments(name, pull)), *own], key=lambda note: int(note["id"]))
    return page(request, found if request.query.get("sort") == "asc" else found[::-1])


def write(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Write a note."""
    if state.pulls.get(repository, int(number)) is None:
        return json(404, {"message": "404 Not found"})
    body: Any = (request.json() or {}).get("body")
    return _refused(body) or state.perform(
        lambda: json(201, _note(state.talk.comment(repository.full_name, int(number), user, body))), state.talking
    )


def read(state: State, repository: Repository, request: Request, user: str, number: str, note: str) -> Response:
    """Show one note."""
    del request, user
    found = state.talk.one(int(note), repository.full_name)
    there = found is not None and found.pull == int(number)
    return json(200, _note(found)) if found and there else json(404, {"message": "404 Not found"})


def edit(state: State, repository: Repository, request: Request, user: str, number: str, note: str) -> Response:
    """Replace a note's text, of one's own notes only."""
    body: Any = (request.json() or {}).get("body")
    found = state.talk.one(int(note), repository.full_name)
    if found is None or found.pull != int(number):
        return json(404, {"message": "404 Not found"})
    if found.author != user:
        return json(403, {"message": "403 Forbidden"})
    return _refused(body) or state.perform(lambda: json(200, _note(state.talk.edit(int(note), body))), state.talking)


def delete(state: State, repository: Repository, request: Request, user: str, number: str, note: str) -> Response:
    """Take a note away, of one's own only."""
    del request
    found = state.talk.one(int(note), repository.full_name)
    if found is None or found.pull != int(number):
        return json(404, {"message": "404 Not found"})
    if found.author != user:
        return json(403, {"message": "403 Forbidden"})
    state.talk.delete(int(note))
    return Response(204)


def labelled(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """List what happened to the labels, oldest first."""
    del user
    return page(request, [_event(one) for one in state.talk.labelled(repository.full_name, int(number))])


def approvals(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Tell who approves, and when, as GitLab does since 18.8."""
    del request, user
    found = [one for one in state.talk.reviews(repository.full_name, int(number)) if one.state == "APPROVED"]
    given = {one.author: {"user": payloads.user(one.author), "approved_at": time(one.at)} for one in found}
    return json(200, {"iid": int(number), "approved": bool(given), "approved_by": list(given.values())})


def approve(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Approve."""
    pull = state.pulls.get(repository, int(number))
    if pull is None:
        return json(404, {"message": "404 Not found"})
    state.review(repository, pull, user, "APPROVED", pull.head_sha)
    return approvals(state, repository, request, user, number)


def versions(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """List what the heads of a merge request have been, newest first."""
    del user
    found = state.pulls.heads(repository, int(number))
    listed = [
        {"id": place, "head_commit_sha": head, "created_at": time(at), "state": "collected"}
        for place, (at, head) in enumerate(found, 1)
    ]
    return page(request, listed[::-1])


def page(request: Request, entries: list[Any]) -> Response:
    """Return one page of a list, and a link to the next."""
    size, number = min(int(request.query.get("per_page", "20")), 100), int(request.query.get("page", "1"))
    more = len(entries) > size * number
    headers = {"link": f'<http://localhost{request.path}?page={number + 1}>; rel="next"'} if more else {}
    return json(200, entries[size * (number - 1) : size * number], headers)


def time(at: float) -> str:
    """Return seconds since the epoch as GitLab writes a time."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _refused(body: object) -> Response | None:
    if not isinstance(body, str) or not body.strip():
        return json(400, {"error": "body is missing"})
    said = f"is too long (maximum is {NOTE_LIMIT} characters)"
    return json(400, {"message": {"note": [said]}}) if len(body) > NOTE_LIMIT else None


def _note(one: Comment, *, system: bool = False) -> dict[str, Any]:
    return {
        "id": one.number,
        "type": None,
        "body": one.body,
        "author": {**payloads.user(one.author), "state": "active"},
        "created_at": time(one.created),
        "updated_at": time(one.updated),
        "system": system,
        "noteable_type": "MergeRequest",
        "noteable_iid": one.pull,
    }


def _event(one: Labelling) -> dict[str, Any]:
    return {
        "id": one.number,
        "user": payloads.user(one.actor),
        "created_at": time(one.at),
        "resource_type": "MergeRequest",
        "label": {"id": payloads.number(one.label), "name": one.label},
        "action": "add" if one.is_set else "remove",
    }


CALLS: Final[tuple[tuple[str, str, Callable[..., Response]], ...]] = (
    ("GET", r"/merge_requests/(\d+)/notes", listed),
    ("POST", r"/merge_requests/(\d+)/notes", write),
    ("GET", r"/merge_requests/(\d+)/notes/(\d+)", read),
    ("PUT", r"/merge_requests/(\d+)/notes/(\d+)", edit),
    ("DELETE", r"/merge_requests/(\d+)/notes/(\d+)", delete),
    ("GET", r"/merge_requests/(\d+)/resource_label_events", labelled),
    ("GET", r"/merge_requests/(\d+)/approvals", approvals),
    ("POST", r"/merge_requests/(\d+)/approve", approve),
    ("GET", r"/merge_requests/(\d+)/versions", versions),
)
