"""``GET /api/holds``: what is held, and what follows another revision for now."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from receiver import identity, tokens
from receiver.answers import answer
from workers import standing

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge


async def holds(request: requests.Request) -> Response:
    """``GET /api/holds``: every hold and exception in force that concerns an app the token may read.

    A token that may read every app sees the holds of projects and clusters without apps, too.
    """
    edge: Edge = request.app.state.edge
    who = await identity.identified(edge, request)
    return await run_in_threadpool(_listed, edge, who) if isinstance(who, tokens.Claims) else who


def _listed(edge: Edge, who: tokens.Claims) -> Response:
    records, now, index = edge.records, edge.clock(), edge.catalog.index()
    mine = {name: app for name, app in index.apps.items() if who.allows("read", name)}
    places = [(name, app.project, standing.cluster_of(edge.settings, app)) for name, app in mine.items()]
    every = [*records.holds.all()]
    every += [one for app in mine.values() for one in standing.declared(app, index, edge.settings, records, now)]
    shown = who.allows_all("read")
    found = [one for one in every if one.in_force(now) and (shown or any(one.covers(*place) for place in places))]
    running = [one for name, one in records.exceptions.all().items() if name in mine and now < one.until]
    return answer(200, holds=[asdict(one) for one in found], exceptions=[asdict(one) for one in running])
