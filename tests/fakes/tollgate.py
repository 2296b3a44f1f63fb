"""A reverse proxy that can hold one request, or answer some itself: before they pass, or after, in bad faith."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

import httpx2

from tests.fakes.proxy import Proxy, onward

Match = Callable[[str, str], bool]
"""(method, path with query) to whether this is the request to hold."""


class Hold:
    """One request to hold. ``reached`` is set when it came; it goes no further until ``release`` is set."""

    def __init__(self, match: Match, *, after: bool) -> None:
        self.match = match
        self.after = after
        self.reached = threading.Event()
        self.release = threading.Event()
        self.taken = False


class Fault(NamedTuple):
    """An answer given instead of the API server's; with ``after``, when the request was carried out all the same."""

    code: int
    reason: str
    after: bool = False

    @property
    def body(self) -> bytes:
        """The answer as the API server would put it."""
        said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "it was not meant to be"}
        return json.dumps({**said, "reason": self.reason, "code": self.code}).encode()


class Tollgate(Proxy):
    """Passes everything on, and remembers what passed."""

    def __init__(self, client: httpx2.Client, upstream: str) -> None:
        super().__init__(client, upstream)
        self._hold: Hold | None = None
        self.passed: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        """Answers to the next requests, the first first."""

    def _let_go(self) -> None:
        if self._hold:
            self._hold.release.set()

    @contextmanager
    def holding(self, match: Match, *, after: bool = False) -> Iterator[Hold]:
        """Hold the first request that matches, until the block ends at the latest."""
        hold = Hold(match, after=after)
        with self._lock:
            self._hold = hold
        try:
            yield hold
        finally:
            with self._lock:
                self._hold = None
            hold.release.set()

    def _caught(self, method: str, path: str) -> Hold | None:
        with self._lock:
            self.passed.append((method, path))
            hold = self._hold
            if hold and not hold.taken and hold.match(method, path):
                hold.taken = True
                return hold
        return None

    def _pass(self, handler: BaseHTTPRequestHandler) -> None:
        hold = self._caught(handler.command, handler.path)
        body = _body(handler)
        if hold and not hold.after:
            hold.reached.set()
            hold.release.wait(60)
            handler.close_connection = True  # who asked is dead by now
            return
        with self._lock:
            # A conflict is only ever the answer to a write.
            meant = self.faults and (self.faults[0].code != 409 or handler.command != "GET")
            fault = self.faults.pop(0) if meant else None
        if fault and not fault.after:
            _answer(handler, fault.code, {"content-type": "application/json"}, fault.body)
            return
        headers = dict(onward(handler.headers.items()))
        answer = self._client.request(handler.command, self._upstream + handler.path, content=body, headers=headers)
        if hold:
            hold.reached.set()
            hold.release.wait(60)
            handler.close_connection = True
            return
        if fault:
            _answer(handler, fault.code, {"content-type": "application/json"}, fault.body)
        else:
            _answer(handler, answer.status_code, answer.headers, answer.content)


def _answer(handler: BaseHTTPRequestHandler, code: int, headers: Mapping[str, str], content: bytes) -> None:
    handler.send_response(code)
    for name, value in onward(headers.items()):
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("transfer-encoding", "").lower() != "chunked":
        return handler.rfile.read(int(handler.headers.get("content-length", 0)))
    parts = []
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        parts.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(parts)
