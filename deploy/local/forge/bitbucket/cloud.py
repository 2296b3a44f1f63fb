"""Bitbucket Cloud as one thing the forge can be, below ``/2.0``."""

from __future__ import annotations

import re
from typing import Any, Final

from deploy.local.forge.bitbucket import payloads, rules, talk
from deploy.local.forge.bitbucket.builds import Build, Builds
from deploy.local.forge.changes import Moved, Place
from deploy.local.forge.hooks import Event
from deploy.local.forge.pulls import Pull
from deploy.local.forge.state import State, Told
from deploy.local.forge.web import Request, Response, json

_STATUSES = re.compile(r"/repositories/([^/]+/[^/]+)/commit/([^/]+)/statuses(?:/build(?:/([^/]+))?)?")
_REVISION = re.compile(r"[0-9a-f]{7,40}")


class Cloud:
    """The API and the events; it keeps the build statuses of each commit. Safe for threads."""

    COMMITS_LIMIT: Final = 5

    def __init__(self) -> None:
        self.builds = Builds()

    def answer(self, state: State, request: Request, path: str) -> Response:
        """Answer a call to ``path``, below ``/2.0``."""
        user = rules.user(request.headers, state.tokens)
        if not user:
            return _error(401, "Token is invalid, expired, or not supported for this endpoint.")
        if path == "/user":
            return json(200, payloads.person(user))
        if answered := talk.cloud(state, request, path, user):
            return answered
        found = _STATUSES.fullmatch(path)
        if found is None:
            return _error(404, "Resource not found")
        name, revision, key = found.groups()
        repository = state.repositories.get(name)
        if repository is None:
            return _error(404, f"Repository {name} not found")
        sha = repository.commit(revision) if _REVISION.fullmatch(revision) else ""
        if not sha:
            return _error(404, "Commit not found", data={"shas": [revision]})
        if request.method == "GET":
            return self._read(name, sha, key)
        if request.method != "POST" or key or not path.endswith("/build"):
            return _error(405, "Method not allowed")
        return self._write(state, request, Build(name, sha, request.json() or {}, user))

    def pushed(self, state: State, place: Place, moves: list[Moved]) -> list[Event]:
        """Return one ``repo:push`` for all refs of a push."""
        return [Event("repo:push", payloads.push(place, moves, state.user))] if moves else []

    def merged(self, state: State, place: Place, pull: Pull) -> list[Event]:
        """Return ``pullrequest:fulfilled``."""
        return [Event("pullrequest:fulfilled", payloads.fulfilled(place, pull, state.user))]

    def told(self, state: State, place: Place, pull: Pull, what: Told) -> list[Event]:
        """Return ``pullrequest:created``, ``updated``, ``rejected`` or ``approved``; nothing of labels."""
        del state
        name = talk.CLOUD.get(what.action)
        return [Event(name, payloads.fulfilled(place, pull, what.who))] if name else []

    def _read(self, repository: str, sha: str, key: str | None) -> Response:
        found = [_status(one) for one in self.builds.of(sha, repository) if key in (None, one.key)]
        if key is None:
            return json(200, {"size": len(found), "page": 1, "pagelen": 30, "values": found})
        return json(200, found[0]) if found else _error(404, f"Build status {key} not found")

    def _write(self, state: State, request: Request, build: Build) -> Response:
        refused = rules.cloud(request.json())
        if refused is not None:
            return _error(400, ": ".join(refused), fields={refused[0]: [refused[1]]})

        older = [one for one in self.builds.of(build.sha, build.repository) if one.key == build.key]
        if any(one.creator != build.creator for one in older):
            return _error(403, f"Only its creator may change the build status {build.key}")

        def write() -> Response:
            self.builds.put(build)
            payloads.record(state.ledger, build)
            return json(201, _status(build))

        return state.perform(write)


def _status(build: Build) -> dict[str, Any]:
    return {"type": "build", "refname": None, "description": "", **build.fields}


def _error(code: int, message: str, **more: Any) -> Response:
    """Return an error as the Cloud words it."""
    return json(code, {"type": "error", "error": {"message": message, **more}})
