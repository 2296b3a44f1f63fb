"""HTTP/1.1 with a bound on a request's head: in bytes, and in the time it may take to arrive.

uvicorn bounds neither with its fast parser, so a stranger could hold a connection open, or memory, one byte at a time.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Protocol(HttpToolsProtocol):
    """One connection. ``most_head`` is in bytes, ``head_seconds`` counts from the connection or the head's begin."""

    def __init__(self, *arguments: Any, most_head: int, head_seconds: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._most_head = most_head
        self._head_seconds = head_seconds
        self._head = 0
        self._in_head = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to count."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Parse; cut the connection when the head grows beyond the bound."""
        before = self._in_head
        super().data_received(data)
        if not (before and self._in_head):
            return
        self._head += len(data)
        if self._head > self._most_head and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins, the first one or the next on this connection."""
        super().on_message_begin()
        if not self._in_head:
            self._in_head, self._head = True, 0
            self._arm()

    def on_headers_complete(self) -> None:
        """The head is whole: what follows is bounded by whoever reads the body."""
        self._in_head, self._head = False, 0
        self._disarm()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting."""
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        self._disarm()
        self._timer = self.loop.call_later(self._head_seconds, self._late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
