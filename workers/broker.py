"""The queue: the Celery app, and the counter where a recorded request becomes a message.

A message says "look at this app" and nothing else. It may be lost, doubled or late: what is wanted is in the
records, and the tick sends again whatever was recorded and never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery import Celery
from kombu import Queue

from workers.errors import RecordsUnavailable
from workers.inquiry import Inquiry
from workers.messages import Messages
from workers.model import Accepted, Commit, Delivery, Report, Request, Sighting
from workers.queues import (
    ALERT,
    ALERTS,
    COMMENT,
    DEPLOY,
    EMERGENCY,
    EXCHANGE,
    INQUIRE,
    LAND,
    LOOK,
    MERGE,
    MOST_BETWEEN,
    PLAN,
    PLANS,
    PUBLISH,
    QUEUE_OF,
    QUEUES,
    REPORT,
    SWEEP,
    SWEEP_ALL,
    SWEEP_DRIFT,
    TICK,
    TURNS,
    UPKEEP,
)
from workers.records import Records, store
from workers.settings import Settings


def broker_url(url: str) -> str:
    """Return the Redis URL as kombu writes it: a Unix socket is ``redis+socket://`` there."""
    return f"redis+socket://{url.removeprefix('unix://')}" if url.startswith("unix://") else url


def application(settings: Settings) -> Celery:
    """Return the Celery app of this configuration. Starts the embedded Redis when none is configured."""
    url = store.url(settings)
    app = Celery("hookline", include=["workers.tasks"])
    app.conf.update(
        broker_url=broker_url(url),
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "queue_order_strategy": "priority",
            # Kombu gives a message to somebody else after this long; the lease keeps that harmless.
            "visibility_timeout": max(60, int(settings.sync.lease * 4)),
        },
        task_queues=[Queue(name, EXCHANGE, routing_key=name) for name in QUEUES],
        task_default_exchange=EXCHANGE.name,
        task_default_routing_key=MERGE,
        task_default_queue=MERGE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_concurrency=settings.sync.concurrency,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        task_track_started=False,
        redbeat_redis_url=url,
        redbeat_redis_options={},
        redbeat_key_prefix="hookline:redbeat:",
        redbeat_lock_timeout=max(15, int(settings.sync.tick_every * 5)),
        beat_max_loop_interval=min(1.0, settings.sync.tick_every),
        beat_schedule={
            # Before the merges: holds have to end and waits to go on, however many pushes came.
            "tick": _timed(TICK, settings.sync.tick_every, REPORT),
            "sweep": _timed(SWEEP_ALL, settings.sync.sweep_every / TURNS),
            "drift": _timed(SWEEP_DRIFT, drift_every(settings)),
            "upkeep": _timed(UPKEEP, settings.mirrors.upkeep_every, PLANS),
        },
    )
    return app


def drift_every(settings: Settings) -> float:
    """Return how often somebody asks whether a cluster has to be swept for drift, in seconds. Pure."""
    return min(settings.sync.sweep_every, MOST_BETWEEN)


def _timed(task: str, every: float, queue: str = SWEEP) -> dict[str, Any]:
    """A timed task that nobody took before the next one is due is not worth doing twice."""
    return {"task": task, "schedule": every, "options": {"queue": queue, "expires": every}}


class Post:
    """Makes the messages that are queued together with what they are about."""

    report_queue = REPORT

    def __init__(self, celery: Celery) -> None:
        self._messages = Messages(celery)

    def look(self, request: Request) -> tuple[str, str]:
        """Return queue and message that ask for a look at the request's app."""
        queue = SWEEP if request.later else QUEUE_OF.get(request.why, MERGE)
        return queue, self._messages.make(LOOK, request.app, queue)

    def publish(self, commit: str) -> str:
        """Return the message that asks for a look at a commit's statuses, "" for no commit."""
        return self._messages.make(PUBLISH, commit, REPORT) if commit else ""

    def plan(self, pull: str) -> tuple[str, str]:
        """Return queue and message that ask for a look at a pull request, by its record name."""
        return PLANS, self._messages.make(PLAN, pull, PLANS)

    def inquiry(self, name: str) -> tuple[str, str]:
        """Return queue and message that ask for an answer to an inquiry, by its id."""
        return PLANS, self._messages.make(INQUIRE, name, PLANS)


class Counter:
    """Where the edge, the watch and the CLI hand requests over: recorded and queued in one step."""

    def __init__(self, settings: Settings, records: Records, celery: Celery | None = None) -> None:
        self._records = records
        self._celery = celery or application(settings)
        self._post = Post(self._celery)

    def accept(
        self,
        delivery: Delivery | None,
        requests: Sequence[Request],
        reports: Sequence[tuple[str, Commit, Report]] = (),
        sightings: Sequence[Sighting] = (),
    ) -> Accepted:
        """Record a delivery and its requests with their messages, in one round trip to Redis.

        Raises :class:`RecordsUnavailable` when nothing could be recorded. A message that is lost later is no harm: the
        tick sends it again.
        """
        return self._records.intake.accept(delivery, requests, reports, sightings, self._post)

    def send(self, app: str, queue: str = MERGE) -> None:
        """Ask for a look at an app."""
        self._celery.send_task(LOOK, args=[app], queue=queue, retry=False)

    def publish(self, commit: str) -> None:
        """Ask for a look at a commit's statuses, by its record name, unless such a message waits already."""
        if not self._records.commits.post(commit):
            return
        self._celery.send_task(PUBLISH, args=[commit], queue=REPORT, retry=False)

    def comment(self, delivery: str) -> None:
        """Ask for what a delivery's comment approves to be decided."""
        self._celery.send_task(COMMENT, args=[delivery], queue=EMERGENCY, retry=False)

    def plan(self, pull: str) -> None:
        """Ask for a look at a pull request, by its record name."""
        self._celery.send_task(PLAN, args=[pull], queue=PLANS, retry=False)

    def ask_plan(self, inquiry: Inquiry) -> bool:
        """Record an inquiry with its message, in one step; ``False`` where too many are open."""
        return self._records.plans.ask(inquiry, *self._post.inquiry(inquiry.id))

    def inquiry(self, name: str) -> None:
        """Ask for an answer to an inquiry, by its id."""
        self._celery.send_task(INQUIRE, args=[name], queue=PLANS, retry=False)

    def deploy(self, environment: str) -> None:
        """Ask for the forge to be told of an environment, by its record name."""
        self._celery.send_task(DEPLOY, args=[environment], queue=REPORT, retry=False)

    def land(self, commit: str) -> None:
        """Ask for the pull request that a commit came from to be told, by the commit's record name."""
        self._celery.send_task(LAND, args=[commit], queue=REPORT, retry=False)

    def alert(self, outbox: str) -> None:
        """Ask for an outbox of alerts to be emptied."""
        self._celery.send_task(ALERT, args=[outbox], queue=ALERTS, retry=False)


__all__ = ["Counter", "RecordsUnavailable", "application", "broker_url"]
