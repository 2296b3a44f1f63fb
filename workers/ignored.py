"""Fields that somebody else writes: left out where differences are looked for, kept as they are where that is asked.

Pure. The rules are Argo CD's ``ignoreDifferences``; the paths are JSON pointers (RFC 6901).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from workers.fields.managed import ListKey, list_key
from workers.model import Manifest, Ref
from workers.policies import Ignored

_ABSENT = object()


def pointers(rules: Sequence[Ignored], ref: Ref) -> list[tuple[str, ...]]:
    """Return the paths that rules name for an object, as their parts."""
    return [
        tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
        for rule in rules
        if _applies(rule, ref)
        for pointer in rule.pointers
        if pointer.startswith("/")
    ]


def _applies(rule: Ignored, ref: Ref) -> bool:
    return all(
        said in ("*", found) or (optional and not said)
        for said, found, optional in (
            (rule.group, ref.group, False),
            (rule.kind, ref.kind, False),
            (rule.name, ref.name, True),
            (rule.namespace, ref.namespace, True),
        )
    )


def without(manifest: Manifest, rules: Sequence[Ignored], ref: Ref) -> Manifest:
    """Return a manifest without the ignored fields; the very same one when there are none."""
    found = pointers(rules, ref)
    if not found:
        return manifest
    changed: Manifest = copy.deepcopy(manifest)
    for path in found:
        # Who owns a field changes with whoever writes it: that is to be ignored, too.
        for entry in changed["metadata"].get("managedFields") or ():
            _disown(entry.get("fieldsV1"), manifest, path)
        _set(changed, path, _ABSENT)
    return changed


def _disown(tree: Any, value: Any, path: Sequence[str]) -> None:
    """Take the field at ``path`` of ``value`` out of a FieldsV1 tree."""
    for index, part in enumerate(path):
        if not isinstance(tree, dict):
            return
        step = f"f:{part}"
        if isinstance(value, list):
            item = _get(value, (part,))
            keys = {text: list_key(text) for text in tree if text.startswith("k:")}
            step = next((text for text, key in keys.items() if _is(item, key)), f"i:{part}")
        if index + 1 == len(path):
            tree.pop(step, None)
            return
        value, tree = _get(value, (part,)), tree.get(step)


def _is(item: Any, key: ListKey) -> bool:
    return bool(key) and isinstance(item, dict) and all(item.get(name) == value for name, value in key)


def respected(manifest: Manifest, live: Manifest, rules: Sequence[Ignored], ref: Ref) -> Manifest:
    """Return a manifest in which the ignored fields are as in ``live``, so that writing it changes none of them."""
    found = pointers(rules, ref)
    if not found:
        return manifest
    changed: Manifest = copy.deepcopy(manifest)
    for path in found:
        _set(changed, path, copy.deepcopy(_get(live, path)))
    return changed


def _get(value: Any, path: Sequence[str]) -> Any:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part, _ABSENT)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _ABSENT
    return value


def _set(value: Any, path: Sequence[str], new: Any) -> None:
    """Set the field at ``path``, or take it out. What has no such place is left as it is."""
    if not path:
        return
    parent = _get(value, path[:-1])
    last = path[-1]
    if isinstance(parent, dict):
        if new is _ABSENT:
            parent.pop(last, None)
        else:
            parent[last] = new
    elif isinstance(parent, list) and last.isdigit() and int(last) < len(parent):
        if new is _ABSENT:
            del parent[int(last)]
        else:
            parent[int(last)] = new
