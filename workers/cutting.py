"""Cuts a connection when its time is over: a server that sends a byte now and then outlives every time-out per read."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import weakref
from typing import Any, Self


class Kept:
    """The connections that a client keeps open to one server for later calls. Safe for threads."""

    def __init__(self) -> None:
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()
        self._guard = threading.Lock()

    def add(self, stream: Any) -> None:
        """Note one (a network stream of httpcore), for as long as the client has it."""
        with self._guard:
            self._streams.add(stream)

    def sockets(self) -> list[socket.socket]:
        """Return the sockets of those that are there."""
        with self._guard:
            return [stream.get_extra_info("socket") for stream in self._streams]


class Cut:
    """A connection that ends at ``deadline`` (of the monotonic clock) at the latest; use it as a context manager.

    A call that goes over one of the ``kept`` connections cannot be told which: then all of them end, and other calls
    that are under way to a server as slow as that are tried again.
    """

    def __init__(self, deadline: float, kept: Kept | None = None) -> None:
        self._deadline, self._kept, self._held = deadline, kept, list[socket.socket]()
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
        if self._kept and event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._kept.add(about["return_value"])

    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._deadline

    def _end(self) -> None:
        for one in (*self._held, *(self._kept.sockets() if self._kept and not self._held else ())):
            with contextlib.suppress(OSError):
                # Not the method of a TLS socket, which would go on in clear text.
                socket.socket.shutdown(one, socket.SHUT_RDWR)
