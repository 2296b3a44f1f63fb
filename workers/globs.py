"""Globs of the API's rights: over app names, and over claims of foreign tokens. Linear in time, whatever the pattern.

Only ``*`` is special: any run of characters within one segment, where segments end at ``/`` and ``:``; a last segment
``**`` takes one segment or more. Every other sign stands for itself, in its case; ``? [ ] { } ! \\`` are refused,
so that a glob which means something elsewhere (``[!a]``) cannot mean nearly everything here. Texts are printable
ASCII: a look-alike from another alphabet matches nothing, not even ``*``.
"""

from __future__ import annotations

import re

LONGEST = 256
"""Characters of a glob and of a text."""

_GLOB = re.compile(r"[A-Za-z0-9 _.,@#$%&()+=~;'/:*-]{1,256}")
_SEPARATORS = re.compile(r"([/:])")


def fault(glob: str) -> str:
    """Return what is wrong with a glob, as the end of a sentence; "" when nothing is. Pure."""
    if not _GLOB.fullmatch(glob):
        return f"must have 1 to {LONGEST} letters, digits and signs, and nothing special but `*`"
    if any("**" in part and (part != "**" or last) for part, last in _segments(glob)):
        return "may have `**` only as its last segment"
    return ""


def matches(text: str, glob: str) -> bool:
    """Whether a glob stands for the whole of a text; one that :func:`fault` refuses stands for nothing. Pure."""
    if fault(glob) or not 0 < len(text) <= LONGEST or not (text.isascii() and text.isprintable()):
        return False
    wanted, found = _SEPARATORS.split(glob), _SEPARATORS.split(text)
    if wanted[-1] == "**" and len(found) >= len(wanted):
        if not all(found[len(wanted) - 1 :: 2]):
            return False
        wanted, found = wanted[:-1], found[: len(wanted) - 1]
    return len(wanted) == len(found) and all(map(_within, found, wanted))


def _segments(glob: str) -> list[tuple[str, bool]]:
    """Return each segment, and whether another one follows."""
    parts = _SEPARATORS.split(glob)[::2]
    return [(part, place < len(parts) - 1) for place, part in enumerate(parts)]


def _within(text: str, glob: str) -> bool:
    """Whether one segment matches: its pieces between the stars come in order. Greedy, so no way back is tried."""
    if "*" not in glob:
        return text == glob
    first, *middle, last = glob.split("*")
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        place = text.find(piece, at, end)
        if place < 0:
            return False
        at = place + len(piece)
    return True
