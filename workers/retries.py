"""When to try again after a transient failure, and when to give up. Pure."""

from __future__ import annotations

from workers.groups import Sync


def delay(settings: Sync, attempts: int) -> float | None:
    """Return the seconds to wait after attempt number ``attempts`` (from 1), or ``None`` when it was the last.

    Doubles from ``retry_first`` to ``retry_most``.
    """
    if attempts > settings.retry_limit:
        return None
    return min(settings.retry_first * 2.0 ** (attempts - 1), settings.retry_most)
