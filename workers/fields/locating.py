"""Between FieldsV1 trees and values: where an owned field is in an object, and what names a field in a tree. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from workers.fields.managed import (
    DEEPEST,
    ORDER_MATTERS,
    VOLATILE,
    FieldSet,
    apply_entry,
    below,
    comparable,
    entries,
    list_key,
    set_value,
)
from workers.fields.projection import matching, whole
from workers.manifests import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from workers.model import Manifest

Path = tuple[str | int, ...]
"""Where a field is: names, and positions in lists."""


def position(items: Sequence[Any], step: str) -> int | None:
    """Return where the item of a list is that a step of a tree names, ``None`` where there is none."""
    if step[:2] == "i:":
        return int(step[2:]) if step[2:].isdigit() and int(step[2:]) < len(items) else None
    if step[:2] == "v:":
        value = set_value(step)
        return next((index for index, item in enumerate(items) if canonical(item) == value), None)
    key = {list_key(step): step}
    found = (index for index, item in enumerate(items) if isinstance(item, dict) and matching(item, key))
    return next(found, None) if list_key(step) else None


def into(value: Any, step: str) -> tuple[str | int, Any] | None:
    """Return where the field or item is that a step of a tree names, and what is there; ``None`` for none."""
    if isinstance(value, dict) and step[:2] == "f:" and step[2:] in value:
        return step[2:], value[step[2:]]
    if isinstance(value, list) and (index := position(value, step)) is not None:
        return index, value[index]
    return None


def step_of(tree: Any, value: Any, step: str | int) -> str:
    """Return what names a field of ``value``, or an item of it, in a tree of it."""
    if not isinstance(value, list):
        return f"f:{step}"
    named = (known for known in tree if isinstance(step, int) and position(value, known) == step)
    return next(named, f"i:{step}")


def paths(tree: Any, value: Any) -> Iterator[Path]:
    """Yield where each field of a tree that owns all below it is in ``value``; what is not there is left out."""
    yield from _paths(tree, value, (), 0)


def _paths(tree: Any, value: Any, path: Path, depth: int) -> Iterator[Path]:
    steps = [step for step in tree if step != "."] if isinstance(tree, dict) else []
    if path and (not steps or depth > DEEPEST):
        yield path
        return
    for step in steps:
        if (found := into(value, step)) is None:
            continue
        (here, item), inner, names = found, tree[step], {name for name, _ in list_key(step)}
        if names and isinstance(item, dict) and "." in inner and all(f"f:{name}" in inner for name in item):
            yield (*path, here)  # it is there by them, and nobody else added to it
            continue
        if isinstance(here, int):
            inner = {key: below for key, below in inner.items() if key[2:] not in names}
        if inner or not names:
            yield from _paths(inner, item, (*path, here), depth + 1)


_MISSING: Final = object()
"""A field that is owned and not there: another thing than one that is null."""


def leaves(manifest: Manifest, manager: str = "hookline") -> dict[str, str]:
    """Return a hash for each field that ``manager`` applied, by a hash of its place; empty when it applied none.

    As :func:`workers.fields.digest`, field by field: for objects of which others may take fields over.
    """
    entry = apply_entry(manifest, manager)
    if entry is None:
        return {}
    if entry.get("apiVersion") != manifest.get("apiVersion"):
        return {_hash(b"*"): _hash(canonical(comparable(manifest)))}
    others = [other["fieldsV1"] for other in entries(manifest) if other is not entry]
    found = {}
    for place, value in _leaves(entry["fieldsV1"], manifest, others, (), 0):
        found[_place(place)] = _hash(b"" if value is _MISSING else canonical(value))
    return found


def places(manifest: Manifest, managers: Collection[str]) -> set[str]:
    """Return a hash of the place of each field that one of ``managers`` owns, as in :func:`leaves`."""
    found: set[str] = set()

    def walk(tree: Any, place: tuple[str, ...], depth: int) -> None:
        found.update((_place(place), _place((*place, "order"))))
        if isinstance(tree, dict) and depth <= DEEPEST:
            for step in tree:
                if step != ".":
                    walk(tree[step], (*place, _named(step)), depth + 1)

    for tree in trees(manifest, managers):
        walk(tree, (), 0)
    return found


def trees(manifest: Manifest, managers: Collection[str]) -> list[FieldSet]:
    """Return what ``managers`` own of an object, on subresources too; entries of other apiVersions cannot be read."""
    version = manifest.get("apiVersion")
    return [
        entry["fieldsV1"]
        for entry in entries(manifest)
        if entry.get("manager") in managers and entry.get("apiVersion") == version
    ]


def _leaves(
    tree: Any, value: Any, others: list[Any], place: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], Any]]:
    steps = [step for step in tree if step != "."] if isinstance(tree, dict) else []
    if not steps or depth > DEEPEST:
        yield place, whole(value, others)
        return
    if "." in tree:
        yield (*place, "."), True
    order: list[tuple[int, str]] = []
    for step in steps:
        if place == ("f:metadata",) and step[2:] in VOLATILE:
            continue
        here = (*place, _named(step))
        if (found := into(value, step)) is None:
            yield here, _MISSING
            continue
        if isinstance(found[0], int):
            order.append((found[0], here[-1]))
        yield from _leaves(tree[step], found[1], below(others, step), here, depth + 1)
    if order and place[-1].removeprefix("f:") in ORDER_MATTERS:
        yield (*place, "order"), [step for _, step in sorted(order)]


def _named(step: str) -> str:
    """Return a step in one spelling: the server may write the keys of an item in another order."""
    return f"k:{canonical(list_key(step)).decode()}" if list_key(step) else step


def _place(place: tuple[str, ...]) -> str:
    return _hash(canonical(place))[:12]


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]
