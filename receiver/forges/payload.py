"""Reading what a forge sent without trusting it: the body as one JSON object, then one typed field at a time.

A body that is no JSON object is the sender's mistake (:class:`BadPayload`, answered 400). A field that is
missing or has an unexpected shape is not: forges change and let people reshape bodies, so it becomes a
visible "ignored" with the field's name (:class:`FieldProblem`, caught by the forge's ``read``).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 1024
"""Longest text taken from a payload, in characters; a longer one is refused, never cut into another name."""

_MOST_FORM_FIELDS = 16
_KEY = re.compile(r"[!-~]{1,200}")
_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NOT_IN_REFS = frozenset(" ~^:?*[\\")

Payload = dict[str, Any]


class BadPayload(ValueError):
    """The verified body is not what its content type promises; the message is safe to send back."""


class FieldProblem(Exception):
    """A field we need is missing or not what we expect; the message names the field, never its value."""


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Return the one value of header ``name`` (lower case), or ``None`` when it is absent or sent twice."""
    values = [value for key, value in headers.items() if key.lower() == name]
    return values[0] if len(values) == 1 else None


def key(candidates: tuple[str | None, ...], body: bytes) -> str:
    """Return the first candidate fit to identify a delivery, else the SHA-256 of ``body`` in hex.

    Fit means 1 to 200 printable ASCII characters without spaces.
    """
    for candidate in candidates:
        if candidate is not None and _KEY.fullmatch(candidate):
            return candidate
    return hashlib.sha256(body).hexdigest()


def json_object(body: bytes) -> Payload:
    """Return ``body`` as a JSON object (RFC 8259, UTF-8); raise :class:`BadPayload` when it is not one."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # the decoder's message quotes nothing of the body, but its position is all a sender needs
        raise BadPayload(f"the body is not JSON: error at line {error.lineno}, column {error.colno}") from None
    if not isinstance(value, dict):
        raise BadPayload("the body must be a JSON object")
    return value


def form_object(body: bytes) -> Payload:
    """Return the JSON object in the one ``payload`` field of an urlencoded form, else :class:`BadPayload`."""
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=16,
        )
    except ValueError:
        raise BadPayload("the body is not an urlencoded form") from None
    payloads = [value for name, value in fields if name == "payload"]
    if len(payloads) != 1:
        raise BadPayload(f"the form must have one field 'payload', it has {len(payloads)}")
    return json_object(payloads[0].encode("utf-8"))


def dig(payload: Payload, *path: str) -> Any:
    """Return the value at ``path``, or ``None`` when a step of it is missing, null or no object."""
    value: Any = payload
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(payload: Payload, *path: str, limit: int = LONGEST) -> str:
    """Return the text at ``path``: 1 to ``limit`` characters, all printable; else :class:`FieldProblem`."""
    value = dig(payload, *path)
    if not isinstance(value, str) or not value:
        raise FieldProblem(f"field '{'.'.join(path)}' is missing or not a text")
    if len(value) > limit:
        raise FieldProblem(f"field '{'.'.join(path)}' is longer than {limit} characters")
    if not value.isprintable():
        raise FieldProblem(f"field '{'.'.join(path)}' holds unprintable characters")
    return value


def text_or_empty(payload: Payload, *path: str, limit: int = LONGEST) -> str:
    """Return the text at ``path``, or ``""`` for anything :func:`text` would not take."""
    try:
        return text(payload, *path, limit=limit)
    except FieldProblem:
        return ""


def number(payload: Payload, *path: str) -> int:
    """Return the whole number at ``path``, 1 to 2**63 - 1; else :class:`FieldProblem`."""
    value = dig(payload, *path)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
        raise FieldProblem(f"field '{'.'.join(path)}' is missing or not a positive number")
    return value


def revision(payload: Payload, *path: str) -> str:
    """Return the full commit id (40 or 64 lower-case hex) at ``path``; else :class:`FieldProblem`."""
    value = dig(payload, *path)
    if not isinstance(value, str) or not _REVISION.fullmatch(value):
        raise FieldProblem(f"field '{'.'.join(path)}' is missing or not a full commit id")
    return value


def revision_or_empty(payload: Payload, *path: str) -> str:
    """Return the full commit id at ``path``, or ``""`` for anything else, the all-zero id included."""
    value = dig(payload, *path)
    return value if isinstance(value, str) and _REVISION.fullmatch(value) and value.strip("0") else ""


def ref(payload: Payload, *path: str, prefix: str = "") -> str:
    """Return ``prefix`` + the text at ``path``, the full ref of a branch or tag; else :class:`FieldProblem`.

    Takes only names Git itself takes (git-check-ref-format), so that no later step meets ``..``, a
    control character or a glob where a name should be.
    """
    value = dig(payload, *path)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST or not is_ref(prefix + value):
        raise FieldProblem(f"field '{'.'.join(path)}' is missing or not a branch or tag")
    return prefix + value


def is_ref(name: str) -> bool:
    """Whether ``name`` is a well-formed full name of a branch or a tag: git-check-ref-format's ten rules."""
    if not name.startswith(("refs/heads/", "refs/tags/")) or name.endswith("."):
        return False
    if ".." in name or "@{" in name or not _NOT_IN_REFS.isdisjoint(name):
        return False
    if any(unicodedata.category(character) == "Cc" for character in name):
        return False
    return all(part and not part.startswith(".") and not part.endswith(".lock") for part in name.split("/"))
