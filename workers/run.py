"""One attempt at a request: what it is about, how far it got, and the two ways it can leave the worker's hands."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import structlog

from workers import clusters, gate, kube, outcomes, retries
from workers.apps import App
from workers.context import Context
from workers.errors import BadDeclaration, TransientError
from workers.flight import Flight, Mode
from workers.model import Change, Outcome, Request, Stage, SyncRecord, Why
from workers.projects import Project
from workers.records import coding
from workers.stages.lock import Held

log = structlog.get_logger()


MOST_PATIENCE = 30.0
"""Seconds until a sync that waits is looked at again at the latest, should no watch see it change."""


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
        self.removing = False

    @property
    def client(self) -> kube.Client:
        """The client of the app's cluster."""
        return self.context.clusters.client(self.cluster)

    @property
    def cluster(self) -> str:
        """The configured name of the app's cluster."""
        return clusters.name_for(self.context.settings, self.app)

    @property
    def project(self) -> Project:
        """The app's project."""
        return self.context.catalog.index().project(self.app)

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
        progress.finish(
            self.app.name, self.held.token, record, inputs, numbers, told, "" if self.removing else self.app.digest
        )
        log.info(
            "sync ended",
            outcome=outcome.value,
            text=text,
            revision=self.revision,
            seconds=record.ended - record.began,
        )
        for commit in told:
            context.counter.publish(coding.commit_id(commit))
        self._wake_dependents(outcome)

    def _wake_dependents(self, outcome: Outcome) -> None:
        """Send the apps that wait for this one; ask anew for those that gave up because of it."""
        progress, index = self.context.records.progress, self.context.catalog.index()
        if self.app.parent and progress.flight(self.app.parent):
            self.context.counter.send(self.app.parent)
        for app in index.dependents(self.app.name):
            flight = progress.flight(app.name)
            if flight and flight.mode is Mode.DEPEND:
                self.context.counter.send(app.name)
            elif outcome is Outcome.SUCCEEDED and progress.app(app.name).outcome in (Outcome.FAILED, Outcome.HELD):
                request = Request(app.name, 0, Why.SWEEP, f"app {self.app.name}", self.context.records.clock())
                self.context.counter.accept(None, [request])

    def failure(self, error: Exception) -> str:
        """Return what a failure says: the stage, then the error's own words."""
        what = "bad declaration" if isinstance(error, BadDeclaration) else f"{self.stage.value} failed"
        return f"{what}: {error}"

    def fail(self, error: Exception) -> None:
        """End in failure."""
        self.finish(Outcome.FAILED, self.failure(error), inputs="")

    def fail_as(self, text: str, flight: Flight) -> None:
        """End in failure, or try again later if the app's own retry policy says so; the commit waits for that."""
        policy, tries = self.app.retry, flight.tries + 1
        seconds = policy.delay(tries) if policy else None
        if policy is None or seconds is None or policy.limit < 0:
            self.finish(Outcome.FAILED, text, inputs="")
            if policy and policy.limit < 0 and seconds is not None:
                # For ever is too long for a commit to wait: it is told now, and again when a later try goes well.
                self.context.records.progress.again(self.app.name, self.context.records.clock() + seconds)
            return
        log.warning("sync failed, will be tried again", reason=text, tries=tries, seconds=seconds)
        told = f"try {tries} failed, the next is in {seconds:g} s: {text}"
        again = replace(flight, number=self.request.number, mode=Mode.RETRY, tries=tries, failure="", text=told)
        self.context.records.progress.wait(
            self.app.name, self.held.token, self.context.records.clock() + seconds, again
        )

    def deadline(self, *, long: bool) -> float:
        """Return when a step that begins now has to be well: a hook or another app may take longer than a rollout."""
        settings = self.context.settings.sync
        seconds = max(settings.hook_timeout, settings.health_timeout) if long else settings.health_timeout
        return self.context.records.clock() + (self.app.timeout or seconds)

    def late(self, flight: Flight) -> bool:
        """Whether a step has had its time."""
        return self.context.records.clock() >= flight.deadline

    def store(self, flight: Flight) -> None:
        """Keep where the sync is, and go on."""
        due = self.context.records.clock() + self.context.settings.sync.tick_every
        self.context.records.progress.wait(self.app.name, self.held.token, due, flight)

    def wait(self, flight: Flight) -> None:
        """Leave the worker and wait: the watch brings the app back, or the tick, later the longer it takes."""
        now, every = self.context.records.clock(), self.context.settings.sync.tick_every
        due = now + min(max(every, (now - flight.began) / 4), MOST_PATIENCE)
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
