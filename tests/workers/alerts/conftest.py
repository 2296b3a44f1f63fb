"""A context that tells and sends, without a cluster; and services that take alerts: a webhook and a mail server."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.places import free_port
from tests.fixtures import Clock
from tests.workers.conftest import Counter
from workers import context
from workers.apps import App
from workers.context import Context
from workers.records import Records
from workers.settings import Settings

APP = App("shop", "https://github.com/your-org/your-repo.git", ".", "main", "apps/shop.yaml", 1, cluster="test")


class Webhook:
    """An HTTP server on a port of its own. ``status`` is what it answers; ``hangs`` makes it take and not answer."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.status = 200
        self.hangs = False
        self.let_go = threading.Event()
        self.asked = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.asked.set()
                if outer.hangs:
                    outer.let_go.wait(60)
                    return
                if outer.status < 300:
                    outer.messages.append(json.loads(body))
                self.send_response(outer.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self) -> str:
        """Its URL as apprise writes it, with credentials in it."""
        return f"json://someone:pass-word-1@127.0.0.1:{self._server.server_port}/secret-path-2/"

    def stop(self) -> None:
        """End it."""
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """One webhook."""
    made = Webhook()
    yield made
    made.stop()


@pytest.fixture
def another() -> Iterator[Webhook]:
    """One more webhook."""
    made = Webhook()
    yield made
    made.stop()


class Mailbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail."""
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    """A mail server and its port."""
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    yield box, server.port
    server.stop()


class Teller:
    """A context whose targets a test may set."""

    def __init__(self, folder: Path, records: Records) -> None:
        self.folder = folder
        self.counter = Counter(records)
        self.context = self.made({}, records)

    def made(self, alerts: dict[str, Any], records: Records | None = None) -> Context:
        """Return a context with such alerts."""
        settings = Settings.model_validate(
            {
                "data": self.folder,
                "catalog": {"folders": []},
                "clusters": {"test": {"in_cluster": True}},
                "alerts": {"events": False, **alerts},
            }
        )
        return context.create(settings, records or self.context.records, self.counter)

    def targets(self, **targets: dict[str, Any]) -> Context:
        """Configure targets; ``url`` is the URL itself, which becomes a file."""
        for name, target in targets.items():
            place = self.folder / f"{name}-url"
            place.write_text(target.get("url", "json://127.0.0.1:9/nobody"))
            target["url"] = f"file:{place}"
        self.context = self.made({"targets": targets})
        return self.context


@pytest.fixture
def teller(tmp_path: Path, redis_client: redis.Redis, clock: Clock) -> Teller:
    """A context on empty records."""
    return Teller(tmp_path, Records(redis_client, clock))
