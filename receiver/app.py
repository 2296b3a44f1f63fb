"""The web application: which path leads where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from receiver import (
    api,
    deliveries,
    edge,
    holds,
    metrics,
    openapi,
    orders,
    pages,
    plans,
    probes,
    rollbacks,
    trail,
    webhooks,
)
from receiver.answers import refusal
from workers import telemetry

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response


def create(held: edge.Edge | None = None) -> Starlette:
    """Return the application, from ``held`` or from the configuration. Raises before it serves anything wrong."""
    if held is None:
        held = edge.create()
        telemetry.start(held.settings)
    app = Starlette(
        routes=[
            Route("/hooks/{hook}", webhooks.receive, methods=["POST"]),
            Route("/api/apps", api.apps, methods=["GET"]),
            Route("/api/apps/{app}", api.app, methods=["GET"]),
            Route("/api/apps/{app}/sync", orders.sync, methods=["POST"]),
            Route("/api/apps/{app}/rollback", rollbacks.rollback, methods=["POST", "DELETE"]),
            Route("/api/apps/{app}/approve", orders.approve, methods=["POST"]),
            Route("/api/apps/{app}/plan", plans.ask, methods=["POST"]),
            Route("/api/apps/{app}/plans/{plan}", plans.plan, methods=["GET"]),
            Route("/api/apps/{app}/hold", orders.hold, methods=["POST", "DELETE"]),
            Route("/api/apps/{app}/exception", orders.exception, methods=["DELETE"]),
            Route("/api/projects/{project}/hold", orders.hold, methods=["POST", "DELETE"]),
            Route("/api/clusters/{cluster}/hold", orders.hold, methods=["POST", "DELETE"]),
            Route("/api/holds", holds.holds, methods=["GET"]),
            Route("/api/deliveries", deliveries.deliveries, methods=["GET"]),
            Route("/api/deliveries/{delivery:path}/replay", deliveries.replay, methods=["POST"]),
            Route("/api/deliveries/{delivery:path}", deliveries.delivery, methods=["GET"]),
            Route("/api/audit", trail.entries, methods=["GET"]),
            Route("/api/hooks", deliveries.hooks, methods=["GET"]),
            Route("/api/openapi.json", openapi.document, methods=["GET"]),
            Route("/apps/{app}/syncs/{number:int}", pages.sync, methods=["GET"]),
            Route("/plans/{key}", pages.plan, methods=["GET"]),
            Route("/livez", probes.livez),
            Route("/readyz", probes.readyz),
            Route("/metrics", metrics.metrics, methods=["GET"]),
        ],
        exception_handlers={404: _missing, 405: _method, 500: _broken},
    )
    app.state.edge = held
    return app


async def _missing(_request: requests.Request, _error: Exception) -> Response:
    return refusal(404, "there is nothing here")


async def _method(_request: requests.Request, error: Exception) -> Response:
    headers = (error.headers if isinstance(error, HTTPException) else None) or {}
    return refusal(405, "this path does not take that method", **{name.lower(): text for name, text in headers.items()})


async def _broken(_request: requests.Request, _error: Exception) -> Response:
    return refusal(500, "an internal error: the log has the details")
