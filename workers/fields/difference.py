"""Naming the fields in which two objects from the API server differ."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from workers.fields.managed import DEEPEST, ORDER_MATTERS, ListKey, below, comparable, entries, list_key
from workers.manifests import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.model import Manifest

MOST_PATHS = 50
"""Paths that :func:`differences` reports at most."""

_LONGEST_NAME = 100
"""Characters shown of one name in a path."""

_NAMES = ("name", "key", "type", "mountPath")
"""Fields that name an item to a reader where the list itself has no keys; the first that fits is used."""


def differences(live: Manifest, wanted: Manifest) -> tuple[str, ...]:
    """Paths of the fields that differ between two objects from the API server, at most :data:`MOST_PATHS`.

    Paths read ``spec.template.spec.containers[name=web].image`` or ``metadata.annotations[example.com/a]``;
    they hold names and list keys, never values. Status and the metadata that the API server writes are left
    out. The order of a list counts, unless the field managers' entries say that it is merged by key or is a
    set.
    """
    return tuple(islice(_all(live, wanted), MOST_PATHS))


def semantically_equal(live: Manifest, wanted: Manifest) -> bool:
    """Whether :func:`differences` would find nothing."""
    return next(_all(live, wanted), None) is None


def step(path: str, name: str) -> str:
    """``path`` and one field below it; a name that is not a plain word is put in brackets."""
    plain = name.replace("_", "").replace("-", "").isalnum()
    short = _short(name)
    return (f"{path}.{short}" if path else short) if plain else f"{path}[{short}]"


def _all(live: Manifest, wanted: Manifest) -> Iterator[str]:
    trees = [entry["fieldsV1"] for one in (wanted, live) for entry in entries(one)]
    return _differences(comparable(live), comparable(wanted), trees, "", "", 0)


def _differences(old: Any, new: Any, trees: list[Any], path: str, name: str, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        if canonical(old) != canonical(new):
            yield path
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if key in old and key in new:
                yield from _differences(old[key], new[key], below(trees, f"f:{key}"), step(path, key), key, depth + 1)
            else:
                yield step(path, key)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, trees, path, name, depth)
    elif isinstance(old, bool) != isinstance(new, bool) or old != new:
        yield path


def _lists(old: list[Any], new: list[Any], trees: list[Any], path: str, name: str, depth: int) -> Iterator[str]:
    keys = {list_key(key): key for tree in trees if isinstance(tree, dict) for key in tree if list_key(key)}
    if keys:
        names = tuple(field for field, _ in next(iter(keys)))
        before, after = _keyed(old, names), _keyed(new, names)
        if before is not None and after is not None:
            yield from _merged_by_key(before, after, keys, trees, path, name, depth)
            return
    if any(key[:2] == "v:" for tree in trees if isinstance(tree, dict) for key in tree):
        if sorted(map(canonical, old)) != sorted(map(canonical, new)):
            yield path
    elif len(old) != len(new):
        yield path
    else:
        yield from _by_position(old, new, trees, path, depth)


def _merged_by_key(
    old: dict[ListKey, Any],
    new: dict[ListKey, Any],
    texts: dict[ListKey, str],
    trees: list[Any],
    path: str,
    name: str,
    depth: int,
) -> Iterator[str]:
    for key in [*old, *(key for key in new if key not in old)]:
        here = f"{path}[{','.join(f'{field}={_short(str(value))}' for field, value in key)}]"
        if key in old and key in new:
            inner = below(trees, texts[key]) if key in texts else []
            yield from _differences(old[key], new[key], inner, here, "", depth + 1)
        else:
            yield here
    if name in ORDER_MATTERS and [key for key in old if key in new] != [key for key in new if key in old]:
        yield path


def _keyed(items: list[Any], names: tuple[str, ...]) -> dict[ListKey, Any] | None:
    """Items by their key fields, in order; ``None`` when they cannot be told apart by them."""
    result: dict[ListKey, Any] = {}
    for item in items:
        if not isinstance(item, dict):
            return None
        key = tuple((name, item.get(name)) for name in names)
        try:
            if key in result:
                return None
            result[key] = item
        except TypeError:  # a list or mapping where a key field should be
            return None
    return result if names else None


def _by_position(old: list[Any], new: list[Any], trees: list[Any], path: str, depth: int) -> Iterator[str]:
    for index, (before, after) in enumerate(zip(old, new, strict=True)):
        label = next(
            (f"{field}={_short(before[field])}" for field in _NAMES if _both(before, after, field)),
            str(index),
        )
        inner = below(trees, f"i:{index}")
        yield from _differences(before, after, inner, f"{path}[{label}]", "", depth + 1)


def _both(before: Any, after: Any, field: str) -> bool:
    """Whether two items have the same text in ``field``."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    value = before.get(field)
    return isinstance(value, str) and value == after.get(field)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
