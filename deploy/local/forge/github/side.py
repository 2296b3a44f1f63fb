"""GitHub as one thing the forge can be: API, events and delivery headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deploy.local.forge import signing
from deploy.local.forge.changes import Moved, Place
from deploy.local.forge.github import api, payloads
from deploy.local.forge.hooks import Delivery, Event
from deploy.local.forge.pulls import Pull
from deploy.local.forge.state import State, Told
from deploy.local.forge.web import Request, Response


class GitHub:
    """GitHub, or GitHub Enterprise Server when called below ``/api/v3``."""

    COMMITS_LIMIT: Final = api.COMMITS_LIMIT

    def answer(self, state: State, request: Request, path: str) -> Response:
        """Answer an API call; see :func:`api.answer`."""
        return api.answer(state, request, path)

    def pushed(self, state: State, place: Place, moves: list[Moved]) -> list[Event]:
        """Return one ``push`` per ref that moved, none of a kind of which GitHub finds too many."""
        return [Event("push", payloads.push(place, move, state.user)) for move in payloads.deliverable(moves)]

    def merged(self, state: State, place: Place, pull: Pull) -> list[Event]:
        """Return ``pull_request`` with action ``closed`` and ``merged`` true."""
        return [Event("pull_request", payloads.pull_request(place, pull, "closed", state.user))]

    def told(self, state: State, place: Place, pull: Pull, what: Told) -> list[Event]:
        """Return ``pull_request`` or ``pull_request_review``."""
        del state
        return [Event(*payloads.told(place, pull, what))]


def headers(delivery: Delivery, secret: str) -> Mapping[str, str]:
    """Return the headers of a delivery, signed."""
    return {
        "user-agent": "GitHub-Hookshot/stand-in",
        "x-github-event": delivery.event,
        "x-github-delivery": delivery.guid,
        "x-github-hook-id": "1",
        "x-github-hook-installation-target-type": "repository",
        "x-hub-signature-256": signing.github(secret, delivery.body),
    }
