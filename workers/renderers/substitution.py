"""Variables in built manifests: ``${name}`` and its kin, as Flux's ``postBuild`` replaces them. Pure.

The forms are those of Flux's documentation ("Post build variable substitution", after the ``envsubst`` library it
uses). As there, a text that YAML would write without quotes is read anew after the replacement, so that
``replicas: ${count}`` becomes a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

from workers import documents
from workers.errors import BadDocument
from workers.model import Manifest
from workers.options import FLUX

DISABLED: Final = f"{FLUX}substitute"
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_EXPRESSION: Final = re.compile(
    r"\$(?P<escaped>\$)?\{(?P<length>#)?(?P<name>" + _NAME + r")(?P<rest>(?:[^{}]|\{[^{}]*\})*)\}"
)


class UnknownVariable(ValueError):
    """A variable without a value and without a default; the message is one sentence."""


def substituted(manifest: Manifest, variables: Mapping[str, str]) -> Manifest:
    """Return a manifest with its variables replaced. Raises :class:`UnknownVariable`.

    An object that says ``kustomize.toolkit.fluxcd.io/substitute: disabled`` (label or annotation) stays as it is.
    """
    metadata = manifest.get("metadata")
    for said in ("annotations", "labels"):
        words = metadata.get(said) if isinstance(metadata, dict) else None
        if isinstance(words, dict) and str(words.get(DISABLED, "")).lower() == "disabled":
            return manifest
    found: Manifest = _value(manifest, variables)
    return found


def _value(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {replaced(str(key), variables): _value(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item, variables) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    text = replaced(value, variables)
    return _read(text) if _is_plain(value) else text


def _is_plain(text: str) -> bool:
    """Whether YAML writes a text without quotes."""
    return "\n" not in text and not str(yaml.safe_dump(text, width=10**9, allow_unicode=True)).startswith(
        ("'", '"', "|")
    )


def _read(text: str) -> Any:
    try:
        [read] = documents.read(f"value: {text}".encode(), "")
    except (BadDocument, ValueError):
        return text
    return read.value.get("value", text) if isinstance(read.value, dict) and len(read.value) == 1 else text


def replaced(text: str, variables: Mapping[str, str]) -> str:
    """Return a text with its variables replaced. Raises :class:`UnknownVariable`."""

    def one(match: re.Match[str]) -> str:
        if match["escaped"]:
            return match[0][1:]
        name, rest = match["name"], match["rest"]
        value = variables.get(name)
        if match["length"]:
            return str(len(value or ""))
        default = re.fullmatch(r":?[-=](?P<default>.*)", rest, re.DOTALL)
        if default:
            return value if value or (value is not None and rest[0] != ":") else replaced(default["default"], variables)
        if value is None:
            raise UnknownVariable(f"the variable {name} has no value: set it, or write ${{{name}:=default}}")
        return _changed(value, rest)

    return _EXPRESSION.sub(one, text) if "${" in text else text


def _changed(value: str, rest: str) -> str:
    """Apply what follows the name: case, a part, a cut or a replacement."""
    if rest in _CASES:
        return _CASES[rest](value)
    if part := re.fullmatch(r":(?P<start>\d{1,6})(?::(?P<length>\d{1,6}))?", rest):
        start = int(part["start"])
        return value[start : start + int(part["length"])] if part["length"] else value[start:]
    if cut := re.fullmatch(r"(?P<how>##?|%%?)(?P<what>.*)", rest, re.DOTALL):
        return _cut(value, cut["how"], cut["what"])
    if swap := re.fullmatch(r"(?P<how>//?)(?P<side>[#%]?)(?P<old>[^/]*)(?:/(?P<new>.*))?", rest, re.DOTALL):
        old, new = swap["old"], swap["new"] or ""
        if swap["side"] == "#":
            return new + value[len(old) :] if old and value.startswith(old) else value
        if swap["side"] == "%":
            return value[: -len(old)] + new if old and value.endswith(old) else value
        return value.replace(old, new, -1 if swap["how"] == "//" else 1) if old else value
    return value


def _cut(value: str, how: str, what: str) -> str:
    """Cut the shortest or longest (``##``, ``%%``) piece that a glob matches off the front or the end."""
    pattern = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in re.split(r"([*?])", what))
    ends = range(len(value) + 1)
    if how[0] == "#":
        order = reversed(ends) if how == "##" else ends
        return next((value[end:] for end in order if re.fullmatch(pattern, value[:end], re.DOTALL)), value)
    order = ends if how == "%%" else reversed(ends)
    return next((value[:begin] for begin in order if re.fullmatch(pattern, value[begin:], re.DOTALL)), value)


_CASES: Final[dict[str, Callable[[str], str]]] = {
    "": lambda value: value,
    "^": lambda value: value[:1].upper() + value[1:],
    "^^": str.upper,
    ",": lambda value: value[:1].lower() + value[1:],
    ",,": str.lower,
}
