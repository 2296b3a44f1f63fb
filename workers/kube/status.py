"""Failures in the API server's own words (``Status`` objects), read into values. Nothing here does I/O.

What is no ``Status`` (a load balancer's page, an empty answer, a wrong content type) is read too: it then has no
reason, and ``spoken`` is false.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from workers.kube.calls import Answer

_TAGS = re.compile(r"<(style|script|head)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Cause:
    """One of ``details.causes``: what is wrong with one field."""

    reason: str
    message: str
    field: str


@dataclass(frozen=True, slots=True)
class Said:
    """One failure. ``spoken`` is whether the API server itself spoke; ``name`` and ``kind`` are what it spoke of.

    ``retry_after`` is in seconds, ``None`` when no wait was asked for.
    """

    code: int
    message: str
    reason: str = ""
    kind: str = ""
    name: str = ""
    causes: tuple[Cause, ...] = ()
    retry_after: float | None = None
    spoken: bool = True


def read(answer: Answer) -> Said:
    """Read an answer of any shape; never raises."""
    document = _json(answer.body)
    if isinstance(document, dict) and document.get("kind") == "Status":
        return of(document, answer.status, _seconds(answer.headers.get("retry-after")))
    text = _TAGS.sub(" ", answer.body[:4000].decode("utf-8", "replace"))
    return Said(
        answer.status, " ".join(text.split()), retry_after=_seconds(answer.headers.get("retry-after")), spoken=False
    )


def of(document: Mapping[str, Any], code: int = 0, retry_after: float | None = None) -> Said:
    """Read a ``Status`` object, such as the one in a watch's ERROR event; ``code`` counts when it names none."""
    details = document.get("details")
    details = details if isinstance(details, dict) else {}
    causes = details.get("causes")
    return Said(
        code=code or _number(document.get("code")),
        message=_text(document.get("message")),
        reason=_text(document.get("reason")),
        kind=_text(details.get("kind")),
        name=_text(details.get("name")),
        causes=tuple(
            Cause(_text(one.get("reason")), _text(one.get("message")), _text(one.get("field")))
            for one in (causes if isinstance(causes, list) else ())
            if isinstance(one, dict)
        ),
        retry_after=retry_after if retry_after is not None else _seconds(details.get("retryAfterSeconds")),
    )


def _json(body: bytes) -> object:
    try:
        document: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _seconds(value: object) -> float | None:
    """Seconds to wait; dates, which the API server never sends, and zero count as nothing said."""
    text = str(value) if isinstance(value, (int, str)) else ""
    return float(text) if 0 < len(text) <= 6 and text.isascii() and text.isdigit() and int(text) else None
