"""HTTP/1.1 on loopback, as values: a function from :class:`Request` to :class:`Response` served by threads.

The standard library's server and not an ASGI one: a fault must be able to drop a connection with no answer at
all, and a long poll may simply block its thread.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

BODY_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of the largest request body, a push of a demo repository being far smaller."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``path`` is as sent (still quoted), ``headers`` has lower-case keys."""

    method: str
    path: str
    query: Mapping[str, str]
    raw_query: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body read as JSON, or ``None`` when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; code 0 drops the connection without any."""

    code: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json(code: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return ``value`` as a JSON answer."""
    return Response(code, orjson.dumps(value), {"content-type": "application/json; charset=utf-8", **(headers or {})})


class Server:
    """Serves ``answer`` on 127.0.0.1 from threads of this process; ``port`` 0 takes a free one."""

    def __init__(self, answer: Callable[[Request], Response], port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"answer": staticmethod(answer)})
        self._server = _Quiet(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.port = int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer; the port is bound since the constructor."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port. Requests in flight are abandoned."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.close_all()


class _Quiet(ThreadingHTTPServer):
    """A server that knows its connections, so that stopping closes them, and says nothing when one breaks."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        self.server_close()
        with self._guard:
            connections = list(self._open)
        for connection in connections:
            _cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is not worth a trace; anything else is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "hookline-stand-in"
    sys_version = ""
    disable_nagle_algorithm = True
    answer: Callable[[Request], Response]

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
            self._send(Response(413))
            return
        parts = urlsplit(self.path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self._send(type(self).answer(Request(self.command, parts.path, query, parts.query, headers, body)))

    def _send(self, response: Response) -> None:
        if response.code == 0:
            self.close_connection = True
            _cut(self.connection)
            return
        self.send_response(response.code)
        for key, value in response.headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _body(self) -> bytes | None:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        length = int(self.headers.get("content-length") or 0)
        return self.rfile.read(length) if length <= BODY_LIMIT else None

    def _chunks(self) -> bytes | None:
        """Git sends a push over 1 MB in chunks; trailers are read and dropped."""
        body = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            if len(body) + size > BODY_LIMIT:
                return None
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return bytes(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's word
        """Say nothing: the forge keeps its own list of calls."""

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class's words


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have been faster
        connection.shutdown(socket.SHUT_RDWR)
