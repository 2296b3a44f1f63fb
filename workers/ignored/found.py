"""Which fields of an object some rules are about."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from workers import fields, jq
from workers.errors import BadConfiguration, HooklineError, IgnoredUnknown
from workers.fields import Path
from workers.ignored import selecting
from workers.model import Manifest, Ref
from workers.policies import Ignored

_KEPT: Final = frozenset({("apiVersion",), ("kind",), *(("metadata", name) for name in ("name", "namespace"))})
"""What tells an object from others is never ignored."""
_OWNERS: Final = ("metadata", "managedFields")


def applying(rules: Sequence[Ignored], manifest: Manifest, ref: Ref) -> list[Ignored]:
    """Return the rules that are about an object."""
    return [
        rule
        for rule in rules
        if fnmatchcase(ref.group, rule.group)
        and fnmatchcase(ref.kind, rule.kind)
        and rule.name in ("", "*", ref.name)
        and rule.namespace in ("", "*", ref.namespace)
        and selecting.is_selected(rule.selector, manifest, ref)
    ]


def found(rules: Sequence[Ignored], manifest: Manifest, ref: Ref, live: Manifest | None = None) -> list[Path]:
    """Return the paths of the ignored fields, each once; those of pointers also where nothing is.

    ``live`` says what field managers own, ``manifest`` itself when it is not given. Raises :class:`IgnoredUnknown`, or
    :class:`BadConfiguration` for a rule of the configuration, when a jq expression takes too long or names no fields.
    """
    owner = manifest if live is None else live
    paths: dict[Path, None] = {}
    for rule in applying(rules, owner, ref):
        for pointer in rule.pointers:
            if pointer.startswith("/"):
                paths[_resolved(pointer, manifest)] = None
        for expression in rule.expressions:
            try:
                paths |= dict.fromkeys(jq.paths(expression, manifest))
            except (jq.Overrun, jq.Unfit) as error:
                raise _unknown(rule, expression, ref, str(error)) from None
        for tree in fields.trees(owner, rule.managers):
            paths |= dict.fromkeys(fields.paths(tree, manifest))
    return list(dict.fromkeys(path for one in paths for path in _allowed(one, manifest)))


def _resolved(pointer: str, value: Any) -> Path:
    """Return a JSON pointer as a path of this very value."""
    path: list[str | int] = []
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        step: str | int = int(name) if isinstance(value, list) and name.isdecimal() and len(name) < 10 else name
        path.append(step)
        value = below(value, step)
    return tuple(path)


def below(value: Any, step: str | int) -> Any:
    """Return what is at one step of a path, ``None`` where there is nothing."""
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value) else None


def _allowed(path: Path, manifest: Manifest) -> Iterator[Path]:
    if path == ("metadata",):
        for name in manifest.get("metadata") or ():
            yield from _allowed(("metadata", name), manifest)
    elif path not in _KEPT and path[:2] != _OWNERS:
        yield path


def _unknown(rule: Ignored, expression: str, ref: Ref, problem: str) -> HooklineError:
    where = posixpath.join(ref.namespace, ref.name)
    text = f"the jq path expression {expression!r} {problem} on {ref.kind} {where}: correct it"
    if rule.by:
        return IgnoredUnknown(f"app {rule.by}: {text}")
    return BadConfiguration(text, field="ignored")
