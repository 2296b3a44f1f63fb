"""``POST /hooks/<hook>``: the edge's spine. Bound, read, verify, parse, match, record and queue; then answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool

from receiver.answers import answer, refusal
from receiver.body import TooLarge, TooSlow, bounded
from receiver.forges import FORGES, BadPayload
from workers import intake, standing
from workers.errors import RecordsUnavailable
from workers.model import Delivery, Event, EventKind, Ignored, Taken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge

log = structlog.get_logger()

SMALL_BODY = 64 * 1024
MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded")


async def receive(request: requests.Request) -> Response:
    """Take one delivery in. Nothing of the body is believed, parsed or kept before its signature is checked."""
    edge: Edge = request.app.state.edge
    name: str = request.path_params["hook"]
    address = request.client.host if request.client else ""
    if name not in edge.settings.hooks:
        return refusal(404, "there is no such hook")
    if seconds := edge.failures.wait(name, address, edge.clock()):
        return refusal(429, "too many deliveries failed verification", retry_after=str(int(seconds) + 1))
    if request.headers.get("content-encoding", "identity") != "identity":
        return refusal(415, "compressed bodies are not taken")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in MEDIA_TYPES:
        return refusal(415, "expected application/json")
    limits = edge.settings.edge
    try:
        async with bounded(request, limits.max_body, limits.body_deadline, edge.turns) as body:
            # A large body takes longer to check and parse than anybody else should wait.
            if len(body) < SMALL_BODY:
                read = understood(edge, name, request.headers, body)
            else:
                read = await run_in_threadpool(understood, edge, name, request.headers, body)
    except TooLarge:
        return refusal(413, f"a delivery may have {limits.max_body} bytes", connection="close")
    except TooSlow:
        return refusal(408, "the body did not arrive in time", connection="close")
    if read is None:
        edge.failures.add(name, address, edge.clock())
        return refusal(401, "the signature is missing or wrong")
    # Redis and the queue block, so they go to a thread.
    return await run_in_threadpool(settle, edge, name, *read)


Read = tuple[str, tuple[Event, ...] | Ignored | BadPayload]


def understood(edge: Edge, name: str, headers: Mapping[str, str], body: bytes) -> Read | None:
    """Return a delivery's key and what it tells, ``None`` when it is not authentic. Pure but for the clock."""
    forge = FORGES[edge.settings.hooks[name].forge]
    if not forge.verify(headers, body, edge.secrets[name], edge.clock()):
        return None
    try:
        return forge.key(headers, body), forge.read(headers, body, name)
    except BadPayload as error:
        return forge.key(headers, body), error


def settle(edge: Edge, name: str, key: str, read: tuple[Event, ...] | Ignored | BadPayload) -> Response:
    """Record a verified delivery of the hook ``name`` with the requests it causes, and answer.

    202 means that it is on record: nothing can lose it any more. 503 means that the forge should send it again. What
    is authentic and not ours is 2xx too: GitLab disables a hook that answers 4xx.
    """
    blank = Delivery(name, key, edge.clock(), Taken.ACCEPTED)
    try:
        if isinstance(read, BadPayload):
            edge.counter.accept(Delivery(name, key, blank.at, Taken.REJECTED, str(read)), [])
            log.warning("delivery rejected", hook=name, delivery=key, reason=str(read))
            return refusal(400, str(read))
        hook = edge.settings.planning(name) or edge.settings.hooks[name]
        exceptions = edge.records.exceptions.recent(blank.at)
        index = standing.followed(edge.catalog.index(), exceptions, blank.at)
        record, accepted = intake.take(hook, read, index, edge.counter, edge.records.hooks.known, blank.at, blank)
    except RecordsUnavailable as error:
        log.error("delivery not recorded", hook=name, reason=str(error))
        return refusal(503, "the delivery could not be recorded: send it again", retry_after="5")
    apps = sorted(accepted.numbers)
    log.info("delivery", hook=name, delivery=key, verdict=record.verdict.value, reason=record.reason, apps=apps)
    if any(event.kind is EventKind.PING for event in record.events):
        return answer(200, result="pong")
    if accepted.duplicate:
        return answer(202, result="duplicate", delivery=key)
    if record.verdict is Taken.IGNORED:
        return answer(202, result="ignored", reason=record.reason)
    return answer(202, result="accepted", delivery=key, requests=accepted.numbers)
