"""Which part of the forge answers a path: Git, the API, the controls or the pages."""

from __future__ import annotations

import re

from deploy.local.forge import backend, control, page, private, pull_page
from deploy.local.forge.state import Call, State
from deploy.local.forge.web import Request, Response

_GIT = re.compile(r"/(?P<name>[\w.-]+(?:/[\w.-]+)+?)\.git/(?P<rest>[\w./-]+)", re.ASCII)
_PULL = re.compile(r"/(?P<name>[\w.-]+(?:/[\w.-]+)+?)/pull/(?P<number>[0-9]{1,9})", re.ASCII)
_API = re.compile(
    r"(?:/api/v[134])?(?P<path>/(?:repos|projects|repositories|app)/.*|/user|/app)"
    r"|/2\.0(?P<cloud>/repositories/.*|/user)|/rest(?P<server>/(?:api|build-status)/.*)"
)


def answer(state: State, request: Request) -> Response:
    """Answer any request to the forge."""
    if request.path == "/" and request.method in ("GET", "HEAD"):
        return page.answer(state)
    if request.method in ("GET", "HEAD") and (found := _PULL.fullmatch(request.path)):
        repository = state.repositories.get(found["name"])
        pull = state.pulls.get(repository, int(found["number"])) if repository else None
        return pull_page.answer(state, repository, pull) if repository and pull else Response(404, b"not found\n")
    if request.path.startswith("/_standin/"):
        return control.answer(state, request)
    if found := _API.fullmatch(request.path):
        if state.delay:
            state.stopping.wait(state.delay)
        path = found[found.lastgroup or "path"]
        response = state.api.answer(state, request, path)
        state.calls.append(Call(request.method, path, request.headers, request.body, response.code))
        return response
    if found := _GIT.fullmatch(request.path):
        return _git(state, request, found["name"], found["rest"])
    return Response(404, b"not found\n")


def _git(state: State, request: Request, name: str, rest: str) -> Response:
    repository = state.repositories.get(name)
    if repository is None:
        return Response(404, b"repository not found\n")
    if refusal := private.turned_away(state, request, name):
        return refusal
    if rest == "git-upload-pack" and backend.is_fetch(request):
        state.fetches.append(name)
    if rest != "git-receive-pack":
        return backend.serve(repository, rest, request)
    with repository.lock:
        before = repository.refs()
        response = backend.serve(repository, rest, request)
        state.announce_push(repository, before, repository.refs())
    return response
