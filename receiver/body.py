"""Reads a request's body within bounds: of size, before it is held, of time, and of memory for all bodies together."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

IN_MEMORY = 256 * 1024
"""Bytes of a body that are held in memory while it arrives; the rest of a larger one waits in a file."""


class TooLarge(Exception):
    """More bytes came, or were announced, than we take."""


class TooSlow(Exception):
    """The body was not complete in time."""


async def read_bounded(request: Request, limit: int, seconds: float) -> bytes:
    """Return the raw body of at most ``limit`` bytes that came within ``seconds``; for small limits.

    Stops at the first byte too many, whatever Content-Length said. Raises :class:`TooLarge` or :class:`TooSlow`.
    """
    async with bounded(request, limit, seconds, asyncio.Semaphore()) as body:
        return body


@contextlib.asynccontextmanager
async def bounded(request: Request, limit: int, seconds: float, turns: asyncio.Semaphore) -> AsyncIterator[bytes]:
    """Give the raw body for the time of the block, as :func:`read_bounded`.

    A large body takes a turn of ``turns`` for that time: so many large bodies are in memory at once and no more,
    however many arrive.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge
    with contextlib.ExitStack() as files:
        parts, file = await _received(request, limit, seconds, files)
        if file is None:
            yield b"".join(parts)
            return
        async with turns:
            file.seek(0)
            yield file.read()


async def _received(
    request: Request, limit: int, seconds: float, files: contextlib.ExitStack
) -> tuple[list[bytes], IO[bytes] | None]:
    parts: list[bytes] = []
    size = 0
    file: IO[bytes] | None = None
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise TooLarge
                if file is not None:
                    file.write(part)
                    continue
                parts.append(part)
                if size > IN_MEMORY:
                    file = files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 -- `files` closes it
                    file.writelines(parts)
                    parts.clear()
    except TimeoutError:
        raise TooSlow from None
    return parts, file
