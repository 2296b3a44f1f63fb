"""The calls of GitHub's API that the stand-in answers, in GitHub's shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from deploy.local.forge.github import contract, deliveries, objects, rules
from deploy.local.forge.ledger import Written
from deploy.local.forge.pulls import Conflict
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

COMMITS_LIMIT: Final = 2048

_REPOSITORY = re.compile(r"/repos/([^/]+/[^/]+)(/.*)")
_REVISION = re.compile(r"[0-9a-f]{40}")


def answer(state: State, request: Request, path: str) -> Response:
    """Answer a call to ``path``, below the API's base: who, then whether described, then what."""
    denied = rules.denial(request.headers, state.tokens) or contract.problem(request, path)
    if denied is not None:
        return error(*denied)
    place = _REPOSITORY.fullmatch(path)
    repository = state.repositories.get(place[1]) if place else None
    if place is None or repository is None:
        return error(404, "Not Found")
    for method, pattern, handler in _CALLS:
        if method == request.method and (found := re.fullmatch(pattern, place[2])):
            return handler(state, repository, request, *found.groups())
    return error(404, "Not Found")


def error(code: int, message: str, errors: Sequence[Mapping[str, str]] = ()) -> Response:
    """Return an error as GitHub words it."""
    body: dict[str, Any] = {"message": message, "documentation_url": "https://docs.github.com/rest"}
    if errors:
        body["errors"] = list(errors)
    return json(code, {**body, "status": str(code)})


def _write(state: State, repository: Repository, request: Request, sha: str) -> Response:
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
    creator = state.tokens[request.headers["authorization"].partition(" ")[2]]

    def write() -> Response:
        written = state.ledger.add(
            **mine,
            state=body["state"],
            description=body.get("description") or "",
            target_url=body.get("target_url") or "",
            creator=creator,
        )
        return json(201, _status(state, written))

    return state.perform(write)


def _list(state: State, repository: Repository, request: Request, ref: str) -> Response:
    sha = repository.commit(ref)
    if not sha:
        return error(404, "Not Found")
    written = state.ledger.all(repository=repository.full_name, sha=sha)[::-1]
    size = min(int(request.query.get("per_page", "30")), 100)
    start = size * (int(request.query.get("page", "1")) - 1)
    return json(200, [_status(state, one) for one in written[start : start + size]])


def _combined(state: State, repository: Repository, request: Request, ref: str) -> Response:
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


def _open(state: State, repository: Repository, request: Request) -> Response:
    body = request.json()
    head, base = body["head"].rpartition(":")[2], body["base"]
    try:
        pull = state.pulls.open(repository, head, base, body.get("title") or head, body.get("body") or "", state.user)
    except Conflict as conflict:
        return error(
            422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": str(conflict)}]
        )
    return json(201, objects.pull_request(state.place(repository), pull, state.user))


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


_CALLS: tuple[tuple[str, str, Callable[..., Response]], ...] = (
    ("POST", r"/statuses/(.+)", _write),
    ("GET", r"/commits/(.+)/statuses", _list),
    ("GET", r"/commits/(.+)/status", _combined),
    ("GET", r"/hooks", deliveries.hooks),
    ("GET", r"/hooks/(\d+)/deliveries", deliveries.deliveries),
    ("POST", r"/hooks/(\d+)/deliveries/(\d+)/attempts", deliveries.again),
    ("POST", r"/pulls", _open),
    ("GET", r"/pulls/(\d+)", _get),
    ("PUT", r"/pulls/(\d+)/merge", _merge),
)
