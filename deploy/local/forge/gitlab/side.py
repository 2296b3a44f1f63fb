"""GitLab as one thing the forge can be: API, events and delivery headers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Final

from deploy.local.forge import signing
from deploy.local.forge.changes import Moved, Place
from deploy.local.forge.gitlab import payloads
from deploy.local.forge.gitlab.api import Api
from deploy.local.forge.hooks import Delivery, Event
from deploy.local.forge.pulls import Pull
from deploy.local.forge.state import State, Told

_NAMES = {"push": "Push Hook", "tag_push": "Tag Push Hook", "merge_request": "Merge Request Hook"}


class GitLab(Api):
    """GitLab, below ``/api/v4``."""

    COMMITS_LIMIT: Final = payloads.COMMITS_LIMIT

    def pushed(self, state: State, place: Place, moves: list[Moved]) -> list[Event]:
        """Return one event per ref that moved, none of a kind of which GitLab finds too many."""
        return [
            Event("tag_push" if move.is_tag else "push", payloads.push(place, move, state.user))
            for move in payloads.deliverable(moves)
        ]

    def merged(self, state: State, place: Place, pull: Pull) -> list[Event]:
        """Return ``merge_request`` with action ``merge``."""
        return [Event("merge_request", payloads.merged(place, pull, state.user))]

    def told(self, state: State, place: Place, pull: Pull, what: Told) -> list[Event]:
        """Return ``merge_request``; only an approval is told of all reviews."""
        del state
        if what.review is not None and what.review.state != "APPROVED":
            return []
        return [Event("merge_request", payloads.told(place, pull, what))]


def headers(delivery: Delivery, secret: str) -> Mapping[str, str]:
    """Return the headers of one attempt: signed when ``secret`` is a signing token (``whsec_…``), else with it.

    ``Idempotency-Key`` is the delivery's; the two UUIDs of GitLab's own are new with each attempt.
    """
    common = {
        "user-agent": "GitLab/stand-in",
        "x-gitlab-event": _NAMES[delivery.event],
        "x-gitlab-instance": "https://gitlab.com",
        "x-gitlab-event-uuid": str(uuid.uuid4()),
        "x-gitlab-webhook-uuid": str(uuid.uuid4()),
        "idempotency-key": delivery.guid,
    }
    if not secret.startswith("whsec_"):
        return {**common, "x-gitlab-token": secret}
    now = int(time.time())
    return {
        **common,
        "webhook-id": delivery.guid,
        "webhook-timestamp": str(now),
        "webhook-signature": signing.standard_webhooks(secret, delivery.guid, now, delivery.body),
    }
