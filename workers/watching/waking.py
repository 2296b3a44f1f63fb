"""Wakes syncs that wait for something to happen in the cluster, when something does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from workers.context import Context

APART_SECONDS: Final = 0.05
"""The least time between two rounds of messages: a rollout changes an object many times a second."""
BATCH: Final = 500
"""Apps asked about in one round trip."""


class Waker:
    """Sends looks to apps whose objects changed, if they have a sync that waits."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._next = 0.0

    def wake(self, apps: Iterable[str], now: float) -> set[str]:
        """Wake those of ``apps`` that wait; return those that are to be asked for again soon.

        An app for which a message is on its way gets no second one: whoever takes that sees the change. A worker that
        has the app now may have looked before the change: it is asked for again once the worker is done. ``now`` is
        in seconds of any clock.
        """
        found = sorted(apps)
        if not found or now < self._next:
            return set(found)
        self._next = now + APART_SECONDS
        later: set[str] = set()
        watchers = self._context.records.watchers
        for first in range(0, len(found), BATCH):
            astir = watchers.astir(found[first : first + BATCH])
            if not astir:
                continue
            standing = watchers.standing(astir)
            later.update(app for app, one in standing.items() if one.leased)
            for app in watchers.nudge([app for app, one in standing.items() if one.flies and not one.leased]):
                self._context.counter.send(app)
        return later
