"""One attempt at a request: what it is about, how far it got, and the two ways it can leave the worker's hands."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

import structlog

from workers import clusters, gate, kube, outcomes, retries
from workers.apps import App
from workers.context import Context
from workers.errors import BadDeclaration, TransientError
from workers.model import Change, Flight, Outcome, Request, Stage, SyncRecord, Why
from workers.records import coding
from workers.stages.lock import Held

log = structlog.get_logger()


class Run:
    """State of one attempt. ``requests`` are the app's open ones, oldest first; the newest is what is done."""

    def __init__(self, context: Context, app: App, held: Held, requests: Sequence[Request], attempts: int = 1) -> None:
        self.context = context
        self.app = app
        self.held = held
        self.requests = requests
        self.request = requests[-1]
        self.attempts = attempts
        self.stage = Stage.LOCK
        self.revision = ""
        self.ref = ""
        self.changes: tuple[Change, ...] = ()
        self.began = context.records.clock()
        self.seconds: dict[str, float] = {}

    @property
    def client(self) -> kube.Client:
        """The client of the app's cluster."""
        return self.context.clusters.client(self.cluster)

    @property
    def cluster(self) -> str:
        """The configured name of the app's cluster."""
        return clusters.name_for(self.context.settings, self.app)

    @contextlib.contextmanager
    def during(self, stage: Stage) -> Iterator[None]:
        """Name the stage for whatever happens inside, and time it. The lease is checked at its begin."""
        self.stage = stage
        self.held.check()
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(stage=stage.value):
            yield
        self.seconds[stage.value] = self.seconds.get(stage.value, 0.0) + time.perf_counter() - began

    def closed(self) -> str:
        """Why the gate is closed to all open requests, or "". One that may pass opens it for the look."""
        reasons = [gate.closed(self.app, request) for request in self.requests]
        return "" if "" in reasons else reasons[-1]

    def by_event(self) -> bool:
        """Whether only forges asked: then an app whose inputs did not change has nothing to do."""
        return all(request.why in (Why.PUSH, Why.MERGE) for request in self.requests)

    def finish(self, outcome: Outcome, text: str, inputs: str | None = None) -> None:
        """End all open requests with this outcome, tell their commits, record the sync."""
        context, progress = self.context, self.context.records.progress
        told = outcomes.reports(
            self.requests,
            outcome,
            text,
            self.revision,
            context.served(self.app, self.revision, self.ref)
            if self.revision and self.request.why is not Why.DRIFT
            else None,
            lambda old: context.mirror(self.app).is_ancestor(old, self.revision),
            self.ref,
        )
        record = SyncRecord(
            app=self.app.name,
            number=self.request.number,
            why=self.request.why,
            who=self.request.who,
            revision=self.revision,
            outcome=outcome,
            text=text,
            stage=self.stage,
            began=self.began,
            ended=context.records.clock(),
            changes=self.changes,
            seconds=self.seconds,
        )
        numbers = [request.number for request in self.requests]
        progress.finish(self.app.name, self.held.token, record, inputs, numbers, told, self.app.digest)
        log.info(
            "sync ended",
            outcome=outcome.value,
            text=text,
            revision=self.revision,
            seconds=record.ended - record.began,
        )
        for commit in told:
            context.counter.publish(coding.commit_id(commit))

    def fail(self, error: Exception) -> None:
        """End in failure; the text names the stage and says what the error says."""
        what = "bad declaration" if isinstance(error, BadDeclaration) else f"{self.stage.value} failed"
        self.finish(Outcome.FAILED, f"{what}: {error}", inputs="")

    def wait(self, flight: Flight) -> None:
        """Leave the worker and wait for health: the watch or the tick brings the app back."""
        due = self.context.records.clock() + self.context.settings.sync.tick_every
        self.context.records.progress.wait(self.app.name, self.held.token, due, flight)

    def retry(self, error: TransientError) -> None:
        """Leave the worker and try again later, or give up when that was tried often enough."""
        seconds = retries.delay(self.context.settings.sync, self.attempts)
        if seconds is None:
            self.finish(Outcome.FAILED, f"{self.stage.value} failed {self.attempts} times: {error}", inputs="")
            return
        log.warning("sync will be tried again", error=str(error), attempts=self.attempts, seconds=seconds)
        due = self.context.records.clock() + seconds
        self.context.records.progress.wait(self.app.name, self.held.token, due, None)
