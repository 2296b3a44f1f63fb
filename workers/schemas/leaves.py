"""Whether one value may stand where it does: its type, and what a definition asks of it besides. Pure."""

from __future__ import annotations

import base64
import binascii
import difflib
import re
from collections.abc import Iterable
from typing import Any, Final

import re2

from workers.schemas.types import Node

_NAMES: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_QUANTITY: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_RANGES: Final = {"int32": 2**31, "int64": 2**63}


def unknown(key: str, known: Iterable[str]) -> str:
    """Return the sentence about a field that nobody knows."""
    near = difflib.get_close_matches(key, list(known), 1, 0.6)
    return "no such field" + (f"; did you mean {near[0]}?" if near else "")


def wrong(node: Node, value: Any, name: str = "") -> str:
    """Return what is wrong with a value, "" for nothing; ``name`` is its type's, "" for none."""
    if name.endswith(".Quantity"):
        return _quantity(value)
    if node.get("x-kubernetes-int-or-string") or node.get("format") == "int-or-string" or name.endswith(".IntOrString"):
        fits = (isinstance(value, int) and not isinstance(value, bool)) or isinstance(value, str)
        return "" if fits else f"expected a whole number or text, not {_called(value)}"
    expected = node.get("type")
    kinds = expected if isinstance(expected, list) else [expected] if expected else []
    if kinds and not any(_is(kind, value) for kind in kinds):
        hint = ": put quotes around it" if kinds == ["string"] and not isinstance(value, dict | list) else ""
        return f"expected {' or '.join(_NAMES.get(kind, str(kind)) for kind in kinds)}, not {_called(value)}{hint}"
    return _bounded(node, value)


def _is(kind: Any, value: Any) -> bool:
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    types: dict[Any, Any] = {"string": str, "number": int | float, "array": list, "object": dict}
    return kind not in types or isinstance(value, types[kind])


def _called(value: Any) -> str:
    for kind in ("boolean", "integer", "number", "string", "array"):
        if _is(kind, value):
            return _NAMES[kind]
    return _NAMES["object"]


def _quantity(value: Any) -> str:
    if isinstance(value, bool | dict | list):
        return f"expected a quantity such as 500m or 1Gi, not {_called(value)}"
    if isinstance(value, str) and not _QUANTITY.fullmatch(value.strip()):
        return "expected a quantity such as 500m or 1Gi"
    return ""


def _bounded(node: Node, value: Any) -> str:
    """What a schema says of a value beyond its type."""
    choices = node.get("enum")
    if isinstance(choices, list) and value not in (*choices, "") and isinstance(value, str | int | float):
        return f"expected one of {', '.join(sorted(map(str, choices)))}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _ranged(node, value)
    if isinstance(value, str):
        return _text(node, value)
    if isinstance(value, list):
        return _counted(node, len(value), "minItems", "maxItems", "entries")
    return ""


def _ranged(node: Node, value: float) -> str:
    most = _RANGES.get(str(node.get("format")))
    if most and not -most <= value < most:
        return f"is out of the range of {node['format']}"
    least, most = node.get("minimum"), node.get("maximum")
    if least is not None and (value < least or (node.get("exclusiveMinimum") is True and value == least)):
        return f"expected at least {least}" if value < least else f"expected more than {least}"
    if most is not None and (value > most or (node.get("exclusiveMaximum") is True and value == most)):
        return f"expected at most {most}" if value > most else f"expected less than {most}"
    return ""


def _text(node: Node, value: str) -> str:
    if node.get("format") == "byte":
        try:
            base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            return "expected base64; a Secret takes plain text under stringData"
    if said := _counted(node, len(value), "minLength", "maxLength", "characters"):
        return said
    pattern = node.get("pattern")
    if isinstance(pattern, str):
        try:
            return "" if re2.search(pattern, value) else f"expected text that matches {pattern}"
        except re2.error:
            return ""
    return ""


def _counted(node: Node, count: int, least: str, most: str, what: str) -> str:
    low, high = node.get(least), node.get(most)
    if isinstance(low, int) and count < low:
        return f"expected at least {low} {what}"
    if isinstance(high, int) and count > high:
        return f"expected at most {high} {what}"
    return ""
