"""How long a forge asks us to stay away, and how much it takes. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

SECONDS_MOST: Final = 3600.0
"""The longest wait believed: every quota in question renews within the hour."""
SECONDS_UNSAID: Final = 60.0
"""The wait after "too many calls" that names none (GitHub docs, "Best practices for using the REST API")."""

PER_MINUTE: Final[Mapping[str, int]] = {"github": 80}
"""Writes of one account within a minute, where a forge has such a limit (GitHub docs, "Rate limits for the REST API":
80 requests that create content)."""
OTHERS: Final = 600
"""Those of other forges: GitLab.com takes 2,000 requests a minute, and a write of ours asks up to three times."""

COMMENTS: Final[Mapping[str, int]] = {
    "github": 65_536,
    "gitlab": 1_000_000,
    "gitea": 65_536,
    "forgejo": 65_536,
    "bitbucket": 32_767,
    "bitbucket-data-center": 32_767,
}
"""Characters (code points) of the longest comment a forge takes: GitHub's "Body is too long (maximum is 65536
characters)"; GitLab docs, "Notes API"; Bitbucket's "a non-empty value less than 32768 characters". Gitea takes any
length; ours is GitHub's there, which a page can still show."""
MARKER: Final = 500
"""Characters kept free for the line by which we know our comment."""


def comment(kind: str) -> int:
    """Return the characters that one part of a comment may have. Pure."""
    return COMMENTS.get(kind, min(COMMENTS.values())) - MARKER


def writes(kind: str, *, is_first: bool) -> int:
    """Return how many writes of the last minute leave room for one more. Pure.

    ``is_first`` is for a status that stands for all apps: a quarter of the budget is kept for those.
    """
    most = PER_MINUTE.get(kind, OTHERS)
    return most if is_first else most - most // 4


def pause(failures: int, first: float, most: float, asked: float | None) -> float:
    """Return the seconds to wait after so many failures in a row: doubled, or what the forge asked for. Pure."""
    doubled = min(first * 2.0 ** min(failures - 1, 30), most)
    return doubled if asked is None else max(doubled, asked)


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
