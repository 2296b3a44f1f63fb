"""A scripted HTTP server in the API server's place, and kubeconfigs to reach things by."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from workers.kube import Client, Resource

CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", True, ())
SECRETS = Resource("", "v1", "Secret", "secrets", True, ())

_CORE = [
    {"resource": "configmaps", "responseKind": {"kind": "ConfigMap"}, "scope": "Namespaced", "verbs": ["get"]},
    {"resource": "secrets", "responseKind": {"kind": "Secret"}, "scope": "Namespaced", "verbs": ["get"]},
    {"resource": "namespaces", "responseKind": {"kind": "Namespace"}, "scope": "Cluster", "verbs": ["get"]},
]


def discovery(*groups: dict[str, Any]) -> bytes:
    """Return an aggregated discovery document."""
    return json.dumps({"kind": "APIGroupDiscoveryList", "items": groups}).encode()


CORE = {"metadata": {}, "versions": [{"version": "v1", "resources": _CORE, "freshness": "Current"}]}


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    port: int

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Reply:
    """One answer. Without ``headers`` not even a content type is sent; ``drop`` closes the connection instead."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hold: threading.Event | None = None


def status(code: int, message: str = "no", **more: Any) -> Reply:
    """Return a Status object as an answer."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code, **more}
    return Reply(code, json.dumps(body).encode(), {"Content-Type": "application/json"})


class Scripted(ThreadingHTTPServer):
    """Answers ``replies`` in turn, then ``{}``; answers discovery by itself unless ``discovered`` is emptied."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list[Reply] = []
        self.asked: list[Asked] = []
        self.discovered = {"/api": discovery(CORE), "/apis": discovery()}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def writes(self) -> list[Asked]:
        """The requests that could have changed something."""
        return [asked for asked in self.asked if asked.method != "GET"]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a client hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        document = self.server.discovered.get(parts.path)
        if document is not None:
            self.reply(Reply(200, document, {"Content-Type": "application/json"}))
            return
        self.server.asked.append(Asked(self.command, parts.path, query, headers, body, self.client_address[1]))
        self.reply(self.server.replies.pop(0) if self.server.replies else Reply())

    def reply(self, reply: Reply) -> None:
        if reply.drop:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.hold:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if reply.body:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(reply.body), reply.body))
                self.wfile.flush()
            reply.hold.wait(30)
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A scripted server."""
    with Scripted() as scripted:
        thread = threading.Thread(target=scripted.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield scripted
        scripted.shutdown()
        thread.join()


Kubeconfig = Callable[..., Path]


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Kubeconfig:
    """A function that writes a kubeconfig for a server and user."""

    def write(url: str, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
        path = tmp_path / "kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": url, **cluster}}],
            "users": [{"name": "it", "user": user or {}}],
        }
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    return write


@pytest.fixture
def scripted_client(server: Scripted, kubeconfig: Kubeconfig) -> Client:
    """A client of the scripted server."""
    return Client.from_kubeconfig(kubeconfig(server.url, {"token": "first"}), None)
