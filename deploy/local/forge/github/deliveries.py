"""GitHub's calls about webhooks and their deliveries, as far as the stand-in answers them."""

from __future__ import annotations

from typing import Any, Final

from deploy.local.forge.github import objects
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

_ATTEMPTS: Final = 1000
"""A delivery's number times this, plus the attempt's, is the number GitHub would give the attempt."""


def hooks(state: State, repository: Repository, request: Request) -> Response:
    """List the webhooks: all of the forge's, for each of its repositories."""
    del request
    return json(200, [_hook(state, repository, number, url) for number, url in enumerate(state.courier.urls, 1)])


def deliveries(state: State, repository: Repository, request: Request, hook: str) -> Response:
    """List the attempts of a webhook's deliveries, newest first."""
    url = _url(state, hook)
    if url is None:
        return json(404, {"message": "Not Found"})
    found = [
        _attempt(repository, number * _ATTEMPTS + tried, delivery, tried)
        for number, delivery in enumerate(state.courier.all())
        if delivery.url == url
        for tried in range(len(delivery.attempts))
    ]
    return json(200, found[::-1][: min(int(request.query.get("per_page", "30")), 100)])


def again(state: State, repository: Repository, request: Request, hook: str, attempt: str) -> Response:
    """Send the delivery of an attempt once more."""
    del repository, request
    known, number = state.courier.all(), int(attempt) // _ATTEMPTS
    if number >= len(known) or known[number].url != _url(state, hook):
        return json(404, {"message": "Not Found"})
    state.courier.redeliver(known[number].guid)
    return json(202, {})


def _url(state: State, hook: str) -> str | None:
    urls = state.courier.urls
    return urls[int(hook) - 1] if 0 < int(hook) <= len(urls) else None


def _hook(state: State, repository: Repository, number: int, url: str) -> dict[str, Any]:
    api = f"{state.url}/repos/{repository.full_name}/hooks/{number}"
    at = objects.time(0.0)
    return {
        "type": "Repository",
        "id": number,
        "name": "web",
        "active": True,
        "events": ["push", "pull_request"],
        "config": {"url": url, "content_type": "json", "insecure_ssl": "0"},
        "updated_at": at,
        "created_at": at,
        "url": api,
        "test_url": f"{api}/test",
        "ping_url": f"{api}/pings",
        "deliveries_url": f"{api}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


def _attempt(repository: Repository, number: int, delivery: Any, tried: int) -> dict[str, Any]:
    attempt = delivery.attempts[tried]
    return {
        "id": number,
        "guid": delivery.guid,
        "delivered_at": objects.time(attempt.at),
        "redelivery": tried > 0,
        "duration": attempt.seconds,
        "status": "OK" if 200 <= attempt.code < 300 else attempt.error or "Invalid HTTP Response",
        "status_code": attempt.code,
        "event": delivery.event,
        "action": None,
        "installation_id": None,
        "repository_id": objects.number(repository.full_name),
        "throttled_at": None,
    }
