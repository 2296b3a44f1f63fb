"""Plans under ``/api``: what a sync of an app would do. One is asked for, made by a worker, and had by its id.

The edge renders nothing and asks no cluster: it keeps what is asked, and reads back what came of it. Secrets were
masked where the plan was made.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

import orjson
import redis
import structlog
from starlette.concurrency import run_in_threadpool

from receiver import identity, tokens
from receiver.answers import answer, refusal
from receiver.orders import Order, ordered
from workers import exceptions
from workers.errors import BadOrder, RecordsUnavailable
from workers.holds import Scope
from workers.inquiry import Inquiry
from workers.records.plans import KEPT, MOST_OPEN

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge
    from workers.asker import Asker
    from workers.holding import Desk

log = structlog.get_logger()

AGAIN: Final = "1"
"""Seconds after which it is worth asking whether a plan is made."""
LATER: Final = "10"
"""The same of whether another one is taken, while too many are open."""
MOST_PULL: Final = 2**31 - 1


async def ask(request: requests.Request) -> Response:
    """``POST /api/apps/<app>/plan``: have a plan made of what a sync would do now. Needs scope ``plan`` for the app.

    The body may be ``{"revision": "..."}``, a branch, tag or commit, or ``{"pull": 7}``, a pull request that would be
    merged; with ``"show": true`` its comment and status are made anew, too. The answer names the plan's ``id``, and its
    place in ``Location``.
    """
    edge: Edge = request.app.state.edge

    def asked(desk: Desk, asker: Asker, name: str, order: Order) -> Response:
        desk.exists(Scope.APP, name)
        inquiry = _inquiry(name, asker.who, desk.clock(), order)
        if edge.records.plans.is_full():
            return refusal(429, f"{MOST_OPEN} plans are open already: wait for one of them", retry_after=LATER)
        what = f"pull request {inquiry.pull}" if inquiry.pull else ""
        with asker.audited(edge.records, "plan", name, "", revision=inquiry.revision, what=what):
            if not edge.counter.ask_plan(inquiry):
                raise RecordsUnavailable("other plans were faster")
        made = answer(202, app=name, id=inquiry.id, state="pending")
        made.headers["location"] = f"{request.url.path}s/{inquiry.id}"
        return made

    return await ordered(request, "plan", asked)


def _inquiry(app: str, who: str, at: float, order: Order) -> Inquiry:
    """Return what an order asks for. Raises :class:`BadOrder` for what no plan can be of. Pure but for its id."""
    revision, pull = order.get("revision", ""), order.get("pull", 0)
    if "revision" in order and (fault := exceptions.fault(revision)):
        raise BadOrder(f"revision {revision[:100]!r}: {fault}")
    if "pull" in order and not 0 < pull <= MOST_PULL:
        raise BadOrder("`pull` is the number of a pull request, from 1 on")
    return Inquiry(uuid.uuid4().hex, app, who, at, revision, pull, order.get("show", False))


async def plan(request: requests.Request) -> Response:
    """``GET /api/apps/<app>/plans/<id>``: what came of it. Needs scope ``plan`` for the app.

    ``state`` is ``pending``, ``planned`` (then ``plan`` is what ``hookline plan --json`` prints, and ``changes`` says
    whether a sync would change anything) or ``failed``, and then ``error`` says why.
    """
    edge: Edge = request.app.state.edge
    app, name = request.path_params["app"], request.path_params["plan"]
    who = await identity.allowed(edge, request, "plan", app)
    return await run_in_threadpool(_found, edge, app, name) if isinstance(who, tokens.Claims) else who


def _found(edge: Edge, app: str, name: str) -> Response:
    try:
        inquiry, reply = edge.records.plans.read(name)
    except redis.RedisError as error:
        log.error("plan not read", reason=type(error).__name__)
        return refusal(503, "the records cannot be read now: send it again", retry_after="5")
    if inquiry is None or inquiry.app != app:
        return refusal(404, f"{app} has no plan of that id: one is kept for {KEPT // 60} minutes")
    state = "pending" if reply is None else "failed" if reply.error else "planned"
    shown: dict[str, Any] = {
        "id": inquiry.id,
        "app": app,
        "revision": inquiry.revision,
        "pull": inquiry.pull,
        "who": inquiry.who,
        "asked": inquiry.at,
        "state": state,
        "changes": reply.changes if reply else None,
        "error": reply.error if reply else "",
        "plan": orjson.Fragment(reply.plan) if reply and reply.plan else None,
    }
    made = answer(200, **shown)
    if reply is None:
        made.headers["retry-after"] = AGAIN
    return made
