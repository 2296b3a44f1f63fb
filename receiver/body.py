"""Reads a request's body within bounds: of size, before it is held, and of time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request


class TooLarge(Exception):
    """More bytes came, or were announced, than we take."""


class TooSlow(Exception):
    """The body was not complete in time."""


async def read_bounded(request: Request, limit: int, seconds: float) -> bytes:
    """Return the raw body of at most ``limit`` bytes that came within ``seconds``.

    Stops at the first byte too many, whatever Content-Length said. Raises :class:`TooLarge` or :class:`TooSlow`.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise TooLarge
                parts.append(part)
    except TimeoutError:
        raise TooSlow from None
    return b"".join(parts)
