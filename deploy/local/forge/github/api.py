"""The calls of GitHub's API that the stand-in answers, in GitHub's shapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from deploy.local.forge.github import (
    checks,
    contract,
    deliveries,
    deployments,
    entrance,
    objects,
    reviews,
    statuses,
    talk,
)
from deploy.local.forge.github.answers import error
from deploy.local.forge.github.apps import Denied
from deploy.local.forge.pulls import Conflict
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

COMMITS_LIMIT: Final = 2048

_REPOSITORY = re.compile(r"/repos/([^/]+/[^/]+)(/.*)")
_NUMBERED = re.compile(r"/repositories/(\d+)(/.*)")
_INSTALLATION = re.compile(r"/repos/([^/]+/[^/]+)/installation")
_APP = re.compile(r"/app/installations/(\d+)/access_tokens")


def answer(state: State, request: Request, path: str) -> Response:
    """Answer a call to ``path``, below the API's base: who, then whether described, then what."""
    try:
        if (found := _REPOSITORY.fullmatch(path)) and found[1] in state.moved:
            entrance.known(state, request)
            return _elsewhere(state.moved[found[1]], request, path, found[2])
        if path in ("/user", "/app"):
            _described(request, path)
            return talk.me(state, request) if path == "/user" else talk.app(state, request)
        path = _named(state, path)
        if found := _APP.fullmatch(path):
            return entrance.granted(state, _described(request, path), found[1])
        if found := _INSTALLATION.fullmatch(path):
            return entrance.installed(state, _described(request, path), found[1])
        return _answered(state, request, path)
    except Denied as denied:
        return error(denied.code, denied.words)


def _answered(state: State, request: Request, path: str) -> Response:
    place = _REPOSITORY.fullmatch(path)
    full_name, rest = (place[1], place[2]) if place else ("", "")
    handler, needs, groups = _call(request.method, rest)
    who = entrance.caller(state, request, full_name, needs)
    _described(request, path)
    repository = state.repositories.get(full_name)
    if handler is None or repository is None:
        return error(404, "Not Found")
    own = (who,) if needs == entrance.AS_APP else ()
    return handler(state, repository, request, *own, *groups)


def _call(method: str, rest: str) -> tuple[Callable[..., Response] | None, tuple[str, str], tuple[str, ...]]:
    """Return what answers a call, the permission it takes, and the parts of its path."""
    for known, pattern, permission, handler in _CALLS:
        if known == method and (found := re.fullmatch(pattern, rest)):
            return handler, (permission, "read" if method == "GET" else "write"), found.groups()
    return None, ("metadata", "read"), ()


def _described(request: Request, path: str) -> Request:
    if problem := contract.problem(request, path):
        raise Denied(*problem)
    return request


def _named(state: State, path: str) -> str:
    """A path that names a repository by its number, with its name in that place."""
    if not (found := _NUMBERED.fullmatch(path)):
        return path
    names = [one.full_name for one in state.repositories.values() if one.number == int(found[1])]
    return f"/repos/{names[0]}{found[2]}" if names else path


def _elsewhere(number: int, request: Request, path: str, rest: str) -> Response:
    """GitHub's redirect for a renamed repository, which names it by number."""
    query = f"?{request.raw_query}" if request.raw_query else ""
    there = f"http://{request.headers['host']}{request.path.removesuffix(path)}/repositories/{number}{rest}{query}"
    return json(301, {"message": "Moved Permanently", "url": there}, {"location": there})


def _open(state: State, repository: Repository, request: Request) -> Response:
    body = request.json()
    head, base = body["head"].rpartition(":")[2], body["base"]
    try:
        title, text = body.get("title") or head, body.get("body") or ""
        pull = state.open(repository, head, base, title, text, state.user, _fork(state, repository, body["head"]))
    except Conflict as conflict:
        return error(
            422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": str(conflict)}]
        )
    return json(201, objects.pull_request(state.place(repository), pull, state.user))


def _fork(state: State, repository: Repository, head: str) -> Repository | None:
    """The fork that ``OWNER:BRANCH`` names, ``None`` for the repository itself."""
    owner, colon, _ = head.partition(":")
    name = repository.full_name.partition("/")[2]
    return (
        state.repositories.get(f"{owner}/{name}")
        if colon and not repository.full_name.startswith(f"{owner}/")
        else None
    )


def _change(state: State, repository: Repository, request: Request, number: str) -> Response:
    """Close a pull request, or open it again; nothing else of it can be changed here."""
    pull, wanted = state.pulls.get(repository, int(number)), (request.json() or {}).get("state")
    if pull is None:
        return error(404, "Not Found")
    if wanted in ("open", "closed") and pull.is_open is not (wanted == "open"):
        pull = state.close(repository, pull.number, state.user, again=wanted == "open")
    return json(200, objects.pull_request(state.place(repository), pull, state.user))


def _get(state: State, repository: Repository, request: Request, number: str) -> Response:
    del request
    pull = state.pulls.get(repository, int(number))
    if pull is None:
        return error(404, "Not Found")
    return json(200, objects.pull_request(state.place(repository), pull, state.user))


def _merge(state: State, repository: Repository, request: Request, number: str) -> Response:
    body = request.json() or {}
    pull = state.pulls.get(repository, int(number))
    if pull is None:
        return error(404, "Not Found")
    if body.get("sha") not in (None, pull.head_sha):
        return error(409, "Head branch was modified. Review and try the merge again.")
    method = body.get("merge_method", "merge")
    if method == "rebase":
        return error(405, "the stand-in cannot rebase: use merge or squash")
    default = f"Merge pull request #{pull.number} from {pull.head}" if method == "merge" else pull.title
    message = "\n\n".join(filter(None, (body.get("commit_title") or default, body.get("commit_message") or pull.title)))
    try:
        merged = state.merge(repository, pull, message, squash=method == "squash")
    except Conflict as conflict:
        return error(405, f"Pull Request is not mergeable: {conflict}")
    return json(200, {"sha": merged.merge_sha, "merged": True, "message": "Pull Request successfully merged"})


def _permission(state: State, repository: Repository, request: Request, login: str) -> Response:
    """What somebody may do, in the four old words; ``maintain`` and ``triage`` are told as the next lower one."""
    del repository, request
    role = state.people.get(login)
    if role is None:
        return error(404, "Not Found")
    told = {"maintain": "write", "triage": "read"}.get(role, role)
    return json(200, {"permission": told, "role_name": role, "user": objects.user(login)})


_CALLS: tuple[tuple[str, str, str, Callable[..., Response]], ...] = (
    ("POST", r"/statuses/(.+)", "statuses", statuses.write),
    ("GET", r"/commits/(.+)/statuses", "statuses", statuses.listed),
    ("GET", r"/commits/(.+)/status", "statuses", statuses.combined),
    ("GET", r"/commits/(.+)/check-runs", "checks", checks.listed),
    ("POST", r"/check-runs", "checks", checks.make),
    ("PATCH", r"/check-runs/(\d+)", "checks", checks.change),
    ("POST", r"/check-runs/(\d+)/rerequest", "checks", checks.again),
    ("GET", r"/hooks", "repository_hooks", deliveries.hooks),
    ("GET", r"/hooks/(\d+)/deliveries", "repository_hooks", deliveries.deliveries),
    ("POST", r"/hooks/(\d+)/deliveries/(\d+)/attempts", "repository_hooks", deliveries.again),
    ("GET", r"/deployments", "deployments", deployments.listed),
    ("POST", r"/deployments", "deployments", deployments.make),
    ("GET", r"/deployments/(\d+)/statuses", "deployments", deployments.statuses),
    ("POST", r"/deployments/(\d+)/statuses", "deployments", deployments.tell),
    ("POST", r"/pulls", "pull_requests", _open),
    ("GET", r"/pulls/(\d+)", "pull_requests", _get),
    ("PATCH", r"/pulls/(\d+)", "pull_requests", _change),
    ("PUT", r"/pulls/(\d+)/merge", "contents", _merge),
    ("GET", r"/pulls/(\d+)/reviews", "pull_requests", reviews.reviews),
    ("POST", r"/pulls/(\d+)/reviews", "pull_requests", reviews.judge),
    ("GET", r"/issues/(\d+)/comments", "pull_requests", talk.listed),
    ("POST", r"/issues/(\d+)/comments", "pull_requests", talk.write),
    ("GET", r"/issues/comments/(\d+)", "pull_requests", talk.read),
    ("PATCH", r"/issues/comments/(\d+)", "pull_requests", talk.edit),
    ("DELETE", r"/issues/comments/(\d+)", "pull_requests", talk.delete),
    ("GET", r"/issues/(\d+)/events", "pull_requests", reviews.events),
    ("POST", r"/issues/(\d+)/labels", "pull_requests", reviews.label),
    ("DELETE", r"/issues/(\d+)/labels/([^/]+)", "pull_requests", reviews.unlabel),
    ("GET", r"/collaborators/([^/]+)/permission", "metadata", _permission),
)
