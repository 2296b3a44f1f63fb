"""GitHub's calls about comments below a pull request, and about who asks."""

from __future__ import annotations

from typing import Any

from deploy.local.forge.github import entrance, objects
from deploy.local.forge.github.answers import error
from deploy.local.forge.github.apps import App
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.talk import COMMENT_LIMIT, Comment
from deploy.local.forge.web import Request, Response, json

_API = "https://api.github.com/repos"
_NEEDS = ("pull_requests", "write")


def me(state: State, request: Request) -> Response:
    """Tell a user's token who it is; an installation's has no user."""
    token = entrance.bearer(request)
    if token.startswith("ghs_"):
        return error(403, "Resource not accessible by integration")
    if token not in state.tokens:
        return error(401, "Bad credentials")
    return json(
        200, {**objects.user(state.tokens[token]), "created_at": objects.time(0), "updated_at": objects.time(0)}
    )


def app(state: State, request: Request) -> Response:
    """Tell an App who it is, by its own assertion."""
    found = state.apps.signed(entrance.bearer(request))
    return json(200, objects.app(found.number, found.slug, found.client_id))


def listed(state: State, repository: Repository, request: Request, number: str) -> Response:
    """List the comments, oldest first."""
    if (pull := state.pulls.get(repository, int(number))) is None:
        return error(404, "Not Found")
    found = state.talk.comments(repository.full_name, pull.number)
    return page(state, request, [_comment(state, one) for one in found])


def write(state: State, repository: Repository, request: Request, number: str) -> Response:
    """Write a comment."""
    if (pull := state.pulls.get(repository, int(number))) is None:
        return error(404, "Not Found")
    body = request.json()["body"]
    if refused := _refused(body):
        return refused
    author = writer(state, request, repository)

    def keep() -> Response:
        return json(201, _comment(state, state.talk.comment(repository.full_name, pull.number, author, body)))

    return state.perform(keep, state.talking)


def read(state: State, repository: Repository, request: Request, number: str) -> Response:
    """Show one comment."""
    del request
    found = state.talk.one(int(number), repository.full_name)
    return json(200, _comment(state, found)) if found else error(404, "Not Found")


def edit(state: State, repository: Repository, request: Request, number: str) -> Response:
    """Replace a comment's text: anybody's, for whoever may write to the repository."""
    body = request.json()["body"]
    if state.talk.one(int(number), repository.full_name) is None:
        return error(404, "Not Found")
    return _refused(body) or state.perform(
        lambda: json(200, _comment(state, state.talk.edit(int(number), body))), state.talking
    )


def delete(state: State, repository: Repository, request: Request, number: str) -> Response:
    """Take a comment away."""
    del request
    if state.talk.one(int(number), repository.full_name) is None:
        return error(404, "Not Found")

    def gone() -> Response:
        state.talk.delete(int(number))
        return Response(204)

    return state.perform(gone, state.talking)


def page(state: State, request: Request, entries: list[Any]) -> Response:
    """Return one page of a list, and a link to the next."""
    size = max(1, min(int(request.query.get("per_page", "30")), 100))
    number = int(request.query.get("page", "1"))
    headers = {}
    if len(entries) > size * number:
        headers["link"] = f'<{state.url}{request.path}?per_page={size}&page={number + 1}>; rel="next"'
    return json(200, entries[size * (number - 1) : size * number], headers)


def writer(state: State, request: Request, repository: Repository) -> str:
    """Return by whom something is written. Raises :class:`Denied` for who may not."""
    who = entrance.caller(state, request, repository.full_name, _NEEDS)
    return f"{who.slug}[bot]" if isinstance(who, App) else who


def _refused(body: str) -> Response | None:
    if body.strip() and len(body) <= COMMENT_LIMIT:
        return None
    said = f"Body is too long (maximum is {COMMENT_LIMIT} characters)" if body.strip() else "Body cannot be blank"
    return error(
        422,
        "Validation Failed",
        [{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": said}],
    )


def _comment(state: State, one: Comment) -> dict[str, Any]:
    api, bot = f"{_API}/{one.repository}/issues", one.author.endswith("[bot]")
    return {
        "id": one.number,
        "node_id": f"IC_{one.number}",
        "url": f"{api}/comments/{one.number}",
        "html_url": f"{state.url}/{one.repository}/pull/{one.pull}#issuecomment-{one.number}",
        "issue_url": f"{api}/{one.pull}",
        "body": one.body,
        "user": {**objects.user(one.author), "type": "Bot" if bot else "User"},
        "created_at": objects.time(one.created),
        "updated_at": objects.time(one.updated),
        "author_association": "NONE",
    }
