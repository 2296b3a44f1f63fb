"""Both Bitbuckets' calls about a pull request and the comments below it.

Field facts: Bitbucket Cloud docs, "Pullrequests"; Bitbucket Data Center docs, "Pull Requests": a comment is edited and
deleted at the version that was read, and the list of comments is that of all activities.
"""

from __future__ import annotations

import re
from typing import Any, Final

from deploy.local.forge.bitbucket import payloads
from deploy.local.forge.changes import identity
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.talk import Comment
from deploy.local.forge.web import Request, Response, json

LIMIT: Final = 32_768
"""Characters that a comment must have less than."""
CLOUD: Final = {
    "opened": "pullrequest:created",
    "synchronize": "pullrequest:updated",
    "closed": "pullrequest:rejected",
    "review": "pullrequest:approved",
}
SERVER: Final = {
    "opened": "pr:opened",
    "synchronize": "pr:from_ref_updated",
    "closed": "pr:declined",
    "review": "pr:reviewer:approved",
}
"""The names of events by what happened to a pull request."""

_CLOUD = re.compile(
    r"/repositories/([^/]+/[^/]+)/(?:commit/([0-9a-f]{7,40})|pullrequests/(\d+)(/comments(?:/(\d+))?)?)"
)
_SERVER = re.compile(
    r"/api/latest/projects/([^/]+)/repos/([^/]+)/pull-requests/(\d+)(/activities|/comments(?:/(\d+))?)?"
)


def cloud(state: State, request: Request, path: str, user: str) -> Response | None:
    """Answer a call to the Cloud, ``None`` when it is about something else."""
    found = _CLOUD.fullmatch(path)
    repository = state.repositories.get(found[1]) if found else None
    if found is None or repository is None:
        return None
    if found[2]:
        sha = repository.commit(found[2])
        return json(200, {"type": "commit", "hash": sha}) if sha else _cloud_error(404, "Commit not found")
    pull = state.pulls.get(repository, int(found[3]))
    if pull is None:
        return _cloud_error(404, "Pull request not found")
    if not found[4]:
        approving = {one.author for one in state.talk.reviews(repository.full_name, pull.number)}
        people = [{"type": "participant", "user": payloads.person(one), "approved": True} for one in approving]
        return json(200, {**payloads.pullrequest(state.place(repository), pull), "participants": people})
    text = (request.json() or {}).get("content", {}).get("raw", "") if request.method in ("POST", "PUT") else "-"
    if not text or len(text) >= LIMIT:
        return _cloud_error(400, "content: Ensure this value has less than 32768 characters")
    return _talked(state, repository, request, pull.number, found[5], user, text, _cloud_comment)


def server(state: State, request: Request, path: str, user: str) -> Response | None:
    """Answer a call to a Data Center, ``None`` when it is about something else."""
    if path == "/api/latest/application-properties":
        return json(200, {"version": "9.4.0", "displayName": "Bitbucket"}, {"x-ausername": user})
    found = _SERVER.fullmatch(path)
    repository = state.repositories.get(f"{found[1]}/{found[2]}") if found else None
    if found is None or repository is None:
        return None
    pull = state.pulls.get(repository, int(found[3]))
    if pull is None:
        return _server_error(404, "com.atlassian.bitbucket.pull.NoSuchPullRequestException")
    if not found[4]:
        judges = {one.author: one for one in state.talk.reviews(repository.full_name, pull.number)}.values()
        people = [
            {"user": _person(one.author), "approved": True, "lastReviewedCommit": one.commit, "role": "REVIEWER"}
            for one in judges
        ]
        return json(200, {**payloads.pull_request(state.place(repository), pull), "reviewers": people})
    body = request.json() or {}
    text = body.get("text", "") if request.method in ("POST", "PUT") else "-"
    if not text or len(text) >= LIMIT:
        return _server_error(400, "Please enter a non-empty value less than 32768 characters")
    if found[5] and request.method in ("PUT", "DELETE"):
        one = state.talk.one(int(found[5]), repository.full_name)
        if one and str(body.get("version", request.query.get("version", ""))) != str(one.version):
            return _server_error(409, "com.atlassian.bitbucket.comment.CommentOutOfDateException")
    return _talked(state, repository, request, pull.number, found[5], user, text, _server_comment)


def _talked(
    state: State,
    repository: Repository,
    request: Request,
    pull: int,
    number: str | None,
    user: str,
    text: str,
    show: Any,
) -> Response:
    if number is None and request.method == "GET":
        found = [show(one) for one in state.talk.comments(repository.full_name, pull)]
        return _page(request, found)
    if number is None:
        return state.perform(
            lambda: json(201, show(state.talk.comment(repository.full_name, pull, user, text))), state.talking
        )
    one = state.talk.one(int(number), repository.full_name)
    if one is None or one.pull != pull:
        return _cloud_error(404, "Comment not found")
    if request.method == "GET":
        return json(200, show(one))
    if one.author != user:
        return _cloud_error(403, "You may change your own comments only")
    if request.method == "DELETE":
        state.talk.delete(one.number)
        return Response(204)
    return state.perform(lambda: json(200, show(state.talk.edit(one.number, text))), state.talking)


def _page(request: Request, entries: list[Any]) -> Response:
    if "start" in request.query:
        start, size = int(request.query["start"]), int(request.query.get("limit", "25"))
        activities = [{"id": one["id"], "action": "COMMENTED", "comment": one} for one in entries]
        last = start + size >= len(entries)
        return json(200, {"values": activities[start : start + size], "isLastPage": last, "start": start})
    size, number = int(request.query.get("pagelen", "10")), int(request.query.get("page", "1"))
    answer: dict[str, Any] = {"values": entries[size * (number - 1) : size * number], "pagelen": size}
    if len(entries) > size * number:
        answer["next"] = f"http://localhost{request.path}?page={number + 1}"
    return json(200, answer)


def _cloud_comment(one: Comment) -> dict[str, Any]:
    author = payloads.person(one.author)
    return {"type": "pullrequest_comment", "id": one.number, "content": {"raw": one.body}, "user": author}


def _server_comment(one: Comment) -> dict[str, Any]:
    return {"id": one.number, "version": one.version, "text": one.body, "author": _person(one.author)}


def _person(name: str) -> dict[str, Any]:
    return {"name": name, "id": identity(name), "displayName": name, "active": True, "type": "NORMAL"}


def _cloud_error(code: int, message: str) -> Response:
    return json(code, {"type": "error", "error": {"message": message}})


def _server_error(code: int, words: str) -> Response:
    return json(code, {"errors": [{"context": "text", "message": words, "exceptionName": None}]})
