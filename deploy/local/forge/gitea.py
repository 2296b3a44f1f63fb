"""Gitea's calls about the statuses of a commit, below ``/api/v1``, and no more: a real one is started for the rest.

Field facts: the answers of Gitea 1.26, which a test compares with these. Stricter than Gitea, which keeps any word as a
state and ignores a field it does not know: both get 422 here, and so do a context that is not set and a link that is
none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from deploy.local.forge.changes import Moved, Place
from deploy.local.forge.github import objects, rules
from deploy.local.forge.hooks import Delivery, Event
from deploy.local.forge.ledger import Written
from deploy.local.forge.pulls import Pull
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State, Told
from deploy.local.forge.web import Request, Response, json

STATES: Final = ("pending", "success", "error", "failure", "warning", "skipped")
"""Gitea's words for a state."""

_PLACE = re.compile(r"/repos/([^/]+/[^/]+)(/.*)")
_WRITE = re.compile(r"/statuses/([^/]+)")
_STATUS = re.compile(r"/commits/([^/]+)/status")
_COMMIT = re.compile(r"/git/commits/([0-9a-f]{7,40})")
_FIELDS = ("state", "context", "description", "target_url")


class Gitea:
    """The API; it sends no events. Safe for threads."""

    COMMITS_LIMIT: Final = 5

    def answer(self, state: State, request: Request, path: str) -> Response:
        """Answer a call to ``path``, below ``/api/v1``: who, then where, then what."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = state.tokens.get(token, "") if scheme.lower() in ("bearer", "token") else ""
        if not user:
            return _error(401, "invalid username, password or token" if token else "token is required")
        place = _PLACE.fullmatch(path)
        if place is None:
            return Response(404, b"404 page not found\n")
        name, rest = place.groups()
        if name in state.moved:
            return _elsewhere(state, request, name)
        repository = state.repositories.get(name)
        if repository is None:
            return _error(404, "not found")
        if request.method == "POST" and (found := _WRITE.fullmatch(rest)):
            return _write(state, repository, request, found[1], user)
        if request.method == "GET" and (found := _STATUS.fullmatch(rest)):
            return _status(state, repository, found[1])
        if request.method == "GET" and (found := _COMMIT.fullmatch(rest)):
            sha = repository.commit(found[1])
            return json(200, {"sha": sha}) if sha else _error(404, f"commit doesn't exist: {found[1]}")
        return Response(404, b"404 page not found\n")

    def pushed(self, state: State, place: Place, moves: list[Moved]) -> list[Event]:
        """Return nothing: no events are sent."""
        del state, place, moves
        return []

    def told(self, state: State, place: Place, pull: Pull, what: Told) -> list[Event]:
        """Return nothing: no events are sent."""
        del state, place, pull, what
        return []

    def merged(self, state: State, place: Place, pull: Pull) -> list[Event]:
        """Return nothing: no events are sent."""
        del state, place, pull
        return []


def headers(delivery: Delivery, secret: str) -> Mapping[str, str]:
    """Return no headers: there are no deliveries."""
    del delivery, secret
    return {}


def _write(state: State, repository: Repository, request: Request, ref: str, user: str) -> Response:
    body = request.json()
    if problem := _problem(body):
        return _error(422, f"[]: {problem}")
    sha = repository.commit(ref)
    if not sha:
        return _error(500, "")  # without a word, as Gitea's

    def keep() -> Response:
        given = {name: body.get(name, "") for name in _FIELDS}
        return json(201, _told(state.ledger.add(repository=repository.full_name, sha=sha, creator=user, **given)))

    return state.perform(keep)


def _status(state: State, repository: Repository, ref: str) -> Response:
    """The newest status of each context, the one written last at the end; case counts."""
    sha = repository.commit(ref)
    if not sha:
        return _error(404, "not found")
    written = state.ledger.all(repository=repository.full_name, sha=sha)
    newest = {one.context: one for one in written}
    listed = sorted(newest.values(), key=lambda one: one.number)
    return json(200, {"sha": sha, "total_count": len(listed), "statuses": [_told(one) for one in listed] or None})


def _elsewhere(state: State, request: Request, name: str) -> Response:
    """The redirect for a renamed repository: a path without a host, and no page for what is no GET."""
    names = [one.full_name for one in state.repositories.values() if one.number == state.moved[name]]
    query = f"?{request.raw_query}" if request.raw_query else ""
    there = request.path.replace(f"/repos/{name}/", f"/repos/{names[0]}/", 1) + query
    return Response(301, b"", {"location": there})


def _problem(body: object) -> str:
    if not isinstance(body, dict):
        return "json: cannot unmarshal it into Go value of type structs.CreateStatusOption"
    for name, value in body.items():
        if name not in _FIELDS or not isinstance(value, str):
            return f"json: cannot unmarshal {name} into Go struct CreateStatusOption"
    if body.get("state") not in STATES:
        return f"state must be one of {', '.join(STATES)}"
    if not body.get("context"):
        return "context must be set"
    if body.get("target_url") and not rules.is_url(body["target_url"]):
        return "target_url must be an http(s) URL"
    return ""


def _told(written: Written) -> dict[str, Any]:
    """One status in Gitea's shape, in which the state is called ``status``."""
    return {
        "id": written.number,
        "status": written.state,
        "context": written.context,
        "description": written.description,
        "target_url": written.target_url,
        "creator": {"login": written.creator},
        "created_at": objects.time(written.at),
    }


def _error(code: int, message: str) -> Response:
    """Return an error as Gitea words it."""
    return json(code, {"message": message, "url": "https://gitea.example/api/swagger"})
