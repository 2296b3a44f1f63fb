"""Answers that all of GitHub's calls have in common. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deploy.local.forge.web import Response, json


def error(code: int, message: str, errors: Sequence[Mapping[str, str]] = ()) -> Response:
    """Return an error as GitHub words it."""
    body: dict[str, Any] = {"message": message, "documentation_url": "https://docs.github.com/rest"}
    if errors:
        body["errors"] = list(errors)
    return json(code, {**body, "status": str(code)})
