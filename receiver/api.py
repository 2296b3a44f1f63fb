"""The JSON API under ``/api``: what each app is doing. Every call needs a bearer token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import structlog
from starlette.concurrency import run_in_threadpool

from receiver import identity, tokens
from receiver.answers import answer, refusal
from workers import situation

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge
    from workers.apps import App

log = structlog.get_logger()


def of_token(who: tokens.Claims, address: str) -> dict[str, str]:
    """Return what the trail says of who asked: subject, token, issuer and address."""
    return {"who": who.subject, "token": who.token_id, "issuer": who.issuer, "address": address}


async def apps(request: requests.Request) -> Response:
    """``GET /api/apps``: every app the token may read, with its state."""
    edge: Edge = request.app.state.edge
    who = await identity.identified(edge, request)
    if not isinstance(who, tokens.Claims):
        return who
    names = [name for name in edge.catalog.index().apps if who.allows("read", name)]
    return await run_in_threadpool(lambda: answer(200, apps=states(edge, names)))


async def app(request: requests.Request) -> Response:
    """``GET /api/apps/<app>``: one app with its drift and last syncs."""
    edge: Edge = request.app.state.edge
    name: str = request.path_params["app"]
    who = await identity.allowed(edge, request, "read", name)
    if not isinstance(who, tokens.Claims):
        return who
    if name not in edge.catalog.index().apps:
        return refusal(404, f"no app is called {name}")
    return await run_in_threadpool(lambda: answer(200, **states(edge, [name])[0], syncs=history(edge, name)))


def states(edge: Edge, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return what is known of these apps."""
    index = edge.catalog.index()
    stands = situation.of(index, edge.settings, edge.records, names)
    return [state(edge, index.apps[name]) | situation.plain(stands[name]) for name in names]


def state(edge: Edge, app: App) -> dict[str, Any]:
    """Return what is known of one app, but for how it stands."""
    name, record = app.name, edge.records.progress.app(app.name)
    return {
        "name": name,
        "repository": app.url,
        "path": app.path,
        "targetRevision": app.revision,
        "fault": app.fault,
        "warnings": app.warnings,
        "drift": edge.records.repairs.noted(name),
        **asdict(record),
    }


def history(edge: Edge, name: str) -> list[dict[str, Any]]:
    """Return an app's last syncs, newest first."""
    return [asdict(sync) for sync in edge.records.progress.syncs(name)]
