"""The Celery tasks: doorways. Each rebuilds its value, calls a plain function and lets nothing leak to the next."""

from __future__ import annotations

import functools

import structlog

from workers import (
    broker,
    commenting,
    configuration,
    context,
    deploying,
    foretold,
    inquiring,
    landing,
    pulling,
    queues,
    recovery,
    reporting,
    sweep,
    sync,
    telemetry,
    upkeep,
)
from workers.alerts import sending
from workers.context import Context

settings = configuration.load()
telemetry.start(settings)
app = broker.application(settings)
log = structlog.get_logger()


@functools.cache
def held() -> Context:
    """Return this process's context, made when the first task needs it: after the worker forked, never before."""
    records = context.connect(settings)
    return context.create(settings, records, broker.Counter(settings, records, app))


@app.task(name=queues.LOOK)
def look(name: str) -> None:
    """Look at one app: sync it, or see how its sync is doing."""
    sync.look(held(), name)


@app.task(name=queues.PUBLISH)
def publish(commit: str) -> None:
    """Bring one commit's statuses to its forge."""
    reporting.publish(held(), commit)


@app.task(name=queues.COMMENT)
def comment(delivery: str) -> None:
    """Approve what a delivery's comment approves, if its author may."""
    commenting.decide(held(), delivery)


@app.task(name=queues.PLAN)
def plan(pull: str) -> None:
    """Bring one pull request's plan to its comment and its status."""
    pulling.look(held(), pull, foretold.planned)


@app.task(name=queues.INQUIRE)
def inquire(name: str) -> None:
    """Answer one inquiry: plan one app for somebody who asked over the API."""
    inquiring.look(held(), name)


@app.task(name=queues.DEPLOY)
def deploy(environment: str) -> None:
    """Bring one environment's deployments to its forge."""
    deploying.publish(held(), environment)


@app.task(name=queues.LAND)
def land(commit: str) -> None:
    """Tell the pull request that a commit came from how its deployment fares."""
    landing.publish(held(), commit)


@app.task(name=queues.ALERT)
def alert(outbox: str) -> None:
    """Begin to empty an outbox of alerts; that goes on beside this worker's slots."""
    sending.start(held(), outbox)


@app.task(name=queues.TICK)
def tick() -> None:
    """Send what was recorded and never looked at, and what is due after a wait."""
    sweep.tick(held())


@app.task(name=queues.SWEEP_ALL)
def sweep_all() -> None:
    """Find what events missed: new commits, failed deliveries."""
    mine = held()
    turn = mine.records.progress.turn()
    sweep.sweep(mine, turn)
    recovery.recover(mine)


@app.task(name=queues.SWEEP_DRIFT)
def sweep_drift() -> None:
    """Compare live objects with what was accepted, on each cluster whose turn it is."""
    sweep.sweep_clusters(held(), broker.drift_every(settings))


@app.task(name=queues.UPKEEP)
def look_after_mirrors() -> None:
    """Begin to pack and remove mirrors of this machine; that goes on beside this worker's slots."""
    upkeep.start(held())
