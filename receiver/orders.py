"""What people and machines ask for under ``/api``: syncs, exceptions, approvals and holds.

Needs a bearer token, which what changes something uses up.

Checks the token's scope and the body's form; what may be asked at all is decided in :mod:`workers.holding`, which the
command line shares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
import redis
import structlog
from starlette.concurrency import run_in_threadpool

from receiver import identity, tokens
from receiver.answers import answer, refusal
from receiver.body import TooLarge, TooSlow, read_bounded
from workers.asker import Asker
from workers.claims import BadToken
from workers.errors import BadOrder, RecordsUnavailable, UnknownName
from workers.holding import Desk
from workers.holds import Scope
from workers.model import Why

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge

log = structlog.get_logger()

MOST_BODY = 16 * 1024
Order = dict[str, Any]
FIELDS: dict[str, dict[str, type]] = {
    "sync": {"reason": str, "revision": str, "for": str, "force": bool},
    "approve": {"reason": str, "revision": str},
    "hold": {"reason": str, "for": str, "object": str},
    "release": {"reason": str},
    "rollback": {"reason": str, "to": str, "force": bool},
    "plan": {"revision": str, "pull": int, "show": bool},
}
"""What the body of each order may have."""
NEEDED = {"hold": ("for", "reason"), "rollback": ("reason",)}


async def sync(request: requests.Request) -> Response:
    """``POST /api/apps/<app>/sync``: look at an app now, ahead of the queue. Needs scope ``sync`` for the app.

    The body may be ``{"reason": "..."}``; with ``revision``, ``for`` and ``reason`` the app follows that revision as an
    exception until its end. With ``"force": true`` it passes holds and windows, which needs scope ``sync:force``, too.
    The answer's ``number`` is the request's.
    """

    def ask(desk: Desk, asker: Asker, name: str, order: Order) -> Response:
        forced, reason = order.get("force", False), order.get("reason", "")
        if order.get("revision"):
            made, number = desk.begin(asker, name, order["revision"], order["for"], reason, forced=forced)
            return answer(202, result="accepted", app=name, number=number, exception=asdict(made))
        return answer(202, result="accepted", app=name, number=desk.sync(asker, name, reason, forced=forced))

    return await ordered(request, "sync", ask)


async def approve(request: requests.Request) -> Response:
    """``POST /api/apps/<app>/approve``: approve the commit or the deletions it waits for. Needs scope ``approve``.

    Only what it has asked about by now is approved, or the ``revision`` that the body names.
    """

    def ask(desk: Desk, asker: Asker, name: str, order: Order) -> Response:
        commit, number = desk.approve(asker, name, order.get("revision", ""), order.get("reason", ""))
        return answer(202, result="accepted", app=name, number=number, revision=commit)

    return await ordered(request, "approve", ask)


async def hold(request: requests.Request) -> Response:
    """``POST`` and ``DELETE /api/apps/<app>/hold``: leave an app alone, or take it up again. Needs scope ``hold``.

    To hold takes ``{"for": "2h", "reason": "..."}``, and ``"object": "KIND/NAME"`` for one object; to end that, too,
    the query says ``?object=KIND/NAME``. So do ``/api/projects/<project>/hold`` and ``/api/clusters/<cluster>/hold``
    with a whole project or cluster: those need the scope for every app.
    """
    scope, _ = _place(request)

    def ask(desk: Desk, asker: Asker, name: str, order: Order) -> Response:
        made = desk.hold(asker, scope, name, order["for"], order["reason"], order.get("object", ""))
        return answer(200, hold=asdict(made))

    def end(desk: Desk, asker: Asker, name: str, order: Order) -> Response:
        ended = desk.release(asker, scope, name, order.get("object", ""), order.get("reason", ""))
        return answer(200, hold=asdict(ended))

    if request.method == "DELETE":
        return await ordered(request, "release", end, scope="hold")
    return await ordered(request, "hold", ask)


def _place(request: requests.Request) -> tuple[Scope, str]:
    """Return what an order is of, as the path names it: an app, or a whole project or cluster."""
    [(scope, name)] = request.path_params.items()
    return Scope(scope), name


async def exception(request: requests.Request) -> Response:
    """``DELETE /api/apps/<app>/exception``: back to the declared revision now. Needs scope ``sync``."""

    def ask(desk: Desk, asker: Asker, name: str, order: Order) -> Response:
        return answer(200, exception=asdict(desk.end(asker, name, order.get("reason", ""))))

    return await ordered(request, "release", ask, scope="sync")


async def ordered(
    request: requests.Request, what: str, ask: Callable[[Desk, Asker, str, Order], Response], scope: str = ""
) -> Response:
    """Answer an order of the kind ``what`` with what ``ask`` makes of it, or why not. Needs ``scope`` or ``what``."""
    edge: Edge = request.app.state.edge
    place, name = _place(request)
    who = await identity.allowed(edge, request, scope or what, name if place is Scope.APP else None)
    if not isinstance(who, tokens.Claims):
        return who
    try:
        body = await read_bounded(request, MOST_BODY, edge.settings.edge.body_deadline)
        order = read(what, body)
    except TooLarge:
        return refusal(413, f"the body may have {MOST_BODY} bytes", connection="close")
    except TooSlow:
        return refusal(408, "the body did not arrive in time", connection="close")
    except ValueError as error:
        return refusal(400, str(error))
    if order.get("force") and not who.allows("sync:force", name):
        return refusal(403, "the token does not allow `sync:force` for this app")
    if "object" in request.query_params:
        order["object"] = request.query_params["object"]
    asker = Asker(who.subject, identity.address_of(request), who, Why.EMERGENCY)
    return await run_in_threadpool(_done, edge, asker, name, order, ask, what)


def read(what: str, body: bytes) -> Order:
    """Return the order in a request's body, an empty one when there is none. Raises ``ValueError`` with a sentence."""
    fields = FIELDS[what]
    try:
        value: Any = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError:
        raise ValueError('the body is not JSON: expected an object such as {"reason": "..."}') from None
    if isinstance(value, dict):  # to JSON, 7.0 is a whole number too
        value = {name: int(it) if isinstance(it, float) and it.is_integer() else it for name, it in value.items()}
    if not isinstance(value, dict) or any(type(said) is not fields.get(name) for name, said in value.items()):
        raise ValueError(f"expected an object with {', '.join(f'`{name}`' for name in fields)} and nothing else")
    needed = NEEDED.get(what, ("for", "reason") if value.get("revision") and what == "sync" else ())
    if missing := [name for name in needed if not value.get(name)]:
        raise ValueError(f"`{missing[0]}` is missing: expected {', '.join(f'`{name}`' for name in needed)}")
    if value.get("for") and what == "sync" and not value.get("revision"):
        raise ValueError("`for` is how long another `revision` is followed: name it")
    if what == "plan" and "revision" in value and "pull" in value:
        raise ValueError("`revision` and `pull`: give one of them")
    if what == "plan" and "show" in value and "pull" not in value:
        raise ValueError("`show` is for what is shown at a pull request: name it as `pull`")
    return value


def _done(
    edge: Edge, asker: Asker, name: str, order: Order, ask: Callable[[Desk, Asker, str, Order], Response], what: str
) -> Response:
    desk = Desk(edge.settings, edge.records, edge.catalog.index, edge.counter, edge.clock)
    try:
        made = ask(desk, asker, name, order)
    except UnknownName as error:
        return refusal(404, str(error))
    except BadOrder as error:
        return refusal(409, str(error))
    except BadToken as error:
        return identity.failed(edge, error, asker.origin)
    except (RecordsUnavailable, redis.RedisError) as error:
        log.error("request not recorded", app=name, reason=type(error).__name__)
        return refusal(503, "the request could not be recorded: send it again", retry_after="5")
    log.info("asked by hand", what=what, app=name, who=asker.who, reason=order.get("reason", ""))
    return made
