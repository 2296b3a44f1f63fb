"""What Gitea sent to webhooks and what it was answered, read from its database: its API does not tell."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any, Final

from deploy.local.forge.hooks import Attempt, Delivery

_QUERY: Final = """
    SELECT uuid, event_type, payload_content, request_content, response_content, delivered
    FROM hook_task ORDER BY id
"""
_SECONDS: Final = 10.0
"""Seconds to wait while Gitea writes."""


def read(database: Path) -> list[Delivery]:
    """Return every delivery, oldest first; one that was not answered yet has no attempt."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=_SECONDS)
    try:
        return [_delivery(*row) for row in connection.execute(_QUERY)]
    finally:
        connection.close()


def _delivery(guid: str, event: str, body: str, request: str, response: str, at: int) -> Delivery:
    """Gitea calls a delivery delivered when it begins, and notes what came of it and when (nanoseconds) at its end.

    So an attempt here lasts no time.
    """
    asked, answered = _object(request), _object(response)
    code = int(answered.get("status") or 0)
    attempt = Attempt(at / 1e9, code, 0.0, "" if code else str(answered.get("body") or "no answer"))
    return Delivery(guid, event, str(asked.get("url") or ""), body.encode(), (attempt,) if answered else ())


def _object(text: str | None) -> dict[str, Any]:
    return json.loads(text) if text else {}
