"""A worker's context on a real cluster, a real Redis and real Git over HTTP, without the processes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from deploy.local import audit_log
from deploy.local.control_plane import ControlPlane
from deploy.local.forge import Checkout, Forge
from deploy.local.simulated import NODES
from deploy.local.stack import APPLICATION, PUBLIC_URL, REPOSITORY
from tests.fixtures import Clock
from workers import context, sweep, sync
from workers.context import Context
from workers.model import Accepted, Commit, Delivery, Report, Request, Sighting, State, Why
from workers.records import Records
from workers.records.coding import commit_id
from workers.settings import Settings

WRITES = ("create", "patch", "update", "delete")


@dataclass
class Counter:
    """Records requests for real and keeps the messages in lists instead of a queue."""

    records: Records
    sent: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    alerted: list[str] = field(default_factory=list)
    commented: list[str] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    inquired: list[str] = field(default_factory=list)
    deployed: list[str] = field(default_factory=list)
    landed: list[str] = field(default_factory=list)

    def accept(
        self,
        delivery: Delivery | None,
        requests: Sequence[Request],
        reports: Sequence[tuple[str, Commit, Report]] = (),
        sightings: Sequence[Sighting] = (),
    ) -> Accepted:
        """Record, then note the messages."""
        accepted = self.records.intake.accept(delivery, requests, reports, sightings)
        self.sent += accepted.fresh
        return accepted

    def send(self, app: str) -> None:
        """Note a message."""
        self.sent.append(app)

    def publish(self, commit: str) -> None:
        """Note a message."""
        self.published.append(commit)

    def alert(self, outbox: str) -> None:
        """Note a message."""
        self.alerted.append(outbox)

    def comment(self, delivery: str) -> None:
        """Note a message."""
        self.commented.append(delivery)

    def plan(self, pull: str) -> None:
        """Note a message."""
        self.planned.append(pull)

    def inquiry(self, name: str) -> None:
        """Note a message."""
        self.inquired.append(name)

    def deploy(self, environment: str) -> None:
        """Note a message."""
        self.deployed.append(environment)

    def land(self, commit: str) -> None:
        """Note a message."""
        self.landed.append(commit)


@dataclass
class Bench:
    """One app, its repository and a worker to look at it."""

    context: Context
    counter: Counter
    checkout: Checkout
    forge: Forge
    forge_data: Path
    cluster: ControlPlane
    namespace: str
    catalog: Path
    clock: Clock
    begin: int
    """Where the audit log ended when this bench was made."""

    def push(self, files: dict[str, str | None], message: str = "change") -> str:
        """Commit files below ``myapp/`` and push them; return the commit."""
        commit = self.checkout.commit({f"myapp/{name}": text for name, text in files.items()}, message)
        self.checkout.push()
        return commit

    def ask(self, revision: str = "", why: Why = Why.PUSH, app: str = "myapp") -> int:
        """Record a request as a push of ``revision`` does; return its number."""
        self.clock.forward(1)
        commit = Commit("main", REPOSITORY, revision, "refs/heads/main") if revision else None
        ref = "refs/heads/main" if revision else ""
        request = Request(app, 0, why, "ada", self.clock(), ref, revision, "guid", commit)
        return self.counter.accept(None, [request]).numbers[app]

    def look(self, app: str = "myapp") -> None:
        """Let a worker look at an app once."""
        sync.look(self.context, app)

    def settle(self, revision: str, app: str = "myapp", seconds: float = 90.0) -> Report:
        """Look again and again, as watch and tick would, until a commit's end; return what it was told."""
        deadline = time.monotonic() + seconds
        while (report := self.told(revision, app)).state is State.PENDING:
            assert time.monotonic() < deadline, (self.waits(app), self.context.records.progress.app(app))
            threading.Event().wait(0.05)
            self.look(app)
        return report

    def drain(self) -> None:
        """Look at every app that a message was sent for, as workers would, until no message is left."""
        while self.counter.sent:
            self.look(self.counter.sent.pop(0))

    def sweep_declared(self) -> None:
        """Ask for what is newly declared and what is gone, as the tick does."""
        self.context.catalog.refresh()
        sweep.ask_declared(self.context)
        self.clock.forward(sweep.GONE_SECONDS)
        sweep.ask_declared(self.context)

    def configure(self, **changes: Any) -> None:
        """Start anew with other settings."""
        self.context.http.close()
        settings = self.context.settings.model_copy(update=changes)
        self.context = context.create(settings, self.context.records, self.counter)

    def look_until(
        self,
        seen: Callable[[], bool],
        app: str = "myapp",
        seconds: float = 90.0,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        """Look again and again until something is seen, doing something else besides."""
        deadline = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < deadline, (self.waits(app), self.context.records.progress.app(app))
            threading.Event().wait(0.05)
            self.look(app)
            also()

    def look_until_done(self, number: int, app: str = "myapp") -> None:
        """Look again and again until a request has an outcome."""
        self.look(app)
        self.look_until(lambda: self.context.records.progress.app(app).done >= number, app)

    def waits(self, app: str = "myapp") -> str:
        """Return what an app says it waits for."""
        flight = self.context.records.progress.flight(app)
        return flight.text if flight else ""

    def finish_job(self, name: str) -> None:
        """Be the scheduler that a Job waits for: its Pod gets a node, and kwok runs it to its end."""
        pods = f"/api/v1/namespaces/{self.namespace}/pods"
        labelled = {"labelSelector": f"batch.kubernetes.io/job-name={name}"}
        deadline = time.monotonic() + 90
        while not (found := self.cluster.client.get(pods, params=labelled).json()["items"]):
            assert time.monotonic() < deadline, f"Job {name} never got a Pod"
            threading.Event().wait(0.05)
        for pod in found:
            target = {"apiVersion": "v1", "kind": "Node", "name": NODES[0]}
            binding = {"metadata": {"name": pod["metadata"]["name"]}, "target": target}
            self.cluster.client.post(f"{pods}/{pod['metadata']['name']}/binding", json=binding).raise_for_status()

    def gone(self, kind: str, name: str) -> None:
        """Wait until an object is gone."""
        self.cluster.kubectl("-n", self.namespace, "wait", "--for=delete", f"{kind}/{name}", "--timeout=90s")

    def mark(self) -> int:
        """Return how long the API server's audit log is now."""
        return audit_log.end(self.cluster.audit_log)

    def asked(self, begin: int) -> Iterator[dict[str, Any]]:
        """Yield what Hookline asked of the API server since its audit log was ``begin`` bytes long."""
        events = audit_log.events(self.cluster.audit_log, begin, "hookline")
        return (event for event in events if event.get("userAgent") == "hookline")

    def writes(self) -> list[str]:
        """Return what Hookline wrote into the namespace so far, in order: ``create Job/one``; no dry runs.

        From the API server's audit log; the inventory is left out.
        """
        found = []
        for event in self.asked(self.begin):
            about = event.get("objectRef") or {}
            ours = about.get("namespace") == self.namespace
            if not ours or event["verb"] not in WRITES or "dryRun" in event["requestURI"]:
                continue
            if about["name" if "name" in about else "resource"].startswith("hookline-"):
                continue
            if event["responseStatus"]["code"] < 300:
                found.append(f"{event['verb']} {about['resource']}/{about.get('name', '')}")
        return found

    def told(self, revision: str, app: str = "myapp") -> Report:
        """Return what a commit was told of an app."""
        name = commit_id(Commit("main", REPOSITORY, revision, "refs/heads/main"))
        return self.context.records.commits.read(name).apps[app]

    def told_on(self, revision: str, ref: str, app: str = "myapp") -> Report:
        """Return what a commit of another ref was told of an app."""
        name = commit_id(Commit("main", REPOSITORY, revision, ref))
        return self.context.records.commits.read(name).apps[app]

    def declare(self, text: str, name: str = "myapp") -> None:
        """Write an app document."""
        (self.catalog / f"{name}.yaml").write_text(text)
        self.context.catalog.refresh()

    def undeclare(self, name: str = "myapp") -> None:
        """Take an app document away. Where walking the folders takes long, the index would know it a moment later."""
        (self.catalog / f"{name}.yaml").unlink()
        self.context.catalog.refresh()

    def get(self, *arguments: str) -> str:
        """Ask kubectl in the app's namespace."""
        return self.cluster.kubectl("-n", self.namespace, "get", *arguments)


@contextlib.contextmanager
def opened(
    folder: Path, cluster: ControlPlane, namespace: str, redis_client: redis.Redis, clock: Clock
) -> Iterator[Bench]:
    """The app of the walkthrough in a namespace of its own, its repository empty."""
    with Forge(folder / "forge") as forge:
        forge.create(REPOSITORY, public_url=PUBLIC_URL)
        (folder / "catalog").mkdir()
        settings = Settings.model_validate(
            {
                "data": folder / "data",
                "catalog": {"folders": [folder / "catalog"]},
                "clusters": {"test": {"kubeconfig": cluster.kubeconfig}},
                "hooks": {"main": {"forge": "github", "secrets": ["env:SECRET"]}},
                "forges": {"stand-in": {"kind": "github", "api": forge.api, "token": "env:SECRET"}},
                "repositories": [{"url": PUBLIC_URL, "clone": forge.clone_url(REPOSITORY)}],
            }
        )
        records = Records(redis_client, clock)
        counter = Counter(records)
        made = Bench(
            context=context.create(settings, records, counter),
            counter=counter,
            forge=forge,
            forge_data=folder / "forge",
            checkout=forge.checkout(REPOSITORY, folder / "checkout"),
            cluster=cluster,
            namespace=namespace,
            catalog=folder / "catalog",
            clock=clock,
            begin=audit_log.end(cluster.audit_log),
        )
        made.declare(APPLICATION.replace("namespace: default", f"namespace: {namespace}"))
        yield made
        made.context.http.close()


@pytest.fixture
def bench(
    tmp_path: Path,
    cluster: ControlPlane,
    namespace: str,
    redis_client: redis.Redis,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Bench]:
    """A bench of its own for one test."""
    monkeypatch.setenv("SECRET", "s" * 20)
    with opened(tmp_path, cluster, namespace, redis_client, clock) as made:
        yield made
