"""What GitHub enforces and does not describe, and what we enforce on top. Pure.

GitHub's own: 140 characters, an http(s) ``target_url``, 1000 statuses per commit and context, a User-Agent, a
known API version. Ours: no unknown key (GitHub ignores ``contxt``, and the status lands in "default"), a
context that is set, one-line descriptions, and the API version stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

DESCRIPTION_LIMIT: Final = 140
CONTEXT_LIMIT: Final = 255
STATUSES_LIMIT: Final = 1000
VERSIONS: Final = ("2022-11-28", "2026-03-10")

_KEYS = ("context", "description", "state", "target_url")


def denial(headers: Mapping[str, str]) -> tuple[int, str] | None:
    """Return the code and words for a call whose headers GitHub turns away, ``None`` for one with a token."""
    if not headers.get("user-agent"):
        return 403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
    scheme, _, _ = headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "token"):
        return 401, "Requires authentication"
    if headers.get("x-github-api-version") not in VERSIONS:
        return 400, f"the header X-GitHub-Api-Version must be set and one of {', '.join(VERSIONS)}"
    return None


def refusals(body: Mapping[str, Any], written: int) -> list[tuple[str, str]]:
    """Return ``(field, message)`` for each rule a described status body breaks.

    ``written`` is how many statuses its commit and context have.
    """
    found = [(key, f"unknown key, expected one of {', '.join(_KEYS)}") for key in body if key not in _KEYS]
    context, text, url = body.get("context"), body.get("description"), body.get("target_url")
    if not context:
        found.append(("context", "context must be set"))
    elif len(context) > CONTEXT_LIMIT:
        found.append(("context", f"context is too long (maximum is {CONTEXT_LIMIT} characters)"))
    if text and len(text) > DESCRIPTION_LIMIT:
        found.append(("description", f"description is too long (maximum is {DESCRIPTION_LIMIT} characters)"))
    if text and any(ord(char) < 32 for char in text):
        found.append(("description", "description must be one line without control characters"))
    if url is not None and not is_url(url):
        found.append(("target_url", "target_url must use http(s) scheme"))
    if written >= STATUSES_LIMIT:
        found.append(("", "This SHA and context has reached the maximum number of statuses."))
    return found


def is_url(text: str) -> bool:
    """Whether ``text`` is an absolute http or https URL."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
