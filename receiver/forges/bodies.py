"""The body of a delivery as one JSON object, sent as JSON or inside a form; never more than a parser's step.

A body that is no JSON object is the sender's mistake: :class:`BadPayload`, answered 400.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson

Payload = dict[str, Any]

_MOST_FORM_FIELDS = 16
FORM = "application/x-www-form-urlencoded"


class BadPayload(ValueError):
    """The verified body is not what its content type promises; the message is safe to send back."""


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
    return json_object(form_payload(body))


def form_payload(body: bytes) -> bytes:
    """Return the bytes of the one ``payload`` field of an urlencoded form, else :class:`BadPayload`."""
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FORM_FIELDS,
        )
    except ValueError:
        raise BadPayload("the body is not an urlencoded form") from None
    payloads = [value for name, value in fields if name == "payload"]
    if len(payloads) != 1:
        raise BadPayload(f"the form must have one field 'payload', it has {len(payloads)}")
    return payloads[0].encode("utf-8")
