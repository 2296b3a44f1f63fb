"""JSON answers: small, never cached, and silent about anything a stranger should not learn."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response


def answer(code: int, /, **fields: Any) -> Response:
    """Return a JSON answer with these fields."""
    body = orjson.dumps(fields, default=_listed, option=orjson.OPT_APPEND_NEWLINE)
    return Response(body, code, media_type="application/json", headers={"cache-control": "no-store"})


def _listed(value: Any) -> list[Any]:
    """An object's identity is a tuple with names, which orjson does not take for one."""
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def refusal(code: int, error: str, /, **headers: str) -> Response:
    """Return a refusal: one sentence, and extra headers (``_`` in a name is sent as ``-``)."""
    made = answer(code, error=error)
    for name, value in headers.items():
        made.headers[name.replace("_", "-")] = value
    return made
