"""GitHub's calls about labels and reviews of a pull request."""

from __future__ import annotations

from typing import Any

from deploy.local.forge.changes import Place
from deploy.local.forge.github import objects
from deploy.local.forge.github.answers import error
from deploy.local.forge.github.talk import page, writer
from deploy.local.forge.pulls import Pull
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.talk import Labelling, Review
from deploy.local.forge.web import Request, Response, json

_API = "https://api.github.com/repos"
_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def events(state: State, repository: Repository, request: Request, number: str) -> Response:
    """List what happened to the labels, oldest first."""
    found = state.talk.labelled(repository.full_name, int(number))
    return page(state, request, [_event(repository.full_name, one) for one in found])


def label(state: State, repository: Repository, request: Request, number: str) -> Response:
    """Set labels."""
    pull = state.pulls.get(repository, int(number))
    body = request.json()
    if pull is None:
        return error(404, "Not Found")
    for name in body["labels"] if isinstance(body, dict) else body:
        state.label(repository, pull, name, writer(state, request, repository))
    return json(200, [objects.label(name) for name in state.talk.labels(repository.full_name, pull.number)])


def unlabel(state: State, repository: Repository, request: Request, number: str, name: str) -> Response:
    """Take a label off."""
    pull = state.pulls.get(repository, int(number))
    if pull is None or name not in state.talk.labels(repository.full_name, pull.number):
        return error(404, "Label does not exist")
    state.label(repository, pull, name, writer(state, request, repository), on=False)
    return json(200, [objects.label(one) for one in state.talk.labels(repository.full_name, pull.number)])


def reviews(state: State, repository: Repository, request: Request, number: str) -> Response:
    """List the reviews, oldest first."""
    pull = state.pulls.get(repository, int(number))
    if pull is None:
        return error(404, "Not Found")
    place = state.place(repository)
    found = state.talk.reviews(repository.full_name, pull.number)
    return page(state, request, [review(place, pull, one) for one in found])


def judge(state: State, repository: Repository, request: Request, number: str) -> Response:
    """Write a review, as its API does with an ``event``."""
    pull, body = state.pulls.get(repository, int(number)), request.json() or {}
    if pull is None:
        return error(404, "Not Found")
    author = writer(state, request, repository)
    if author == pull.author and body.get("event") == "APPROVE":
        return error(422, "Review Can not approve your own pull request")
    verdict, commit = _STATES.get(body.get("event", ""), "PENDING"), body.get("commit_id") or pull.head_sha
    return json(200, review(state.place(repository), pull, state.review(repository, pull, author, verdict, commit)))


def review(place: Place, pull: Pull, one: Review) -> dict[str, Any]:
    """Return a review in GitHub's shape."""
    html, api = f"{place.web}/pull/{pull.number}", f"{_API}/{place.full_name}/pulls/{pull.number}"
    return {
        "id": one.number,
        "node_id": f"PRR_{one.number}",
        "user": objects.user(one.author),
        "body": "",
        "state": one.state,
        "html_url": f"{html}#pullrequestreview-{one.number}",
        "pull_request_url": api,
        "author_association": "MEMBER",
        "_links": {"html": {"href": html}, "pull_request": {"href": api}},
        "submitted_at": objects.time(one.at),
        "commit_id": one.commit,
    }


def _event(repository: str, one: Labelling) -> dict[str, Any]:
    return {
        "id": one.number,
        "node_id": f"LE_{one.number}",
        "url": f"{_API}/{repository}/issues/events/{one.number}",
        "actor": objects.user(one.actor),
        "event": "labeled" if one.is_set else "unlabeled",
        "commit_id": None,
        "commit_url": None,
        "created_at": objects.time(one.at),
        "label": {"name": one.label, "color": "ededed"},
        "performed_via_github_app": None,
    }
