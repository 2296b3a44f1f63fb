"""How long a forge asks us to stay away. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

SECONDS_MOST: Final = 3600.0
"""The longest wait believed: every quota in question renews within the hour."""
SECONDS_UNSAID: Final = 60.0
"""The wait after "too many calls" that names none (GitHub docs, "Best practices for using the REST API")."""


def wait(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait that an answer's headers ask for, or ``None`` when they ask for none.

    ``retry-after`` (seconds or an HTTP date) goes first; then a used-up quota (``x-ratelimit-remaining`` or
    GitLab's ``ratelimit-remaining`` is 0) until it renews. ``now`` is seconds since the epoch. The result is
    between 1 and :data:`SECONDS_MOST`.
    """
    seconds = _retry_after(headers.get("retry-after", ""), now)
    if seconds is None:
        for prefix in ("x-ratelimit-", "ratelimit-"):
            if headers.get(prefix + "remaining", "").strip() == "0":
                reset = _number(headers.get(prefix + "reset", ""))
                seconds = SECONDS_UNSAID if reset is None else reset - now
                break
    return None if seconds is None else min(max(seconds, 1.0), SECONDS_MOST)


def _retry_after(text: str, now: float) -> float | None:
    seconds = _number(text)
    if seconds is not None or not text.strip():
        return seconds
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
