"""The ledger under ``/api``: what became of each delivery, which hooks are silent, and replay. Needs a bearer token."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import redis
import structlog
from starlette.concurrency import run_in_threadpool

from receiver import api, identity, queries, tokens
from receiver.answers import answer, refusal
from workers import ledger
from workers.claims import BadToken
from workers.errors import RecordsUnavailable
from workers.model import Taken

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge
    from workers.records.intake import Kept

log = structlog.get_logger()

MOST = 200
LOOKED_AT = 2000
"""Deliveries that are searched when a filter is given."""


async def deliveries(request: requests.Request) -> Response:
    """``GET /api/deliveries?hook=&app=&verdict=&limit=&skip=``: newest first, of the apps the token may read."""
    edge: Edge = request.app.state.edge
    who = await identity.identified(edge, request)
    if not isinstance(who, tokens.Claims):
        return who
    try:
        limit, skip = (
            queries.number(request, "limit", 50, 1, MOST),
            queries.number(request, "skip", 0, 0, 10_000),
        )
    except ValueError as error:
        return refusal(400, str(error))
    wanted = {name: request.query_params.get(name, "") for name in ("hook", "app", "verdict")}
    if "verdict" in request.query_params and wanted["verdict"] not in list(Taken):
        return refusal(400, "`verdict` must be accepted, ignored or rejected")
    return await run_in_threadpool(_listed, edge, who, wanted, limit, skip)


def _listed(edge: Edge, who: tokens.Claims, wanted: dict[str, str], limit: int, skip: int) -> Response:
    everything = reads_all(who)
    whole = everything and not any(wanted.values())
    found = edge.records.intake.deliveries(limit, skip) if whole else edge.records.intake.deliveries(LOOKED_AT)
    if not whole:
        visible = None if everything else lambda name: who.allows("read", name)
        found = ledger.chosen(found, **wanted, visible=visible)[skip : skip + limit]
    return answer(200, deliveries=[_seen(edge, who, kept) for kept in found])


async def delivery(request: requests.Request) -> Response:
    """``GET /api/deliveries/<hook>:<key>``: one delivery, with the reason for every app it did not concern."""
    edge: Edge = request.app.state.edge
    who = await identity.identified(edge, request)
    if not isinstance(who, tokens.Claims):
        return who
    return await run_in_threadpool(_one, edge, who, request.path_params["delivery"])


def _one(edge: Edge, who: tokens.Claims, name: str) -> Response:
    kept = _kept(edge, who, name)
    if kept is None:
        return refusal(404, "no such delivery is on record")
    index = edge.catalog.index()
    hook = edge.settings.planning(kept.delivery.hook)
    reasons = ledger.left_alone(index, kept.delivery, hook, edge.records.hooks.known)
    return answer(
        200,
        **_seen(edge, who, kept),
        not_matched={app: reason for app, reason in reasons.items() if who.allows("read", app)},
        catalog_changed=kept.delivery.catalog not in ("", index.digest),
    )


async def replay(request: requests.Request) -> Response:
    """``POST /api/deliveries/<hook>:<key>/replay``: take it in again. Needs scope ``sync`` for all apps concerned."""
    edge: Edge = request.app.state.edge
    who = await identity.identified(edge, request)
    if not isinstance(who, tokens.Claims):
        return who
    return await run_in_threadpool(_again, edge, who, request.path_params["delivery"], identity.address_of(request))


def _again(edge: Edge, who: tokens.Claims, name: str, address: str) -> Response:
    kept = _kept(edge, who, name)
    if kept is None:
        return refusal(404, "no such delivery is on record")
    if not who.allows_all("sync") and not (kept.requests and all(who.allows("sync", app) for app in kept.requests)):
        return refusal(403, "the token does not allow `sync` for every app of this delivery")
    hook = edge.settings.planning(kept.delivery.hook)
    if hook is None:
        return refusal(409, f"the hook {kept.delivery.hook} is no longer configured")
    if not kept.delivery.events:
        return refusal(409, f"the delivery told nothing that could be done again: {kept.delivery.reason}")
    try:
        edge.records.audit.add("replay", once=who, delivery=name, **api.of_token(who, address))
    except BadToken as error:
        return identity.failed(edge, error, address)
    except RecordsUnavailable as error:
        log.error("replay not recorded", delivery=name, reason=str(error))
        return refusal(503, "the replay could not be recorded: send it again", retry_after="5")
    try:
        record, accepted = ledger.replay(
            kept, hook, edge.catalog.index(), edge.counter, edge.records.hooks.known, edge.clock()
        )
    except RecordsUnavailable as error:
        with contextlib.suppress(redis.RedisError):
            edge.records.audit.unused(who)
        log.error("replay not recorded", delivery=name, reason=str(error))
        return refusal(503, "the replay could not be recorded: send it again", retry_after="5")
    log.info("delivery replayed", delivery=name, who=who.subject, verdict=record.verdict.value)
    return answer(
        202,
        result=record.verdict.value,
        reason=record.reason,
        delivery=record.id,
        requests=accepted.numbers,
        new=sorted(accepted.fresh),
    )


async def hooks(request: requests.Request) -> Response:
    """``GET /api/hooks``: when each hook was last heard, and moves in Git it did not tell of."""
    edge: Edge = request.app.state.edge
    who = await identity.identified(edge, request)
    if not isinstance(who, tokens.Claims):
        return who
    return await run_in_threadpool(_hooks, edge, who)


def _hooks(edge: Edge, who: tokens.Claims) -> Response:
    missed = [one for one in edge.records.hooks.missed() if who.allows("read", one.app)]
    found: list[dict[str, Any]] = []
    for name, hook in edge.settings.hooks.items():
        silent, heard = [asdict(one) for one in missed if one.hook == name], edge.records.hooks.heard(name)
        state = "not delivering" if silent else "delivering" if heard else "never heard"
        found.append({"hook": name, "forge": hook.forge, "state": state, "heard": heard, "missed": silent})
    return answer(200, hooks=found)


def reads_all(who: tokens.Claims) -> bool:
    """Whether a token may read every app, those of the future too: its scope has the glob ``*``."""
    return who.allows_all("read")


def _kept(edge: Edge, who: tokens.Claims, name: str) -> Kept | None:
    """Return a delivery the token may see; one it may not see looks like one that does not exist."""
    kept = edge.records.intake.delivery(name)
    if kept is None or reads_all(who) or any(who.allows("read", app) for app in kept.requests):
        return kept
    return None


def _seen(edge: Edge, who: tokens.Claims, kept: Kept) -> dict[str, Any]:
    found = ledger.shown(edge.records, kept)
    found["syncs"] = [sync for sync in found["syncs"] if who.allows("read", sync["app"])]
    return found
