"""Reading ``metadata.managedFields``: who owns what, and how items of a list are named there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from workers.manifests import canonical

if TYPE_CHECKING:
    from workers.model import Manifest

FieldSet = dict[str, Any]
"""A FieldsV1 tree."""

ListKey = tuple[tuple[str, Any], ...]
"""What names an item of a list, as sorted pairs: ``(("containerPort", 80), ("protocol", "TCP"))``."""

ORDER_MATTERS = frozenset({"containers", "initContainers", "env"})
"""Lists merged by key whose order means something: start order, and ``$(NAME)`` of earlier ones."""

VOLATILE = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
"""Metadata that the API server writes on its own."""

DEEPEST = 128
"""Levels below which a value is taken or compared as a whole; far beyond any real schema."""


def owned(manifest: Manifest, manager: str = "hookline") -> FieldSet | None:
    """The fields that ``manager`` owns, or ``None`` when it owns none.

    Its entry with operation Apply counts; where there is none, as on an object that was replaced, the one with
    Update. An entry on a subresource never does.
    """
    entry = apply_entry(manifest, manager) or _entry(manifest, manager, "Update")
    return entry["fieldsV1"] if entry else None


def entries(manifest: Manifest) -> list[dict[str, Any]]:
    """The entries of managedFields that have a tree of fields, of every manager."""
    metadata = manifest.get("metadata")
    found = metadata.get("managedFields") if isinstance(metadata, dict) else None
    if not isinstance(found, list):
        return []
    return [entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("fieldsV1"), dict)]


def apply_entry(manifest: Manifest, manager: str) -> dict[str, Any] | None:
    """The entry in which ``manager`` applied the object itself; the API server keeps at most one."""
    return _entry(manifest, manager, "Apply")


def _entry(manifest: Manifest, manager: str, operation: str) -> dict[str, Any] | None:
    for entry in entries(manifest):
        ours = entry.get("manager") == manager and entry.get("operation") == operation
        if ours and not entry.get("subresource") and entry["fieldsV1"]:
            return entry
    return None


def comparable(manifest: Manifest) -> Manifest:
    """The object without status and without what the API server writes; shares everything else."""
    result = {key: value for key, value in manifest.items() if key != "status"}
    metadata = result.get("metadata")
    if isinstance(metadata, dict):
        result["metadata"] = {key: value for key, value in metadata.items() if key not in VOLATILE}
    return result


@lru_cache(maxsize=4096)
def list_key(text: str) -> ListKey:
    """``k:{"name":"web"}`` as ``(("name", "web"),)``; empty when it is no such step or cannot be read."""
    if text[:2] != "k:":
        return ()
    try:
        key = orjson.loads(text[2:])
    except orjson.JSONDecodeError:
        return ()
    return tuple(sorted(key.items())) if isinstance(key, dict) else ()


@lru_cache(maxsize=4096)
def set_value(text: str) -> bytes:
    """``v:"a"`` as canonical JSON, whichever way the server escaped it; empty when it cannot be read."""
    try:
        return canonical(orjson.loads(text[2:]))
    except orjson.JSONDecodeError:
        return b""


def below(trees: list[Any], key: str) -> list[Any]:
    """What is under ``key`` in each of the trees that have it."""
    return [tree[key] for tree in trees if isinstance(tree, dict) and key in tree]
