"""Who owns which fields: what a manager lost, and who holds it now. Pure.

A field is named as people write it (``spec.replicas``); no value is ever in a name, but for the keys of lists.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from workers.fields.difference import step
from workers.fields.managed import DEEPEST, FieldSet, apply_entry, entries, list_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.model import Manifest

Steps = tuple[str, ...]

MOST: Final = 1000
"""Fields of one tree that are named."""


def lost(live: Manifest, wanted: Manifest, manager: str = "hookline") -> dict[str, tuple[str, ...]]:
    """Return the fields that ``manager`` owns of ``wanted`` and not of ``live``, each with who holds it in ``live``.

    ``wanted`` is what applying it again gives. Nothing is lost where ``manager`` does not apply, or where the entries
    are of two versions of the kind and cannot be compared. A holder is named as in :func:`holder`.
    """
    after, before = apply_entry(wanted, manager), apply_entry(live, manager)
    if after is None or (before is not None and before.get("apiVersion") != after.get("apiVersion")):
        return {}
    kept = set(_leaves(before["fieldsV1"], (), 0)) if before else set()
    gone = [leaf for leaf in _leaves(after["fieldsV1"], (), 0) if leaf not in kept]
    others = [entry for entry in entries(live) if entry is not before]
    return {
        named(leaf): tuple(dict.fromkeys(holder(entry) for entry in others if _has(entry["fieldsV1"], leaf)))
        for leaf in gone
    }


def names(tree: FieldSet) -> list[str]:
    """Return the fields of a FieldsV1 tree, each as people write it, :data:`MOST` at most."""
    return list(dict.fromkeys(named(leaf) for leaf in islice(_leaves(tree, (), 0), MOST)))


def holder(entry: dict[str, Any]) -> str:
    """Return a field manager as people know it: with the subresource it wrote through, ``kubectl (scale)``."""
    name, subresource = str(entry.get("manager") or "an unknown manager"), entry.get("subresource")
    return f"{name} ({subresource})" if subresource else name


def named(leaf: Steps) -> str:
    """Return a path of FieldsV1 steps as :func:`workers.fields.differences` writes it."""
    path = ""
    for part in leaf:
        kind, _, rest = part.partition(":")
        if kind == "f":
            path = step(path, rest)
        elif kind == "k":
            path += f"[{','.join(f'{name}={value}' for name, value in list_key(part))}]"
        elif kind == "i":
            path += f"[{rest}]"
        # v: an item of a set is a value, which is not shown
    return path


def _leaves(tree: FieldSet, above: Steps, depth: int) -> Iterator[Steps]:
    for part, below in tree.items():
        if part == ".":
            continue
        if isinstance(below, dict) and any(key != "." for key in below) and depth < DEEPEST:
            yield from _leaves(below, (*above, part), depth + 1)
        else:
            yield (*above, part)


def _has(tree: Any, leaf: Steps) -> bool:
    """Whether a tree has the field, or owns something above it as a whole."""
    for part in leaf:
        if not isinstance(tree, dict) or part not in tree:
            return False
        tree = tree[part]
        if tree == {}:
            return True
    return True
