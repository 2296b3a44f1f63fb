"""Which objects Flux means by a selector: regular expressions as Go reads them (RE2, no backtracking), label selectors.

Pure. Source: Kustomize, "Patches: target"; Kubernetes, "Labels and Selectors".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, Final

import re2

from workers.model import Manifest, Ref
from workers.policies import Selector

_LONGEST: Final = 1000
"""Characters of one expression or selector."""
_NAME: Final = r"[A-Za-z0-9][-A-Za-z0-9_./]*"
_REQUIREMENT: Final = re.compile(
    rf"\s*(?:(?P<no>!)\s*(?P<absent>{_NAME})"
    rf"|(?P<key>{_NAME})\s*(?:(?P<is>==?|!=|>|<)\s*(?P<value>[-A-Za-z0-9_.]*)"
    r"|(?P<in>in|notin)\s*\((?P<values>[-A-Za-z0-9_.,\s]*)\))?)\s*(?:,|$)"
)
"""One requirement of a label selector, with the comma after it."""


def problem(selector: Selector) -> tuple[str, str]:
    """Return which field of a selector is wrong, in Flux's words, and how; ``("", "")`` for none."""
    for name in ("group", "version", "kind", "name", "namespace"):
        text = getattr(selector, name)
        if len(text) > _LONGEST:
            return name, f"an expression has {_LONGEST} characters at most"
        try:
            _expression(text)
        except re2.error as error:
            return name, f"{text} is no regular expression: {_words(error)}"
    for name, text in (("labelSelector", selector.labels), ("annotationSelector", selector.annotations)):
        try:
            _requirements(text)
        except ValueError as error:
            return name, str(error)
    return "", ""


def is_selected(selector: Selector | None, manifest: Manifest, ref: Ref) -> bool:
    """Whether an object is meant; every object is by ``None``."""
    if selector is None:
        return True
    version = str(manifest.get("apiVersion", "")).rpartition("/")[2]
    named = (
        (selector.group, ref.group),
        (selector.version, version),
        (selector.kind, ref.kind),
        (selector.name, ref.name),
        (selector.namespace, ref.namespace),
    )
    if any(text and not _expression(text).fullmatch(value) for text, value in named):
        return False
    metadata = manifest.get("metadata") or {}
    return _has(selector.labels, metadata.get("labels")) and _has(selector.annotations, metadata.get("annotations"))


@functools.lru_cache(maxsize=1024)
def _expression(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(text, options)


def _words(error: Exception) -> str:
    found = error.args[0] if error.args else ""
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)


def _has(text: str, labels: Any) -> bool:
    found = labels if isinstance(labels, dict) else {}
    return all(_meets(one, found) for one in _requirements(text)) if text else True


def _meets(one: tuple[str, str, tuple[str, ...]], labels: Mapping[str, Any]) -> bool:
    key, word, values = one
    there = key in labels
    value = str(labels.get(key, ""))
    if word in ("exists", "!"):
        return there is (word == "exists")
    if word in (">", "<"):
        if not (there and re.fullmatch(r"-?\d{1,18}", value)):
            return False
        return int(value) > int(values[0]) if word == ">" else int(value) < int(values[0])
    return (there and value in values) if word == "in" else not (there and value in values)


@functools.lru_cache(maxsize=1024)
def _requirements(text: str) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Read a label selector: (key, word, values) each. Raises :class:`ValueError`."""
    if len(text) > _LONGEST:
        raise ValueError(f"a selector has {_LONGEST} characters at most")
    found: list[tuple[str, str, tuple[str, ...]]] = []
    at = 0
    while at < len(text):
        read = _REQUIREMENT.match(text, at)
        if read is None:
            raise ValueError(f"{text} is no label selector: expected `a=b`, `a!=b`, `a in (b, c)`, `a` or `!a`")
        at = read.end()
        if read["no"]:
            found.append((read["absent"], "!", ()))
        elif read["is"]:
            word = {"=": "in", "==": "in", "!=": "notin"}.get(read["is"], read["is"])
            if word in "<>" and not re.fullmatch(r"-?\d{1,18}", read["value"]):
                raise ValueError(f"{text} is no label selector: {read['is']} compares whole numbers")
            found.append((read["key"], word, (read["value"],)))
        elif read["in"]:
            found.append((read["key"], read["in"], tuple(part.strip() for part in read["values"].split(","))))
        else:
            found.append((read["key"], "exists", ()))
    return tuple(found)
