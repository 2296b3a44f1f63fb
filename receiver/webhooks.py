"""``POST /hooks/<hook>``: the edge's spine. Bound, read, verify, parse, match, record, send; then answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool

from receiver.answers import answer, refusal
from receiver.body import TooLarge, TooSlow, read_bounded
from receiver.forges import FORGES, BadPayload
from workers import repositories
from workers.errors import RecordsUnavailable
from workers.model import Commit, Delivery, Event, EventKind, Ignored, Request, Why

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge
    from workers.apps import App
    from workers.settings import Hook

log = structlog.get_logger()

SMALL_BODY = 64 * 1024
MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded")


async def receive(request: requests.Request) -> Response:
    """Take one delivery in. Nothing of the body is believed, parsed or kept before its signature is checked."""
    edge: Edge = request.app.state.edge
    name = request.path_params["hook"]
    hook = edge.settings.hooks.get(name)
    if hook is None:
        return refusal(404, "there is no such hook")
    if request.headers.get("content-encoding", "identity") != "identity":
        return refusal(415, "compressed bodies are not taken")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in MEDIA_TYPES:
        return refusal(415, "expected application/json")
    try:
        body = await read_bounded(request, edge.settings.edge.max_body, edge.settings.edge.body_deadline)
    except TooLarge:
        return refusal(413, f"a delivery may have {edge.settings.edge.max_body} bytes", connection="close")
    except TooSlow:
        return refusal(408, "the body did not arrive in time", connection="close")
    forge = FORGES[hook.forge]
    if not forge.verify(request.headers, body, edge.secrets[name], edge.clock()):
        return refusal(401, "the signature is missing or wrong")
    try:
        # A large body takes longer to parse than anybody else should wait.
        small = len(body) < SMALL_BODY
        event = (
            forge.read(request.headers, body, name)
            if small
            else await run_in_threadpool(forge.read, request.headers, body, name)
        )
    except BadPayload as error:
        return refusal(400, str(error))
    # Redis and the queue block, so they go to a thread.
    return await run_in_threadpool(settle, edge, name, event)


def settle(edge: Edge, name: str, event: Event | Ignored) -> Response:
    """Record a verified delivery of the hook ``name`` with the requests it causes, send them, and answer.

    202 means that it is on record: nothing can lose it any more. 503 means that the forge should send it again.
    """
    try:
        if isinstance(event, Event) and event.kind is EventKind.PING:
            return answer(200, result="pong")
        touched, reason = matched(edge, edge.settings.hooks[name], event)
        record = delivery(name, event, reason, edge.clock())
        if reason or isinstance(event, Ignored):
            return ignored(edge, record)
        accepted = edge.counter.accept(record, [requested(edge, event, app) for app in touched])
    except RecordsUnavailable as error:
        log.error("delivery not recorded", hook=name, reason=str(error))
        return refusal(503, "the delivery could not be recorded: send it again", retry_after="5")
    log.info(
        "delivery",
        hook=name,
        delivery=record.key,
        duplicate=accepted.duplicate,
        apps=sorted(accepted.numbers),
    )
    if accepted.duplicate:
        return answer(202, result="duplicate", delivery=record.key)
    return answer(202, result="accepted", delivery=record.key, requests=accepted.numbers)


def matched(edge: Edge, hook: Hook, event: Event | Ignored) -> tuple[list[App], str]:
    """Return the apps an event concerns, or why it concerns none."""
    if isinstance(event, Ignored):
        return [], event.reason
    if not repositories.matches(event.repository, hook.repositories):
        return [], f"the hook may not speak for {event.repository}"
    touched = edge.catalog.index().touched_by(event)
    return touched, "" if touched else f"no app follows {event.ref} of {event.repository}"


def ignored(edge: Edge, record: Delivery) -> Response:
    """Record an authentic delivery that is not ours. 2xx: GitLab disables a hook that answers 4xx."""
    edge.records.intake.accept(record, [])
    log.info("delivery ignored", hook=record.hook, delivery=record.key, reason=record.reason)
    return answer(202, result="ignored", reason=record.reason)


def requested(edge: Edge, event: Event, app: App) -> Request:
    """Return the request an event makes for an app."""
    return Request(
        app=app.name,
        number=0,
        why=Why.MERGE if event.kind is EventKind.MERGE else Why.PUSH,
        who=event.sender,
        at=edge.clock(),
        ref=event.ref,
        revision=event.after,
        delivery=event.key,
        commit=Commit(event.hook, event.repository, event.after, event.ref) if event.after else None,
    )


def delivery(hook: str, event: Event | Ignored, reason: str, now: float) -> Delivery:
    """Return the record of a delivery. Only what we understood is kept: no header, no body."""
    verdict = "ignored" if reason else "accepted"
    if isinstance(event, Ignored):
        return Delivery(hook, event.key, now, "", verdict, reason, "", "", "", "")
    place = (event.repository, event.ref, event.after, event.sender)
    return Delivery(hook, event.key, now, event.kind.value, verdict, reason, *place)
