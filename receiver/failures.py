"""Counts what failed verification, so that nobody can guess for long. What verifies is never counted."""

from __future__ import annotations

from collections import OrderedDict

WINDOW = 60.0
MOST_SENDERS = 10_000


class Failures:
    """Failures of each (hook, address) in the present minute; ``most`` of them are answered, then the rest waits.

    Holds :data:`MOST_SENDERS` senders and forgets the ones that failed longest ago.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def wait(self, hook: str, address: str, now: float) -> float:
        """Return the seconds until this sender is listened to again; 0.0 when it is now."""
        began, count = self._counts.get((hook, address), (now, 0))
        return max(0.0, began + WINDOW - now) if count >= self._most else 0.0

    def add(self, hook: str, address: str, now: float) -> None:
        """Count one failure."""
        began, count = self._counts.pop((hook, address), (now, 0))
        if now - began >= WINDOW:
            began, count = now, 0
        self._counts[(hook, address)] = (began, count + 1)
        if len(self._counts) > MOST_SENDERS:
            self._counts.popitem(last=False)
