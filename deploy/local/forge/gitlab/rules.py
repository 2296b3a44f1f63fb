"""What GitLab enforces on a status. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from deploy.local.forge.gitlab.jobs import STATES

LIMIT: Final = 255
_KEYS = ("state", "name", "context", "ref", "target_url", "description", "pipeline_id", "coverage")


def user(headers: Mapping[str, str], tokens: Mapping[str, str]) -> str:
    """Return whose token a call carries, ``""`` for nobody's."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    token = headers.get("private-token") or (bearer if scheme.lower() == "bearer" else "")
    return tokens.get(token, "")


def refusal(body: object) -> Mapping[str, Any] | None:
    """Return the 400 body that refuses a status, ``None`` for one that may be written."""
    if not isinstance(body, dict):
        return {"error": "the body must be a JSON object"}
    for key, value in body.items():
        if key not in _KEYS:
            return {"error": f"{key} is unknown"}
        if key != "coverage" and not isinstance(value, str):
            return {"error": f"{key} is invalid"}
    if "state" not in body:
        return {"error": "state is missing"}
    if body["state"] not in STATES:
        return {"error": "state does not have a valid value"}
    for key in ("name", "context", "description", "target_url"):
        if len(body.get(key, "")) > LIMIT:
            return {"message": {key: [f"is too long (maximum is {LIMIT} characters)"]}}
    url = body.get("target_url")
    if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        return {"message": {"target_url": ["is blocked: Only allowed schemes are http, https"]}}
    return None
