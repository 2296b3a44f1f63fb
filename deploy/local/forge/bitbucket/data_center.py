"""Bitbucket Data Center as one thing the forge can be, below ``/rest``; also a server from before 7.4."""

from __future__ import annotations

import re
from typing import Final

from deploy.local.forge.bitbucket import payloads, rules, talk
from deploy.local.forge.bitbucket.builds import Build, Builds
from deploy.local.forge.changes import Moved, Place
from deploy.local.forge.hooks import Event
from deploy.local.forge.pulls import Pull
from deploy.local.forge.state import State, Told
from deploy.local.forge.web import Request, Response, json

_BUILDS = re.compile(r"/api/(?:latest|1\.0)/projects/([^/]+)/repos/([^/]+)/commits/([^/]+)/builds")
_OLD = re.compile(r"/build-status/(?:latest|1\.0)/commits/([^/]+)")
_REVISION = re.compile(r"[0-9a-f]{40}")


class DataCenter:
    """The API and the events; it keeps the builds of each commit. Safe for threads.

    ``old``: a server that has no builds of a repository yet, only statuses of a commit wherever it may be.
    """

    COMMITS_LIMIT: Final = 5

    def __init__(self, *, old: bool = False) -> None:
        self.builds = Builds()
        self._old = old

    def answer(self, state: State, request: Request, path: str) -> Response:
        """Answer a call to ``path``, below ``/rest``."""
        if not rules.user(request.headers, state.tokens):
            return _error(401, "Authentication failed. Please check your credentials and try again.", _WRONG_TOKEN)
        if answered := talk.server(state, request, path, rules.user(request.headers, state.tokens)):
            return answered
        if old := _OLD.fullmatch(path):
            return self._commit(state, request, old[1])
        found = _BUILDS.fullmatch(path)
        if found is None or self._old:
            return json(404, {"message": f"null for uri: {state.url}/rest{path}", "status-code": 404})
        project, slug, sha = found.groups()
        name = f"{project}/{slug}"
        repository = state.repositories.get(name)
        if repository is None:
            return _error(404, f"Repository {name} does not exist.", _NO_REPOSITORY)
        if not _REVISION.fullmatch(sha) or repository.commit(sha) != sha:
            return _error(404, f"Commit '{sha}' does not exist in repository '{slug}'.", _NO_COMMIT)
        if request.method == "POST":
            return self._write(state, request, name, sha)
        key = request.query.get("key", "")
        build = next((one for one in self.builds.of(sha, name) if one.key == key), None)
        return json(200, build.fields) if build else _error(404, f"There is no build with key {key}", _NO_BUILD)

    def pushed(self, state: State, place: Place, moves: list[Moved]) -> list[Event]:
        """Return one ``repo:refs_changed`` for all refs of a push."""
        return [Event("repo:refs_changed", payloads.refs_changed(place, moves, state.user))] if moves else []

    def merged(self, state: State, place: Place, pull: Pull) -> list[Event]:
        """Return ``pr:merged``."""
        return [Event("pr:merged", payloads.pr_merged(place, pull, state.user))]

    def told(self, state: State, place: Place, pull: Pull, what: Told) -> list[Event]:
        """Return ``pr:opened``, ``pr:from_ref_updated``, ``pr:declined`` or ``pr:reviewer:approved``."""
        del state
        name = talk.SERVER.get(what.action)
        return [Event(name, {**payloads.pr_merged(place, pull, what.who), "eventKey": name})] if name else []

    def _commit(self, state: State, request: Request, sha: str) -> Response:
        """The old resource: it asks for no repository, and believes in any commit."""
        if not _REVISION.fullmatch(sha):
            return _error(400, f"'{sha}' is not a full commit id", None)
        if request.method == "POST":
            holders = [name for name, repository in state.repositories.items() if repository.commit(sha) == sha]
            return self._write(state, request, holders[0] if holders else "", sha)
        found = [one.fields for one in self.builds.of(sha)]
        return json(200, {"size": len(found), "limit": 25, "isLastPage": True, "values": found, "start": 0})

    def _write(self, state: State, request: Request, name: str, sha: str) -> Response:
        body = request.json()
        refused = rules.server(body, old=self._old)
        if refused is not None:
            field, message = refused
            return json(400, {"errors": [{"context": field, "message": message, "exceptionName": None}]})
        build = Build(name, sha, body, rules.user(request.headers, state.tokens))

        def write() -> Response:
            self.builds.put(build)
            payloads.record(state.ledger, build)
            return Response(204)

        return state.perform(write)


_WRONG_TOKEN = "auth.IncorrectPasswordAuthenticationException"  # noqa: S105 - the name of an error
_NO_REPOSITORY = "repository.NoSuchRepositoryException"
_NO_COMMIT = "commit.NoSuchCommitException"
_NO_BUILD = "build.status.NoSuchBuildStatusException"


def _error(code: int, message: str, exception: str | None) -> Response:
    """Return an error as the Data Center words it."""
    name = f"com.atlassian.bitbucket.{exception}" if exception else None
    return json(code, {"errors": [{"context": None, "message": message, "exceptionName": name}]})
