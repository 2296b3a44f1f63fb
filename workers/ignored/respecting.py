"""An object in which the ignored fields are left to whoever writes them. Pure but for jq.

A field that somebody else owns too is left out of what we apply: it stays as it is and is no longer ours. One that
nobody else owns would go with our claim to it, so it is applied as it is live.

Source: Flux, `spec.ignore` of a Kustomization, strips or adopts by field owner.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from workers import fields
from workers.fields import Path
from workers.fields.managed import DEEPEST, entries, list_key
from workers.fields.managed import below as below_all
from workers.fields.taking import is_taken, merged
from workers.ignored.found import below, found
from workers.ignored.removing import remove
from workers.model import Manifest, Ref
from workers.options import Options
from workers.policies import Ignored

_NOTHING: Final = object()


def respected(
    manifest: Manifest, live: Manifest, rules: Sequence[Ignored], ref: Ref, *, whole: bool = False
) -> Manifest:
    """Return a manifest whose writing changes none of the ignored fields of ``live``; the same one without such.

    ``whole`` is whether all of it is written (``Replace=true``): then every ignored field is as it is live. Raises as
    :func:`workers.ignored.found` does.
    """
    paths = found(rules, live, ref)
    ours = found(rules, manifest, ref, live)
    if not paths and not ours:
        return manifest
    changed: Manifest = copy.deepcopy(manifest)
    remove(changed, ours)
    all_trees = [entry["fieldsV1"] for entry in entries(live)]
    others = [
        entry["fieldsV1"]
        for entry in entries(live)
        if entry.get("manager") != "hookline" and not is_taken(entry)  # what they own becomes ours
    ]
    owned: Any = None
    for tree in [] if whole else others:
        owned = tree if owned is None else merged(owned, tree)
    for path in sorted(paths, key=len):
        value = _at(live, path)
        if value is not _NOTHING:
            kept = _unowned(copy.deepcopy(value), _node(owned, live, path), 0)
            if kept is not _NOTHING:
                _place(changed, live, path, kept, all_trees)
    return changed


def asked(manifest: Manifest, live: Manifest | None, rules: Sequence[Ignored], ref: Ref, how: Options) -> Manifest:
    """Return a manifest to be written over ``live``, as its options ask: the same one, or :func:`respected`."""
    if live is None or not how.respect_ignored:
        return manifest
    return respected(manifest, live, rules, ref, whole=how.replace)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step, _NOTHING)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return _NOTHING
    return value


def _node(tree: Any, value: Any, path: Path) -> Any:
    """Return what of a tree is at ``path``: ``None`` for nothing, ``{}`` for all below it."""
    for depth, step in enumerate(path):
        if not isinstance(tree, dict):
            return None
        if depth and not [name for name in tree if name != "."]:
            return {} if not tree else None
        name = fields.step_of(tree, value, step)
        if name not in tree:
            return None
        tree, value = tree[name], below(value, step)
    return tree


def _unowned(value: Any, node: Any, depth: int) -> Any:
    """Return what of a value a tree does not own, nothing where it owns all."""
    if not isinstance(node, dict):
        return value
    steps = [step for step in node if step != "."]
    if not steps or depth > DEEPEST:
        return value if "." in node else _NOTHING
    found: list[tuple[Any, Any]] = []
    for step in steps:
        if isinstance(value, dict) and step[:2] == "f:" and step[2:] in value:
            found.append((step[2:], _unowned(value[step[2:]], node[step], depth + 1)))
        elif isinstance(value, list) and (index := fields.position(value, step)) is not None:
            names = {name for name, _ in list_key(step)}
            item = _unowned(value[index], {key: node[step][key] for key in node[step] if key[2:] not in names}, depth)
            bare = isinstance(item, dict) and set(item) <= names
            found.append((index, _NOTHING if bare else item))
    for place, kept in sorted(found, key=lambda one: one[0], reverse=True):
        if kept is _NOTHING:
            del value[place]
        else:
            value[place] = kept
    return value if value or not found else _NOTHING


def _place(target: Any, live: Any, path: Path, value: Any, trees: list[Any]) -> None:
    """Put a live value where it belongs in ``target``, whose lists may be shorter or in another order.

    An item of a list that is not wanted gets none of its fields: it is not ours.
    """
    for index, step in enumerate(path):
        last = index + 1 == len(path)
        there = below(live, step)
        if isinstance(target, dict):
            if last:
                target[step] = value
                return
            inner = target.setdefault(step, [] if isinstance(there, list) else {})
            below_trees = below_all(trees, f"f:{step}")
        elif isinstance(target, list) and isinstance(live, list) and isinstance(step, int):
            name = next((found for tree in trees if (found := fields.step_of(tree, live, step))[:2] == "k:"), "")
            at = fields.position(target, name) if name else step
            if at is None or at >= len(target):
                if last:
                    target.append(value)
                return
            if last:
                target[at] = value
                return
            inner, below_trees = target[at], below_all(trees, name)
        else:
            return
        target, live, trees = inner, there, below_trees
