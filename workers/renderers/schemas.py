"""Schemas of a chart's values may refer to themselves only: helm would open what they name, a file or a URL. Pure."""

from __future__ import annotations

from typing import Any, Final

import orjson

from workers.errors import RenderFailed

NAME: Final = "values.schema.json"
_REFERS: Final = ("$ref", "$dynamicRef", "$recursiveRef", "$id", "id")
_KNOWN: Final = ("http://json-schema.org/", "https://json-schema.org/")


def refuse(content: bytes, shown: str) -> None:
    """Look at a schema. Raises :class:`RenderFailed` for one that refers elsewhere; what is no JSON is left."""
    try:
        stack: list[Any] = [orjson.loads(content)]
    except orjson.JSONDecodeError:
        return
    while stack:
        here = stack.pop()
        if isinstance(here, list):
            stack += here
        elif isinstance(here, dict):
            stack += here.values()
            for name in (*_REFERS, "$schema"):
                said = here.get(name)
                if isinstance(said, str) and not _is_own(name, said):
                    raise RenderFailed(
                        f"{shown}: {name}: {said[:100]!r} is not in this file, and nothing else is read: copy it into"
                        " `$defs` and refer to #/$defs/NAME"
                    )


def _is_own(name: str, said: str) -> bool:
    if name == "$schema":
        return said.startswith(_KNOWN)
    # An id without a reference to it does no harm unless it is a place that relative references begin at.
    return said.startswith("#") or (name in ("$id", "id") and not said.lower().startswith("file:"))
