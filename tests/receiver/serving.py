"""The web process as its user runs it, for tests that need a socket, another address or a server to kill."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson
import psutil
import yaml

from deploy.local.places import free_port
from tests.receiver.conftest import APPLICATION, KEY, SECRET


@dataclass
class Web:
    """A running web process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def hook(self) -> str:
        """The GitHub hook's address."""
        return f"http://127.0.0.1:{self.port}/hooks/github"

    def memory(self) -> int:
        """Resident memory in bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def connect(self) -> socket.socket:
        """Open a connection that no library tidies up."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        made.settimeout(30)
        return made

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def configuration(folder: Path, redis_url: str, port: int, **more: Any) -> Path:
    """Write a configuration with a GitHub hook and one app; return its path."""
    (folder / "catalog").mkdir(exist_ok=True)
    (folder / "catalog" / "myapp.yaml").write_text(APPLICATION)
    (folder / "redis-url").write_text(redis_url)
    (folder / "secret").write_text(SECRET)
    (folder / "key").write_text(KEY)
    value = {
        "data": str(folder),
        "redis": {"url": f"file:{folder / 'redis-url'}"},
        "edge": {"port": port} | more.pop("edge", {}),
        "hooks": {"github": {"forge": "github", "secrets": [f"file:{folder / 'secret'}"]}},
        "issuers": [{"issuer": "hookline", "key": f"file:{folder / 'key'}"}],
        **more,
    }
    path = folder / "hookline.yaml"
    path.write_text(yaml.safe_dump(value))
    return path


def start(config: Path, port: int) -> Web:
    """Start the web process and wait until it is ready."""
    environment = os.environ | {"HOOKLINE_CONFIG": str(config), "HOOKLINE_LOG__LEVEL": "error"}
    process = subprocess.Popen([sys.executable, "-m", "receiver"], env=environment)
    web = Web(port, process)
    transport = httpx2.HTTPTransport(retries=0)
    with httpx2.Client(transport=transport, timeout=5) as client:
        while process.poll() is None:
            with contextlib.suppress(httpx2.HTTPError):
                client.get(f"http://127.0.0.1:{port}/livez")
                return web
            time.sleep(0.02)  # asking without a pause would take the core that it starts on
    raise RuntimeError(f"the web process ended with {process.returncode}")


@contextlib.contextmanager
def serving(folder: Path, redis_url: str, **more: Any) -> Iterator[Web]:
    """Run the web process for the time of the block."""
    port = free_port()
    web = start(configuration(folder, redis_url, port, **more), port)
    try:
        yield web
    finally:
        web.kill()


def signed_push(
    after: str, ref: str = "refs/heads/main", padding: int = 0, secret: str = SECRET
) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a GitHub push, with so many bytes of commit messages."""
    payload = {
        "ref": ref,
        "before": "b" * 40,
        "after": after,
        "repository": {
            "id": 1,
            "full_name": "your-org/your-repo",
            "clone_url": "https://github.com/your-org/your-repo.git",
        },
        "commits": [{"id": after, "message": "x" * padding, "added": [], "removed": [], "modified": ["a"]}],
        "sender": {"login": "ada"},
    }
    body = orjson.dumps(payload)
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": str(uuid.uuid4()),
        "x-hub-signature-256": f"sha256={digest}",
    }
