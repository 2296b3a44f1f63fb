"""A real chart repository: static files over https (or http) with a throw-away authority, and what it was asked."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.server
import io
import ssl
import tarfile
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2
import yaml

from deploy.local.pki import Authority

TOKEN = "t0ken-of-the-registry"
CHART = "apiVersion: v2\nname: {name}\nversion: {version}\n"
SHOWN = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-shown}
data: {version: {{ .Chart.Version | quote }}, values: {{ .Values | toJson | quote }}}
"""


def packed(
    files: Mapping[str, bytes | str], top: str = "", more: Callable[[tarfile.TarFile], None] | None = None
) -> bytes:
    """Return a ``.tar.gz``, the same for the same files; ``more`` adds what no honest archive has."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packing, tarfile.open(fileobj=packing, mode="w") as tar:
        for name, content in files.items():
            raw = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(f"{top}/{name}" if top else name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
        if more:
            more(tar)
    return out.getvalue()


def chart(version: str, name: str = "shop", **files: str) -> bytes:
    """Return a chart's archive that shows its version and values."""
    said = {
        "Chart.yaml": CHART.format(name=name, version=version),
        "values.yaml": "a: chart\n",
        "templates/a.yaml": SHOWN,
    }
    return packed({**said, **files}, name)


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Shop:
    """The server. ``files`` maps a path to its bytes, or to a function that answers; ``asked`` is what came in."""

    tls: bool = True
    files: dict[str, bytes | Callable[[Any], None]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    login: str = ""
    behind: str = ""
    """A registry that stands behind this server, which asks for a token before it passes anything on."""
    realm: str = ""
    """Where that token comes from; this server's ``/token`` without it."""
    certificate: bytes = b""

    def __enter__(self) -> Self:
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                shop.answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Clients of hostile answers hang up."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if self.tls:
            authority = Authority()
            self.certificate = authority.certificate
            pair = authority.server(["localhost", "127.0.0.1"])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with_key = self._written(pair.certificate + pair.key)
            context.load_cert_chain(with_key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def _written(self, content: bytes) -> str:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(content)
        self._kept = Path(file.name)
        return file.name

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        if self.tls:
            self._kept.unlink()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self.tls else 'http'}://localhost:{self._server.server_address[1]}"

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one request as a static server does: with an ETag, and 401 where a login is needed."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.path, headers))
        if self.behind and request.path.startswith(("/v2/", "/token")):
            return self._passed_on(request, headers)
        wanted = f"Basic {base64.b64encode(self.login.encode()).decode()}" if self.login else ""
        if wanted and headers.get("authorization") != wanted:
            return self.say(request, 401, b"")
        found = self.files.get(request.path.partition("?")[0])
        if found is None:
            return self.say(request, 404, b"")
        if callable(found):
            return found(request)
        tag = f'"{hashlib.sha256(found).hexdigest()}"'
        if headers.get("if-none-match") == tag:
            return self.say(request, 304, b"")
        return self.say(request, 200, found, etag=tag)

    def _passed_on(self, request: http.server.BaseHTTPRequestHandler, headers: dict[str, str]) -> None:
        """Be a registry with tokens: the token is for who shows the login, and opens what is behind."""
        basic = f"Basic {base64.b64encode(self.login.encode()).decode()}"
        if request.path.startswith("/token"):
            if self.login and headers.get("authorization") != basic:
                return self.say(request, 401, b"")
            return self.say(request, 200, b'{"token": "' + TOKEN.encode() + b'"}')
        if headers.get("authorization") != f"Bearer {TOKEN}":
            realm = self.realm or f"{self.url}/token"
            asks = f'Bearer realm="{realm}",service="shop",scope="repository:everything:push"'
            return self.say(request, 401, b"", www_authenticate=asks)
        if callable(found := self.files.get(request.path.partition("?")[0])):
            return found(request)
        got = httpx2.get(f"{self.behind}{request.path}", headers={"accept": headers["accept"]}, trust_env=False)
        kept = {name: value for name, value in got.headers.items() if name in ("docker-content-digest", "link")}
        return self.say(request, got.status_code, got.content, **kept)

    @staticmethod
    def say(request: http.server.BaseHTTPRequestHandler, code: int, body: bytes, **headers: str) -> None:
        """Write a whole answer."""
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def publish(self, archives: Mapping[str, bytes], name: str = "shop", **changes: Any) -> None:
        """Offer versions of one chart, as ``helm repo index`` writes it; ``changes`` are to every entry."""
        entries = []
        for version, content in archives.items():
            self.files[f"/charts/{name}-{version}.tgz"] = content
            entry = {"name": name, "version": version, "digest": hashlib.sha256(content).hexdigest()}
            entries.append({**entry, "urls": [f"{name}-{version}.tgz"], **changes})
        self.files["/charts/index.yaml"] = yaml.safe_dump({"apiVersion": "v1", "entries": {name: entries}}).encode()

    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [path for path, _ in self.asked]
