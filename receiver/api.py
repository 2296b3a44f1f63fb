"""The JSON API under ``/api``: what each app is doing, and the emergency sync. Every call needs a bearer token."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from starlette.concurrency import run_in_threadpool

from receiver import tokens
from receiver.answers import answer, refusal
from receiver.body import TooLarge, TooSlow, read_bounded
from workers.errors import BadConfiguration, RecordsUnavailable
from workers.model import Request, Why

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge

log = structlog.get_logger()

MOST_BODY = 16 * 1024
LONGEST_REASON = 500


async def sync(request: requests.Request) -> Response:
    """``POST /api/apps/<app>/sync``: look at an app now, ahead of the queue. Needs scope ``sync`` for the app.

    The body may be ``{"reason": "..."}``. The answer's ``number`` is the request's.
    """
    return await _by_hand(request, "sync")


async def approve(request: requests.Request) -> Response:
    """``POST /api/apps/<app>/approve``: approve the deletions it asks about, and look at it. Needs scope ``approve``.

    Only what it has asked about by now is approved. Body and answer are as for a sync.
    """
    return await _by_hand(request, "approve")


async def _by_hand(request: requests.Request, what: str) -> Response:
    edge: Edge = request.app.state.edge
    name: str = request.path_params["app"]
    who = allowed(edge, request, what, name)
    if not isinstance(who, tokens.Claims):
        return who
    try:
        body = await read_bounded(request, MOST_BODY, edge.settings.edge.body_deadline)
        reason = reason_of(body)
    except TooLarge:
        return refusal(413, f"the body may have {MOST_BODY} bytes", connection="close")
    except TooSlow:
        return refusal(408, "the body did not arrive in time", connection="close")
    except ValueError as error:
        return refusal(400, str(error))
    address = request.client.host if request.client else ""
    return await run_in_threadpool(_ask, edge, what, name, who, reason, address)


def reason_of(body: bytes) -> str:
    """Return the reason in a request's body, "" when there is none. Raises ``ValueError`` with a sentence."""
    if not body.strip():
        return ""
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ValueError('the body is not JSON: expected {"reason": "..."}') from None
    reason = value.get("reason", "") if isinstance(value, dict) else None
    if not isinstance(reason, str) or not isinstance(value, dict) or set(value) - {"reason"}:
        raise ValueError('expected {"reason": "..."} and nothing else')
    return reason[:LONGEST_REASON]


def _ask(edge: Edge, what: str, name: str, who: tokens.Claims, reason: str, address: str) -> Response:
    if name not in edge.catalog.index().apps:
        return refusal(404, f"no app is called {name}")
    try:
        edge.records.audit.add(what, app=name, who=who.subject, token=who.token_id, reason=reason, address=address)
        if what == "approve":
            edge.records.drift.approve(name, edge.clock())
        asked = Request(app=name, number=0, why=Why.EMERGENCY, who=who.subject, at=edge.clock())
        accepted = edge.counter.accept(None, [asked])
    except RecordsUnavailable as error:
        log.error("request not recorded", app=name, reason=str(error))
        return refusal(503, "the request could not be recorded: send it again", retry_after="5")
    log.info("asked by hand", what=what, app=name, who=who.subject, reason=reason, number=accepted.numbers[name])
    return answer(202, result="accepted", app=name, number=accepted.numbers[name])


async def apps(request: requests.Request) -> Response:
    """``GET /api/apps``: every app the token may read, with its state."""
    edge: Edge = request.app.state.edge
    who = identified(edge, request)
    if not isinstance(who, tokens.Claims):
        return who
    names = [name for name in edge.catalog.index().apps if who.allows("read", name)]
    return await run_in_threadpool(lambda: answer(200, apps=[state(edge, name) for name in names]))


async def app(request: requests.Request) -> Response:
    """``GET /api/apps/<app>``: one app with its drift and last syncs."""
    edge: Edge = request.app.state.edge
    name: str = request.path_params["app"]
    who = allowed(edge, request, "read", name)
    if not isinstance(who, tokens.Claims):
        return who
    if name not in edge.catalog.index().apps:
        return refusal(404, f"no app is called {name}")
    return await run_in_threadpool(lambda: answer(200, **state(edge, name), syncs=history(edge, name)))


def state(edge: Edge, name: str) -> dict[str, Any]:
    """Return what is known of one app."""
    app, record = edge.catalog.index().apps[name], edge.records.progress.app(name)
    return {
        "name": name,
        "repository": app.url,
        "path": app.path,
        "targetRevision": app.revision,
        "fault": app.fault,
        "warnings": app.warnings,
        "drift": edge.records.drift.noted(name),
        **asdict(record),
    }


def history(edge: Edge, name: str) -> list[dict[str, Any]]:
    """Return an app's last syncs, newest first."""
    return [asdict(sync) for sync in edge.records.progress.syncs(name)]


def identified(edge: Edge, request: requests.Request) -> tokens.Claims | Response:
    """Return who is asking, or the refusal to send."""
    try:
        return tokens.claims(request.headers, edge.issuers, edge.clock())
    except tokens.BadToken as error:
        return refusal(401, str(error), www_authenticate="Bearer")
    except BadConfiguration as error:
        log.error("token issuer unusable", reason=str(error))
        return refusal(503, "tokens cannot be checked now: the log has the details")


def allowed(edge: Edge, request: requests.Request, scope: str, app: str) -> tokens.Claims | Response:
    """Return who is asking if they may do ``scope`` to ``app``, or the refusal to send.

    An app nobody declared and one the token may not touch look alike.
    """
    who = identified(edge, request)
    if isinstance(who, tokens.Claims) and not who.allows(scope, app):
        return refusal(403, f"the token does not allow `{scope}` for this app")
    return who
