"""Reads the query of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette import requests


def number(request: requests.Request, name: str, default: int, least: int, most: int) -> int:
    """Return a whole number of the query. Raises ``ValueError`` with a sentence when it is none or out of bounds."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        raise ValueError(f"`{name}` must be a number from {least} to {most}")
    return int(text)
