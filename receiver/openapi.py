"""The OpenAPI document of the JSON API, at ``/api/openapi.json``. Needs a bearer token, as everything it describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from receiver import api, tokens
from receiver.answers import answer

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge

_ERROR = {"$ref": "#/components/schemas/Error"}
_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_COUNT = {"type": "integer"}
_NAME = {"name": "app", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/]+$"}}
_DELIVERY = {"name": "delivery", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/?#]+$"}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _said(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _operation(
    name: str, summary: str, code: int, schema: dict[str, Any], *refusals: int, **more: Any
) -> dict[str, Any]:
    answers = {str(code): _said(summary, schema)} | {
        str(refused): _said(_REFUSALS[refused], _ERROR) for refused in (401, 503, *refusals)
    }
    return {"operationId": name, "summary": summary, "security": [{"bearer": []}], "responses": answers} | more


_REFUSALS = {
    400: "something of the request is wrong; the error says what",
    401: "the token is missing or wrong",
    403: "the token does not allow this",
    404: "there is nothing of that name, or the token may not see it",
    408: "the body did not arrive in time",
    409: "this cannot be done as things are",
    413: "the body is too large",
    503: "the records are not to be had now: send it again",
}
_QUERY = [
    *({"name": name, "in": "query", "schema": _TEXT} for name in ("hook", "app")),
    {"name": "verdict", "in": "query", "schema": {"enum": ["accepted", "ignored", "rejected"]}},
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
    {"name": "skip", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 10000}},
]
_SYNC_BODY = {
    "required": False,
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"reason": _TEXT}, "additionalProperties": False}
        }
    },
}
_HOOK = _object(hook=_TEXT, forge=_TEXT, state={"enum": ["delivering", "not delivering", "never heard"]},
                heard={"type": ["number", "null"]}, missed=_list({"type": "object"}))  # fmt: skip
_SEEN = _object(id=_TEXT, hook=_TEXT, at=_NUMBER, verdict={"enum": ["accepted", "ignored", "rejected"]}, reason=_TEXT,
                replays=_TEXT, events=_list({"type": "object"}), syncs=_list({"type": "object"}))  # fmt: skip
_APP = _object(name=_TEXT, repository=_TEXT, path=_TEXT, targetRevision=_TEXT, fault=_TEXT, warnings=_list(_TEXT),
               drift={"type": "object"}, wanted={"type": "integer"}, done={"type": "integer"},
               outcome=_TEXT, revision=_TEXT)  # fmt: skip
_NUMBERS = {"type": "object", "additionalProperties": {"type": "integer"}}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Hookline", "version": "1", "description": "What each app is doing, and what became of pushes."},
    "paths": {
        "/api/apps": {
            "get": _operation("listApps", "every app the token may read", 200, _object(apps=_list(_APP))),
        },
        "/api/apps/{app}": {
            "parameters": [_NAME],
            "get": _operation("getApp", "one app with its last syncs", 200, _APP, 403, 404),
        },
        "/api/apps/{app}/sync": {
            "parameters": [_NAME],
            "post": _operation(
                "syncApp", "the app is looked at now", 202, _object(result=_TEXT, app=_TEXT, number=_COUNT),
                400, 403, 404, 408, 413, requestBody=_SYNC_BODY,
            ),
        },
        "/api/apps/{app}/approve": {
            "parameters": [_NAME],
            "post": _operation(
                "approveDeletions", "the deletions it asks about are approved", 202,
                _object(result=_TEXT, app=_TEXT, number=_COUNT), 400, 403, 404, 408, 413, requestBody=_SYNC_BODY,
            ),
        },
        "/api/deliveries": {
            "get": _operation(
                "listDeliveries", "deliveries, newest first", 200, _object(deliveries=_list(_SEEN)), 400,
                parameters=_QUERY,
            ),
        },
        "/api/deliveries/{delivery}": {
            "parameters": [_DELIVERY],
            "get": _operation("getDelivery", "what became of one delivery", 200, _SEEN, 404),
        },
        "/api/deliveries/{delivery}/replay": {
            "parameters": [_DELIVERY],
            "post": _operation(
                "replayDelivery", "the delivery is taken in again", 202,
                _object(result=_TEXT, reason=_TEXT, delivery=_TEXT, requests=_NUMBERS, new=_list(_TEXT)), 403, 404, 409,
            ),
        },
        "/api/hooks": {
            "get": _operation("listHooks", "when each hook was last heard", 200, _object(hooks=_list(_HOOK))),
        },
    },
    "components": {
        "schemas": {"Error": _object(error=_TEXT)},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    },
}  # fmt: skip


async def document(request: requests.Request) -> Response:
    """``GET /api/openapi.json``: the document."""
    edge: Edge = request.app.state.edge
    who = api.identified(edge, request)
    return answer(200, **DOCUMENT) if isinstance(who, tokens.Claims) else who
