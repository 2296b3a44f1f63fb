"""An object without its ignored fields, and without who owns them. Pure but for jq."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from workers.fields import Path, step_of
from workers.ignored.found import below, found
from workers.model import Manifest, Ref
from workers.policies import Ignored


def without(manifest: Manifest, rules: Sequence[Ignored], ref: Ref, live: Manifest | None = None) -> Manifest:
    """Return a manifest without the ignored fields; the very same one when there are none.

    What was left empty goes with them: whoever writes a field makes what is around it. ``live`` says what field
    managers own where the manifest is not the live one. Raises as :func:`workers.ignored.found` does.
    """
    paths = found(rules, manifest, ref, live)
    if not paths:
        return manifest
    changed: Manifest = copy.deepcopy(manifest)
    for entry in (changed.get("metadata") or {}).get("managedFields") or ():
        for path in paths:
            # Who owns a field changes with whoever writes it: that is to be ignored, too.
            if isinstance(entry, dict):
                disown(entry.get("fieldsV1"), manifest, path)
    remove(changed, paths)
    return changed


def disown(tree: Any, value: Any, path: Path) -> None:
    """Take the field at ``path`` of ``value`` out of a FieldsV1 tree, with what has nothing left below it.

    Nothing below would mean all below.
    """
    above: list[tuple[dict[str, Any], str]] = []
    for step in path:
        if not isinstance(tree, dict):
            return
        name = step_of(tree, value, step)
        if name not in tree:
            return
        above.append((tree, name))
        tree, value = tree[name], below(value, step)
    while above:
        node, name = above.pop()
        del node[name]
        if node:
            return


def remove(value: Any, paths: Iterable[Path]) -> None:
    """Take the fields at ``paths`` out of ``value``, all at once, with what is left empty around them."""
    for path in sorted(paths, key=_order, reverse=True):
        above = [value]
        for step in path[:-1]:
            inner = below(above[-1], step)
            if not isinstance(inner, dict | list):
                break
            above.append(inner)
        parent, last = above[-1], path[-1]
        if len(above) == len(path):
            if isinstance(parent, dict):
                parent.pop(last, None)
            elif isinstance(last, int) and 0 <= last < len(parent):
                del parent[last]
        for depth in range(len(above) - 1, 0, -1):
            if above[depth] or not isinstance(above[depth - 1], dict) or path[:depth] == ("metadata",):
                break
            del above[depth - 1][path[depth - 1]]


def _order(path: Path) -> tuple[tuple[int, int | str], ...]:
    """Sort so that, backwards, what is inside goes before what is around it and later items before earlier ones."""
    return tuple((0, step) if isinstance(step, int) else (1, step) for step in path)
