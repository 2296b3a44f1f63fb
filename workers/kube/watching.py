"""A watch: the API server's stream of events, read line by line as they come.

Source: "Efficient detection of changes" in the Kubernetes API concepts.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from types import TracebackType
from typing import Any, NamedTuple

import orjson
import urllib3
from urllib3 import exceptions as broken

from workers.kube import refusals, status
from workers.kube.failures import Silent, Unanswered
from workers.kube.sentences import About
from workers.model import Manifest

GRACE_SECONDS = 10.0
"""How much longer than asked for a watch may live before we hang up ourselves."""

SILENCE_SECONDS = 90.0
"""A watch that brings nothing for so long is dead: the API server sends a bookmark about every minute."""

MOST_LINE = 8 << 20
"""Bytes of one event. etcd takes objects of 1.5 MiB by default; JSON may need more to write one."""


class WatchEvent(NamedTuple):
    """``type`` is ADDED, MODIFIED, DELETED or BOOKMARK; of a bookmark only the resourceVersion counts."""

    type: str
    object: Manifest


class Watch:
    """An iterator over the events, which ends when the API server ends it after the time asked for.

    Raises :class:`Expired` when the resourceVersion is too old, :class:`Unanswered` when the stream breaks, and of
    those :class:`Silent` when nothing came for too long. Close it, or use it in a ``with``; :meth:`close` may be called
    from another thread and ends a reader that waits.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, about: About, timeout_seconds: float) -> None:
        self._response = response
        self._about = about
        self._deadline = time.monotonic() + timeout_seconds + GRACE_SECONDS
        self._rest = b""
        self._lines: deque[bytes] = deque()
        self._ended = threading.Event()

    def __iter__(self) -> Watch:
        return self

    def __next__(self) -> WatchEvent:
        while not self._lines:
            if not self._more():
                self._release()
                raise StopIteration
        return self._event(self._lines.popleft())

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def close(self) -> None:
        """End the watch: a thread that waits for the next event gets the end at once."""
        self._ended.set()
        with contextlib.suppress(ValueError, RuntimeError, OSError):  # it has ended already
            self._response.shutdown()

    def _release(self) -> None:
        self._ended.set()
        self._lines.clear()
        self._response.close()

    def _more(self) -> bool:
        """Wait for more bytes and cut them into lines; false when there will be none."""
        if self._ended.is_set() or time.monotonic() > self._deadline:
            return False
        try:
            chunk = self._response.read1(1 << 16)
        except (broken.HTTPError, OSError, ValueError, AttributeError) as error:
            if self._ended.is_set():
                return False
            self._release()
            kind = Silent if isinstance(error, broken.ReadTimeoutError) else Unanswered
            raise kind(f"the watch of {self._about} broke ({type(error).__name__}); trying again") from None
        if len(self._rest) > MOST_LINE:
            self._release()
            raise Unanswered(f"the watch of {self._about} brought an event of more than {MOST_LINE >> 20} MiB")
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._lines.extend(line for line in lines if line.strip())
        return bool(chunk) or bool(self._lines)

    def _event(self, line: bytes) -> WatchEvent:
        event: Any
        try:
            event = orjson.loads(line)
            kind, found = event["type"], event["object"]
        except (orjson.JSONDecodeError, TypeError, KeyError):
            self._release()
            raise Unanswered(f"the watch of {self._about} brought something that is no event; trying again") from None
        if kind == "ERROR":
            self._release()
            raise refusals.of(status.of(found), self._about)
        return WatchEvent(kind, found)
