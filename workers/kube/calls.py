"""Requests as values: the one place where a call to the API server is put together. Nothing here does I/O.

:func:`build` is the only maker of a :class:`Call`, and it is what keeps the promise that a dry client never writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from workers.errors import ObjectRefused

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
"""The content type of server-side apply; JSON is YAML, so JSON bytes go as they are."""

MERGE = "application/merge-patch+json"

METADATA = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
METADATA_LIST = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
"""Headers that make the API server leave everything but ``metadata`` out, so that no Secret's value comes to us.

Whole objects are not named as second choice: a server that cannot leave them out is to refuse (406).
Source: "Receiving resources as PartialObjectMetadata" in the Kubernetes API concepts."""
_NO_YAML = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xef\xbf[\xbe\xbf]")
"""U+007F to U+009F, U+2028, U+2029, U+FEFF, U+FFFE and U+FFFF: no text of YAML, or ends of lines, unless escaped."""

READS = frozenset({"GET"})
"""The methods that cannot change anything; every other one carries ``dryRun`` when the client is dry."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it is sent; ``target`` is path and query below the server's address."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer. ``headers`` has lower-case names."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def build(
    method: str,
    path: str,
    query: Mapping[str, str],
    body: Mapping[str, Any] | None,
    *,
    dry_run: bool,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Call:
    """Return the call; with ``dry_run``, every method that could write carries ``dryRun=All``.

    A DELETE is given it in its body too: the API server ignores the query as soon as a DELETE has a body
    (k8s.io/apiserver, endpoints/handlers/delete.go). Raises :class:`ObjectRefused` when ``body`` holds what JSON
    cannot say.
    """
    query = dict(query)
    if dry_run and method not in READS:
        query["dryRun"] = "All"
        if method == "DELETE":
            body = {**(body or {}), "dryRun": ["All"]}
    own = {"Accept": JSON, "User-Agent": "hookline", **(headers or {})}
    if body is not None:
        own["Content-Type"] = content_type
    target = f"{path}?{urlencode(query)}" if query else path
    if body is None:
        return Call(method, target, own)
    text = encoded(body)
    return Call(method, target, own, as_yaml(text) if content_type == APPLY else text)


def as_yaml(text: bytes) -> bytes:
    """Return JSON that a YAML reader takes for the same value; the API server reads what is applied as YAML.

    It refuses control characters that JSON may hold, and takes three characters beyond ASCII for the end of a line.
    Source: YAML 1.1, sections 4.1.1 and 4.1.4.
    """
    return _NO_YAML.sub(lambda found: f"\\u{ord(found[0].decode()):04x}".encode(), text)


def delete_options(propagation: str, uid: str, resource_version: str = "") -> dict[str, Any]:
    """Return the body of a DELETE: the propagation in any case of letters, and the only object it may hit, if given."""
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation.capitalize(),
    }
    only = {"uid": uid} if uid else {}
    if resource_version:
        only["resourceVersion"] = resource_version
    return {**options, "preconditions": only} if only else options


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return ``body`` as JSON. Raises :class:`ObjectRefused`, quoting no value, when it cannot be written so."""
    try:
        return orjson.dumps(body)
    except TypeError as error:  # a number over 64 bits, a lone surrogate, a key that is no string, absurd nesting
        name = (body.get("metadata") or {}).get("name", "") if isinstance(body.get("metadata"), dict) else ""
        raise ObjectRefused(
            f"{body.get('kind', 'an object')} {name} cannot be written as JSON ({error}): correct the value in Git"
        ) from None


def openapi(api_version: str) -> str:
    """Return the path of what a group and version says of its fields ("OpenAPI V3", Kubernetes documentation)."""
    return f"/openapi/v3/{'apis' if '/' in api_version else 'api'}/{api_version}"


def written_by(manager: str, strict: bool) -> dict[str, str]:
    """Return the query of a write: whose fields it sets, and whether unknown ones are refused."""
    return {"fieldManager": manager, "fieldValidation": "Strict" if strict else "Ignore"}
