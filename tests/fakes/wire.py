"""A proxy that passes streams on as they come, and can be cut in the middle of a line, or freeze."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

import httpx2

from tests.fakes.proxy import Proxy, onward


class Passed(NamedTuple):
    """One request that came by."""

    method: str
    path: str
    accept: str


class Wire(Proxy):
    """Passes everything on."""

    def __init__(self, client: httpx2.Client, upstream: str) -> None:
        super().__init__(client, upstream)
        self._streams: set[Any] = set()
        self._cutting: set[Any] = set()
        self._frozen: set[Any] = set()
        self.passed: list[Passed] = []
        self.closed = False
        """Whether new requests are hung up on."""

    def _let_go(self) -> None:
        self.cut()

    @property
    def watches(self) -> int:
        """How many streams are open."""
        with self._lock:
            return len(self._streams)

    def cut(self, *, amid: bool = False) -> None:
        """End all open streams: now, or (``amid``) in the middle of the next line of each."""
        with self._lock:
            if amid:
                self._cutting |= self._streams
                return
            for stream in self._streams:
                stream.connection.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Let nothing through any more on the streams open now, and close none."""
        with self._lock:
            self._frozen |= self._streams

    def _pass(self, handler: BaseHTTPRequestHandler) -> None:
        if self.closed:
            handler.close_connection = True
            return
        headers = dict(onward(handler.headers.items()))
        self.passed.append(Passed(handler.command, handler.path, handler.headers.get("Accept", "")))
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        url = self._upstream + handler.path
        timeout = httpx2.Timeout(10, read=None)
        with self._client.stream(handler.command, url, content=body, headers=headers, timeout=timeout) as answer:
            handler.send_response(answer.status_code)
            for name, value in onward(answer.headers.items()):
                handler.send_header(name, value)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            if "watch=true" not in handler.path:
                self._relay(handler, answer)
                return
            with self._lock:
                self._streams.add(handler)
            try:
                self._relay(handler, answer)
            except (OSError, httpx2.TransportError):
                handler.close_connection = True
            finally:
                with self._lock:
                    for known in (self._streams, self._cutting, self._frozen):
                        known.discard(handler)

    def _relay(self, handler: BaseHTTPRequestHandler, answer: httpx2.Response) -> None:
        handler.wfile.flush()
        for data in answer.iter_bytes():
            if handler in self._frozen:
                continue
            chunk = b"%x\r\n%s\r\n" % (len(data), data)
            if handler in self._cutting:
                handler.wfile.write(chunk[: len(chunk) // 2])
                handler.wfile.flush()
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True
                return
            handler.wfile.write(chunk)
            handler.wfile.flush()
        handler.wfile.write(b"0\r\n\r\n")
