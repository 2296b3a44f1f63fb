"""Hookline as its user runs it: web, workers, beat and watch as processes of their own, on a cluster and a forge."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
import yaml

from deploy.local.host import Host
from deploy.local.places import free_port
from deploy.local.processes import Child, Processes
from deploy.local.resting import is_at_rest
from workers import configuration, embedded
from workers.records import Records, connect

REPOSITORY = "your-org/your-repo"
PUBLIC_URL = "https://github.com/your-org/your-repo.git"
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: myapp
spec:
  destination:
    namespace: default
    server: https://kubernetes.default.svc
  project: default
  source:
    path: myapp
    repoURL: https://github.com/your-org/your-repo.git
    targetRevision: main
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
"""


def application(forge: Host) -> str:
    """Return the walkthrough's document for the repository at a forge."""
    return APPLICATION.replace(PUBLIC_URL, forge.public_url(REPOSITORY))


class Stack:
    """Hookline's processes in a folder of their own; use it as a context manager.

    ``forge`` must not know its webhook yet: the stack adds it. ``settings`` go over the configuration made here
    (``{"sync": {"lease": 2}}``). ``clone_urls`` maps more repositories to their clone URLs.
    """

    def __init__(
        self,
        folder: Path,
        kubeconfig: Path,
        forge: Host,
        *,
        workers: int = 1,
        watch: bool = True,
        beat: bool = True,
        settings: dict[str, Any] | None = None,
        clone_urls: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.forge = forge
        self.catalog = folder / "catalog"
        self.catalog.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.hook_url = f"{self.url}/hooks/main"
        self.config = folder / "hookline.yaml"
        self._workers, self._watch, self._beat = workers, watch, beat
        self._processes = Processes(folder / "logs")
        self.children: dict[str, Child] = {}
        self.environment = {
            **os.environ,
            "HOOKLINE_CONFIG": str(self.config),
            "DEMO_HOOK_SECRET": forge.secret,
            "DEMO_FORGE_TOKEN": forge.token,
            "DEMO_TOKEN_KEY": secrets.token_hex(32),
        }
        urls = {forge.public_url(REPOSITORY): forge.clone_url(REPOSITORY), **(clone_urls or {})}
        written = merged(self._configuration(kubeconfig, urls), settings or {})
        self.config.write_text(yaml.safe_dump(written, sort_keys=False))

    def _configuration(self, kubeconfig: Path, urls: dict[str, str]) -> dict[str, Any]:
        return {
            "url": self.url,
            "data": "data",
            "edge": {"port": self.port},
            "catalog": {"folders": ["catalog"]},
            "clusters": {"demo": {"kubeconfig": str(kubeconfig)}},
            "hooks": {"main": {"forge": self.forge.kind, "secrets": ["env:DEMO_HOOK_SECRET"], "repositories": ["**"]}},
            "forges": {"stand-in": {"kind": self.forge.kind, "api": self.forge.api, "token": "env:DEMO_FORGE_TOKEN"}},
            "repositories": [{"url": url, "clone": clone} for url, clone in urls.items()],
            "issuers": [{"issuer": "hookline", "key": "env:DEMO_TOKEN_KEY"}],
        }

    def __enter__(self) -> Stack:
        try:
            self.start_all()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def command(self) -> list[str]:
        """How the ``hookline`` command is run here."""
        return [sys.executable, "-m", "workers.cli"]

    def start_all(self) -> None:
        """Start every process, tell the forge where deliveries go, and return when the edge is ready."""
        embedded.ensure(self.folder / "data")
        self.start("web")
        for number in range(1, self._workers + 1):
            self.start(f"worker-{number}")
        if self._beat:
            self.start("beat")
        if self._watch:
            self.start("watch")
        self.forge.add_webhook(self.hook_url)
        self.wait_ready()

    def start(self, name: str) -> Child:
        """Start one process: ``web``, ``worker-<n>``, ``beat`` or ``watch``."""
        command = name.partition("-")[0]
        arguments = [*self.command, command]
        if command == "worker":
            arguments += ["--name", name]
        self.children[name] = self._processes.start(name, arguments, env=self.environment)
        return self.children[name]

    def kill(self, name: str) -> None:
        """End one process as ``kill -9`` does, with all its children."""
        child = self.children.pop(name)
        child.kill()
        self._processes.forget(child)

    def wait_ready(self) -> None:
        """Return when the edge can record deliveries."""
        with httpx2.Client(timeout=5) as client:
            self._processes.wait_until(lambda: _is_ready(client, self.url), "the web process to be ready")

    def check(self) -> None:
        """Raise when a process ended that nobody stopped."""
        self._processes.check()

    def rest(self, seconds: float = 60.0) -> None:
        """Return when all that was accepted is done and told."""
        records = self.records()
        self._processes.wait_until(lambda: is_at_rest(records), "Hookline to come to rest", seconds)

    def records(self) -> Records:
        """Return the records the processes share."""
        return connect(configuration.load(self.config))

    def log(self, name: str) -> str:
        """Return what a process logged."""
        return (self.folder / "logs" / f"{name}.log").read_text("utf-8", "replace")

    def stop(self) -> None:
        """Stop every process, then Redis."""
        self._processes.stop()
        embedded.stop(self.folder / "data")


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``over`` laid over it, group by group."""
    found = dict(base)
    for name, value in over.items():
        old = found.get(name)
        found[name] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def _is_ready(client: httpx2.Client, url: str) -> bool:
    try:
        return client.get(f"{url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False
