"""The OpenAPI document of the JSON API, at ``/api/openapi.json``. Needs a bearer token, as everything it describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from receiver import identity, tokens
from receiver.answers import answer
from receiver.schemas import (
    APP,
    APPROVE_BODY,
    CLUSTER,
    COUNT,
    DELIVERY,
    END_BODY,
    EXCEPTION,
    HOLD,
    HOLD_BODY,
    HOOK,
    NAME,
    NUMBERS,
    OBJECT,
    PLAN,
    PLAN_BODY,
    PLAN_ID,
    PROJECT,
    QUERY,
    ROLLBACK,
    ROLLBACK_BODY,
    SEEN,
    SYNC_BODY,
    TEXT,
    TRAIL_QUERY,
    WHOLE_BODY,
    many,
    operation,
    shape,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge


def _holding(what: str, body: dict[str, Any], named: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    refused, of = (400, 403, 404, 408, 409, 413), "it, or one object of it," if named else "all of it"
    schema, found = shape(hold=HOLD), {"parameters": list(named)} if named else {}
    return {
        "post": operation(f"hold{what}", f"{of} is left alone", 200, schema, *refused, requestBody=body),
        "delete": operation(
            f"release{what}", "it is taken up again", 200, schema, *refused, requestBody=END_BODY, **found
        ),
    }


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Hookline", "version": "1", "description": "What each app is doing, and what became of pushes."},
    "paths": {
        "/api/apps": {
            "get": operation("listApps", "every app the token may read", 200, shape(apps=many(APP))),
        },
        "/api/apps/{app}": {
            "parameters": [NAME],
            "get": operation("getApp", "one app with its last syncs", 200, APP, 403, 404),
        },
        "/api/apps/{app}/sync": {
            "parameters": [NAME],
            "post": operation(
                "syncApp", "the app is looked at now", 202, shape(result=TEXT, app=TEXT, number=COUNT),
                400, 403, 404, 408, 409, 413, requestBody=SYNC_BODY,
            ),
        },
        "/api/apps/{app}/rollback": {
            "parameters": [NAME],
            "post": operation(
                "rollbackApp", "the app goes back, and what it leaves is not deployed again", 202,
                shape(result=TEXT, app=TEXT, number=COUNT, rollback=ROLLBACK), 400, 403, 404, 408, 409, 413,
                requestBody=ROLLBACK_BODY,
            ),
            "delete": operation(
                "clearRollback", "its revision is deployed again, whatever that names", 202,
                shape(result=TEXT, app=TEXT, number=COUNT, rollback=ROLLBACK), 400, 403, 404, 408, 409, 413,
                requestBody=END_BODY,
            ),
        },
        "/api/apps/{app}/approve": {
            "parameters": [NAME],
            "post": operation(
                "approveApp", "the commit or the deletions it waits for are approved", 202,
                shape(result=TEXT, app=TEXT, number=COUNT, revision=TEXT), 400, 403, 404, 408, 409, 413,
                requestBody=APPROVE_BODY,
            ),
        },
        "/api/apps/{app}/plan": {
            "parameters": [NAME],
            "post": operation(
                "planApp", "the plan is made; Location says where it is had", 202, shape(app=TEXT, id=TEXT, state=TEXT),
                400, 403, 404, 408, 409, 413, requestBody=PLAN_BODY,
            ),
        },
        "/api/apps/{app}/plans/{plan}": {
            "parameters": [NAME, PLAN_ID],
            "get": operation("getPlan", "the plan, once it is made", 200, PLAN, 403, 404),
        },
        "/api/apps/{app}/hold": {"parameters": [NAME], **_holding("App", HOLD_BODY, [OBJECT])},
        "/api/projects/{project}/hold": {"parameters": [PROJECT], **_holding("Project", WHOLE_BODY)},
        "/api/clusters/{cluster}/hold": {"parameters": [CLUSTER], **_holding("Cluster", WHOLE_BODY)},
        "/api/apps/{app}/exception": {
            "parameters": [NAME],
            "delete": operation(
                "endException", "the app goes back to its declared revision", 200, shape(exception=EXCEPTION),
                400, 403, 404, 408, 409, 413, requestBody=END_BODY,
            ),
        },
        "/api/holds": {
            "get": operation(
                "listHolds", "holds and exceptions in force", 200,
                shape(holds=many(HOLD), exceptions=many(EXCEPTION)),
            ),
        },
        "/api/deliveries": {
            "get": operation(
                "listDeliveries", "deliveries, newest first", 200, shape(deliveries=many(SEEN)), 400,
                parameters=QUERY,
            ),
        },
        "/api/deliveries/{delivery}": {
            "parameters": [DELIVERY],
            "get": operation("getDelivery", "what became of one delivery", 200, SEEN, 404),
        },
        "/api/deliveries/{delivery}/replay": {
            "parameters": [DELIVERY],
            "post": operation(
                "replayDelivery", "the delivery is taken in again", 202,
                shape(result=TEXT, reason=TEXT, delivery=TEXT, requests=NUMBERS, new=many(TEXT)), 403, 404, 409,
            ),
        },
        "/api/audit": {
            "get": operation(
                "listAudit", "the audit trail, newest first, of apps the token may audit", 200,
                shape(entries=many({"type": "object"})), 400, 403, parameters=TRAIL_QUERY,
            ),
        },
        "/api/hooks": {
            "get": operation("listHooks", "when each hook was last heard", 200, shape(hooks=many(HOOK))),
        },
    },
    "components": {
        "schemas": {"Error": shape(error=TEXT)},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    },
}  # fmt: skip


async def document(request: requests.Request) -> Response:
    """``GET /api/openapi.json``: the document."""
    edge: Edge = request.app.state.edge
    who = await identity.identified(edge, request)
    return answer(200, **DOCUMENT) if isinstance(who, tokens.Claims) else who
