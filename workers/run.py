"""One attempt at a request: what it is about, how far it got, and the two ways it can leave the worker's hands."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import structlog

from workers import clusters, concerned, dependents, deployed, kube, outcomes, retries, returning, standing, witness
from workers.apps import App, Index
from workers.context import Context
from workers.errors import BadDeclaration, TransientError
from workers.flight import Flight, Mode
from workers.health import Checks
from workers.model import Change, Outcome, Request, Stage, SyncRecord, Why
from workers.projects import Project
from workers.stages.lock import Held
from workers.standing import Standing

log = structlog.get_logger()

MOST_PATIENCE = 30.0
"""Seconds until a sync that waits is looked at again at the latest, should no watch see it change."""


class Run:
    """State of one attempt. ``requests`` are the app's open ones, oldest first; the newest is what is done.

    ``stopped`` is why a look at drift may write nothing, "" when it may.
    """

    def __init__(self, context: Context, app: App, held: Held, requests: Sequence[Request], attempts: int = 1) -> None:
        self.context, self.app, self.held, self.attempts = context, app, held, attempts
        self.requests, self.request = requests, requests[-1]
        self.stage, self.revision, self.ref, self.stopped = Stage.LOCK, "", "", ""
        self.also: tuple[tuple[str, str], ...] = ()
        self.changes: tuple[Change, ...] = ()
        self.began = context.records.clock()
        self.seconds: dict[str, float] = {}
        self.removing = self.dry = False

    @property
    def client(self) -> kube.Client:
        """The client of the app's cluster; one that only pretends in a ``dry`` run."""
        clusters = self.context.clusters
        return clusters.plans(self.cluster) if self.dry else clusters.client(self.cluster)

    @property
    def cluster(self) -> str:
        """The configured name of the app's cluster."""
        return clusters.name_for(self.context.settings, self.app)

    @property
    def checks(self) -> Checks:
        """What judges objects before the rules of our own: the configuration's checks and the app's expressions."""
        return self.context.checks.of(self.app.expressions)

    @functools.cached_property
    def index(self) -> Index:
        """What is declared, as this attempt found it: a walk over the catalog costs more than most stages."""
        return self.context.catalog.index()

    @property
    def project(self) -> Project:
        """The app's project."""
        return self.index.project(self.app)

    @contextlib.contextmanager
    def during(self, stage: Stage) -> Iterator[None]:
        """Name the stage for whatever happens inside, and time it. The lease is checked at its begin."""
        self.stage = stage
        self.held.check()
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(stage=stage.value):
            yield
        self.seconds[stage.value] = self.seconds.get(stage.value, 0.0) + time.perf_counter() - began

    def standing(self) -> Standing:
        """How the app stands at this moment: holds, windows, its exception, what was approved."""
        return standing.read(self.app, self.index, self.context.settings, self.context.records)

    def by_event(self) -> bool:
        """Whether only forges asked: then an app whose inputs did not change has nothing to do."""
        return all(request.why in (Why.PUSH, Why.MERGE) for request in self.requests)

    def by_drift(self) -> bool:
        """Whether only drift asked: then nothing else is written, and no commit is told anything."""
        return all(request.why is Why.DRIFT for request in self.requests)

    def finish(self, outcome: Outcome, text: str, inputs: str | None = None) -> None:
        """End all open requests with this outcome, tell their commits, record the sync."""
        context, progress = self.context, self.context.records.progress
        told, waiting = concerned.told(
            context, self.app, self.requests, outcome, text, self.revision, self.ref, self.standing, self.also
        )
        record = self._record(outcome, text)
        self.held.check()
        if self.also:
            context.records.sources.note(self.app.name, [self.revision, *(commit for _, commit in self.also)])
        witness.tell(context.records, self.requests, record)
        numbers = [request.number for request in self.requests]
        declared = "" if self.removing else self.app.digest
        asked = {"removing": self.removing, "silent": self.by_drift()}
        also = deployed.of_sync(context, self.app, record, self.ref, told, **asked)
        progress.finish(self.app.name, self.held.token, record, inputs, numbers, told, declared, waiting, also)
        if outcome is not Outcome.HELD and self.revision and not self.by_drift():
            context.records.exceptions.synced(self.app.name, concerned.awaits(self.app, waiting))
        seconds = record.ended - record.began
        log.info("sync ended", outcome=outcome.value, text=text, revision=self.revision, seconds=seconds)
        deployed.send(context, self.app, told)
        returning.ended(context, self.app, self.requests, record)
        dependents.wake(self.context, self.app, outcome)

    def rest(self, outcome: Outcome, text: str, *, remembered: bool) -> None:
        """End all open requests and leave the app as it was; ``remembered`` is whether its history names the look."""
        record, numbers = self._record(outcome, text), [request.number for request in self.requests]
        self.context.records.progress.rest(self.app.name, self.held.token, numbers, record if remembered else None)
        log.info("drift looked at", outcome=outcome.value, text=text, revision=self.revision)
        dependents.wake(self.context, self.app, outcome)

    def _record(self, outcome: Outcome, text: str) -> SyncRecord:
        return SyncRecord(
            app=self.app.name,
            number=self.request.number,
            why=self.request.why,
            who=self.request.who,
            revision=self.revision,
            outcome=outcome,
            text=text,
            stage=self.stage,
            began=self.began,
            ended=self.context.records.clock(),
            changes=self.changes,
            seconds=self.seconds,
            delivery=self.request.delivery,
        )

    def failure(self, error: Exception) -> str:
        """Return what a failure says: the stage, then the error's own words."""
        bad = isinstance(error, BadDeclaration)
        return f"bad declaration: {error}" if bad else outcomes.failure(self.stage, str(error))

    def fail(self, error: Exception) -> None:
        """End in failure."""
        self.finish(Outcome.FAILED, self.failure(error), inputs="")

    def fail_as(self, text: str, flight: Flight) -> None:
        """End in failure, or try again later if the app's own retry policy says so; the commit waits for that."""
        policy, tries = self.app.retry, flight.tries + 1
        seconds = policy.delay(tries) if policy else None
        if policy is None or seconds is None or policy.limit < 0:
            text = returning.by_itself(self.context, self.app, self.requests, self.revision, text)
            self.finish(Outcome.FAILED, text, inputs="")
            if policy and policy.limit < 0 and seconds is not None:
                # For ever is too long for a commit to wait: it is told now, and again when a later try goes well.
                self.context.records.progress.again(self.app.name, self.context.records.clock() + seconds)
            return
        log.warning("sync failed, will be tried again", reason=text, tries=tries, seconds=seconds)
        told = f"try {tries} failed, the next is in {seconds:g} s: {text}"
        again = replace(flight, number=self.request.number, mode=Mode.RETRY, tries=tries, failure="", text=told)
        self._wait(seconds, again)

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
        self._wait(self.context.settings.sync.tick_every, flight)

    def wait(self, flight: Flight) -> None:
        """Leave the worker and wait: the watch brings the app back, or the tick, later the longer it takes."""
        now, every = self.context.records.clock(), self.context.settings.sync.tick_every
        self._wait(min(max(every, (now - flight.began) / 4), MOST_PATIENCE), flight)

    def _wait(self, seconds: float, flight: Flight | None) -> None:
        due = self.context.records.clock() + seconds
        self.context.records.progress.wait(self.app.name, self.held.token, due, flight)
        deployed.under_way(self.context, self.app, None if self.by_drift() else flight)

    def retry(self, error: TransientError) -> None:
        """Leave the worker and try again later, or give up when that was tried often enough."""
        seconds = retries.delay(self.context.settings.sync, self.attempts)
        if seconds is None:
            self.finish(Outcome.FAILED, f"{self.stage.value} failed {self.attempts} times: {error}", inputs="")
            return
        log.warning("sync will be tried again", error=str(error), attempts=self.attempts, seconds=seconds)
        self._wait(seconds, None)
