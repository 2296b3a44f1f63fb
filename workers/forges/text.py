"""Making a text fit where a forge shows it, and reading the times it writes."""

from __future__ import annotations

import unicodedata
from datetime import datetime

_JOINERS = "\u200c\u200d"  # part of emoji and of some scripts, unlike every other format character


def plain(text: str) -> str:
    """Return ``text`` as one line: each run of white space and control characters becomes one space.

    Format characters that can reorder a line (U+202E) and lone surrogates, which no JSON may hold, go too.
    """
    return " ".join("".join(" " if _is_control(char) else char for char in text).split())


def cut(text: str, limit: int) -> str:
    """Return ``text`` as one line of at most ``limit`` characters (code points, as forges count).

    A longer text ends with "…" after a whole word, or inside the word when it is all there is.
    """
    text = plain(text)
    if len(text) <= limit:
        return text
    room = text[: limit - 1]
    whole, space, _ = room.rpartition(" ")
    # text[limit - 1] is the first character left out: a space there means that the last word fits
    kept = room if text[limit - 1] == " " or not space else whole
    return kept.rstrip(" ,;:" + _JOINERS) + "…"


def moment(value: object) -> float:
    """Return a forge's time as epoch seconds, 0.0 for what is none. Pure."""
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else 0.0
    except (ValueError, OverflowError):
        return 0.0


def _is_control(char: str) -> bool:
    category = unicodedata.category(char)
    return category in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and char not in _JOINERS)
