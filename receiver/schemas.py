"""The shapes of what the JSON API takes and answers, for its OpenAPI document."""

from __future__ import annotations

from typing import Any

ERROR = {"$ref": "#/components/schemas/Error"}
TEXT = {"type": "string"}
NUMBER = {"type": "number"}
COUNT = {"type": "integer"}
NAME = {"name": "app", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/]+$"}}
PROJECT = {**NAME, "name": "project"}
CLUSTER = {**NAME, "name": "cluster"}
DELIVERY = {"name": "delivery", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/?#]+$"}}


def shape(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that always has these properties."""
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def many(items: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def said(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return an answer: what it means, and its schema."""
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def operation(
    name: str, summary: str, code: int, schema: dict[str, Any], *refusals: int, **more: Any
) -> dict[str, Any]:
    """Return an operation that answers ``code`` or refuses; ``more`` are other fields of its object."""
    answers = {str(code): said(summary, schema)} | {
        str(refused): said(REFUSALS[refused], ERROR) for refused in (401, 429, 503, *refusals)
    }
    return {"operationId": name, "summary": summary, "security": [{"bearer": []}], "responses": answers} | more


REFUSALS = {
    400: "something of the request is wrong; the error says what",
    401: "the token is missing or wrong, or, for what changes something, was used before",
    403: "the token does not allow this",
    404: "there is nothing of that name, or the token may not see it",
    408: "the body did not arrive in time",
    409: "this cannot be done as things are",
    413: "the body is too large",
    429: "too many tokens from this address failed, or too many plans are open: wait as long as Retry-After says",
    503: "the records are not to be had now: send it again",
}
QUERY = [
    *({"name": name, "in": "query", "schema": TEXT} for name in ("hook", "app")),
    {"name": "verdict", "in": "query", "schema": {"enum": ["accepted", "ignored", "rejected"]}},
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
    {"name": "skip", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 10000}},
]
TRAIL_QUERY = [
    {"name": "app", "in": "query", "schema": TEXT},
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
    {"name": "below", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 99999999}},
]
SAID = {"type": "string", "minLength": 1}


def body(needed: list[str], **properties: Any) -> dict[str, Any]:
    """Return a request\'s body of these properties; without a needed one it may be left out."""
    schema = {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
    return {"required": bool(needed), "content": {"application/json": {"schema": schema}}}


SYNC_BODY = body([], reason=TEXT, revision=SAID, force={"type": "boolean"}, **{"for": SAID})
SYNC_BODY["content"]["application/json"]["schema"] |= {
    "dependentRequired": {"revision": ["for", "reason"], "for": ["revision"]},
    "dependentSchemas": {"revision": {"properties": {"reason": SAID}}},
}
APPROVE_BODY = body([], reason=TEXT, revision=TEXT)
HOLD_BODY = body(["for", "reason"], reason=SAID, object=TEXT, **{"for": SAID})
WHOLE_BODY = body(["for", "reason"], reason=SAID, **{"for": SAID})
END_BODY = body([], reason=TEXT)
OBJECT = {"name": "object", "in": "query", "schema": TEXT}
HOLD = shape(scope={"enum": ["app", "project", "cluster"]}, target=TEXT, object=TEXT, who=TEXT, reason=TEXT,
                since=NUMBER, until=NUMBER, origin=TEXT, released=TEXT)  # fmt: skip
EXCEPTION = shape(app=TEXT, revision=TEXT, who=TEXT, reason=TEXT, since=NUMBER, until=NUMBER, before=TEXT)
ROLLBACK_BODY = body(["reason"], reason=SAID, to=TEXT, force={"type": "boolean"})
ROLLBACK = shape(app=TEXT, revision=TEXT, to=TEXT, who=TEXT, reason=TEXT, at=NUMBER, blocked=many(TEXT),
                    automatic={"type": "boolean"}, origin=TEXT, ended=NUMBER)  # fmt: skip
PLAN_ID = {"name": "plan", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/?#]+$"}}
PLAN_BODY = body(
    [], revision=SAID, pull={"type": "integer", "minimum": 1, "maximum": 2147483647}, show={"type": "boolean"}
)
PLAN_BODY["content"]["application/json"]["schema"] |= {
    "not": {"required": ["revision", "pull"]}, "dependentRequired": {"show": ["pull"]},
}  # fmt: skip
PLAN = shape(id=TEXT, app=TEXT, revision=TEXT, pull=COUNT, who=TEXT, asked=NUMBER, error=TEXT,
                state={"enum": ["pending", "planned", "failed"]}, changes={"type": ["boolean", "null"]},
                plan={"type": ["object", "null"]})  # fmt: skip
HOOK = shape(hook=TEXT, forge=TEXT, state={"enum": ["delivering", "not delivering", "never heard"]},
                heard={"type": ["number", "null"]}, missed=many({"type": "object"}))  # fmt: skip
SEEN = shape(id=TEXT, hook=TEXT, at=NUMBER, verdict={"enum": ["accepted", "ignored", "rejected"]}, reason=TEXT,
                replays=TEXT, events=many({"type": "object"}), syncs=many({"type": "object"}))  # fmt: skip
APP = shape(name=TEXT, repository=TEXT, path=TEXT, targetRevision=TEXT, fault=TEXT, warnings=many(TEXT),
               drift={"type": "object"}, wanted={"type": "integer"}, done={"type": "integer"},
               outcome=TEXT, revision=TEXT, held=TEXT, holds=many(HOLD), awaiting=TEXT)  # fmt: skip
NUMBERS = {"type": "object", "additionalProperties": {"type": "integer"}}
