"""What one manager owns, field by field, and what of a difference somebody else has taken over. Pure.

For the few objects whose author says that certain managers may take fields: one digest for all could not tell theirs.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from workers.fields.managed import FieldSet, apply_entry, entries, list_key, set_value
from workers.fields.projection import project, stored
from workers.fields.taking import merged
from workers.manifests import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from workers.model import Manifest

MARK: Final = "="
"""What an encoded set of leaves begins with; a digest never does."""

Leaves = dict[str, str]
"""Path (the steps of FieldsV1, as JSON) to a short hash of the value there."""


def leaves(manifest: Manifest, manager: str = "hookline") -> Leaves:
    """Return every field that ``manager`` owns of a live object; nothing when it owns none."""
    entry = apply_entry(manifest, manager)
    if entry is None:
        return {}
    others = [other["fieldsV1"] for other in entries(manifest) if other is not entry]
    value = project(manifest, stored(manifest, entry["fieldsV1"]), others)
    return {
        orjson.dumps(path).decode(): hashlib.sha256(canonical(leaf)).hexdigest()[:12] for path, leaf in _flat(value, [])
    }


def _flat(value: Any, path: list[str]) -> Iterator[tuple[list[str], Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, [*path, f"f:{name}"])
    elif isinstance(value, list) and value and all(isinstance(item, tuple) for item in value):
        for name, inner in value:
            yield from _flat(inner, [*path, name])
    else:
        yield path, value


def encoded(found: Leaves) -> str:
    """Return leaves as one word."""
    return MARK + base64.b64encode(zlib.compress(canonical(found))).decode()


def decoded(text: str) -> Leaves:
    """Read them back; a digest reads as nothing known."""
    if not text.startswith(MARK):
        return {}
    found: Leaves = orjson.loads(zlib.decompress(base64.b64decode(text[1:])))
    return found


def tree_of(manifest: Manifest, managers: Collection[str]) -> FieldSet:
    """Return what any of ``managers`` owns of a live object, on subresources too, as one FieldsV1 tree."""
    tree: FieldSet = {}
    for entry in entries(manifest):
        if entry.get("manager") in managers:
            tree = merged(tree, entry["fieldsV1"]) if tree else entry["fieldsV1"]
    return tree


def covers(tree: FieldSet, path: str) -> bool:
    """Whether the field at ``path`` (as in :data:`Leaves`), or all around it, is in a tree."""
    node: Any = tree
    for step in orjson.loads(path):
        if not isinstance(node, dict) or step not in node:
            return False
        node = node[step]
        if not node:
            return True
    return bool(tree)


def without(value: Any, tree: FieldSet) -> Any:
    """Return a value without the fields of a tree; items of lists are found by their keys."""
    if isinstance(value, dict):
        left = {}
        for name, inner in value.items():
            node = tree.get(f"f:{name}")
            if node is None:
                left[name] = inner
            elif node:
                left[name] = without(inner, node)
        return left
    if isinstance(value, list):
        keys = [(list_key(step), node) for step, node in tree.items() if list_key(step)]
        gone = {set_value(step) for step in tree if step[:2] == "v:"}
        return [_item(item, keys) for item in value if not gone or canonical(item) not in gone]
    return value


def _item(item: Any, keys: list[tuple[Any, FieldSet]]) -> Any:
    if isinstance(item, dict):
        for key, node in keys:
            if all(item.get(name) == value for name, value in key):
                kept = {name: item[name] for name, _ in key}
                return {**without(item, node), **kept}
    return item
