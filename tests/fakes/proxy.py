"""The frame of the proxies: takes requests in and hands them on, one thread each."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

import httpx2

HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "transfer-encoding",
        "host",
        "content-length",
        "content-encoding",
        "accept-encoding",
    }
)
"""Headers that are about one connection, so each side makes its own."""


def onward(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the headers that are meant for the other side."""
    return ((name, value) for name, value in headers if name.lower() not in HOP)


class Proxy:
    """Listens at ``url`` for what ``_pass`` hands on to ``upstream`` through ``client``. Use it in a ``with`` block."""

    def __init__(self, client: httpx2.Client, upstream: str) -> None:
        self._client = client
        self._upstream = upstream.rstrip("/")
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                proxy._pass(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                del format, args

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing when somebody hangs up."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()
        self._server.shutdown()
        self._server.server_close()

    def _let_go(self) -> None:
        """End what is held up, for nobody can any more."""
        raise NotImplementedError

    def _pass(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request, whose line and headers are read."""
        raise NotImplementedError
