"""Cuts a connection when its time is over: a server that sends a byte now and then outlives every time-out per read."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any, Self


class Cut:
    """A connection that ends at ``deadline`` (of the monotonic clock) at the latest; use it as a context manager."""

    def __init__(self, deadline: float) -> None:
        self._deadline, self._held = deadline, list[socket.socket]()
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for held in self._held:
            held.close()

    def trace(self, event: str, about: dict[str, Any]) -> None:
        """Note the connection once there is one (httpcore's ``trace`` extension): a second descriptor of it, for the
        first one changes hands when TLS begins.
        """
        if event == "connection.connect_tcp.complete":
            self._held.append(about["return_value"].get_extra_info("socket").dup())
            if self.is_over():
                self._end()

    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._deadline

    def _end(self) -> None:
        for held in self._held:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
