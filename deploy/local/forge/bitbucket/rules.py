"""What both Bitbuckets enforce on a build status. Pure.

From their documentation and from refusals people were given. The Cloud names no limit for texts and links, so it
gets the Data Center's here; and neither is told a field it does not know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

CLOUD_STATES: Final = ("INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED")
SERVER_STATES: Final = ("INPROGRESS", "SUCCESSFUL", "FAILED", "CANCELLED", "UNKNOWN")
OLD_STATES: Final = ("INPROGRESS", "SUCCESSFUL", "FAILED")
CLOUD_KEY: Final = 40
TEXT: Final = 255
URL: Final = 450

_REQUIRED = ("key", "state", "url")
_CLOUD = (*_REQUIRED, "name", "description", "refname")
_SERVER = (*_REQUIRED, "name", "description", "parent", "ref", "buildNumber")


def user(headers: Mapping[str, str], tokens: Mapping[str, str]) -> str:
    """Return whose access token a call carries, ``""`` for nobody's; a password is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return tokens.get(token, "") if scheme.lower() == "bearer" else ""


def cloud(body: object) -> tuple[str, str] | None:
    """Return field and words of the Cloud's refusal, ``None`` for a status it takes."""
    return _problem(body, _CLOUD, CLOUD_STATES, CLOUD_KEY)


def server(body: object, *, old: bool = False) -> tuple[str, str] | None:
    """Return field and words of a Data Center's refusal, ``None`` for a status it takes."""
    return _problem(body, _SERVER, OLD_STATES if old else SERVER_STATES, TEXT)


def _problem(body: object, known: Collection[str], states: Collection[str], longest_key: int) -> tuple[str, str] | None:
    if not isinstance(body, dict):
        return "body", "Expected a JSON object."
    for name in _REQUIRED:
        if not body.get(name):
            return name, "This field is required."
    for name, value in body.items():
        if name not in known:
            return name, "This field is not known."
        if not isinstance(value, str):
            return name, "Not a valid string."
        most = {"key": longest_key, "url": URL}.get(name, TEXT)
        if len(value) > most:
            return name, f"Ensure this value has at most {most} characters (it has {len(value)})."
    if body["state"] not in states:
        return "state", f"Value must be one of {', '.join(states)}."
    if urlsplit(body["url"]).scheme not in ("http", "https") or not urlsplit(body["url"]).hostname:
        return "url", "Enter a valid URL."
    return None
