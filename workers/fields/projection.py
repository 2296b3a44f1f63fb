"""The accepted digest: an object restricted to the fields one manager owns, and its hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from workers.fields.managed import (
    DEEPEST,
    ORDER_MATTERS,
    VOLATILE,
    FieldSet,
    ListKey,
    apply_entry,
    below,
    comparable,
    entries,
    list_key,
    set_value,
)
from workers.manifests import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.model import Manifest


def digest(manifest: Manifest, manager: str = "hookline") -> str:
    """SHA-256 in hexadecimal of what ``manager`` owns of a live object; ``""`` when it owns nothing.

    The same for any order of keys and for any change of fields that others own. Different when an owned value
    changes or an owned field is removed or taken over. It may also differ, once, when nothing of ours changed
    (another manager starts to own something inside a value we hold as a whole): a difference means "ask with
    a dry-run", and where that finds nothing, the new digest is to be kept.
    """
    entry = apply_entry(manifest, manager)
    if entry is None:
        return ""
    if entry.get("apiVersion") != manifest.get("apiVersion"):
        # The paths are those of another version of the kind and cannot be followed here, so all of it counts.
        value: Any = comparable(manifest)
    else:
        others = [other["fieldsV1"] for other in entries(manifest) if other is not entry]
        # The tree counts too: losing the only field below a node leaves a node that seems to own all below it.
        value = [entry["fieldsV1"], project(manifest, _stored(manifest, entry["fieldsV1"]), others)]
    return hashlib.sha256(canonical(value)).hexdigest()


def ownership(manifest: Manifest, manager: str = "hookline") -> str:
    """Digest of which fields ``manager`` applied, told by metadata alone; ``""`` when it applied none.

    By server-side apply, whoever else changes the value of such a field takes it away from us, so that this digest
    changes too. It stays the same when somebody writes under our name, or only moves items of a list.
    """
    entry = apply_entry(manifest, manager)
    if entry is None:
        return ""
    return hashlib.blake2b(canonical([entry.get("apiVersion"), entry["fieldsV1"]]), digest_size=16).hexdigest()


def project(manifest: Manifest, fieldset: FieldSet, others: Sequence[FieldSet] = ()) -> Any:
    """Restrict an object to the fields of ``fieldset``; the result is only good for comparing.

    Items of lists merged by key become ``[key, item]``, sorted by key unless the order matters. ``others``
    are the fields of other managers: where they own something inside a value that ``fieldset`` owns as a
    whole (we applied ``resources: {}``, an autoscaler filled it in), only the value's existence is ours.
    """
    return _project(manifest, fieldset, list(others), "", 0)


def _stored(manifest: Manifest, tree: FieldSet) -> FieldSet:
    """The tree in terms of what is stored: a Secret's ``stringData`` is owned as such and kept as ``data``."""
    written = tree.get("f:stringData")
    if not isinstance(written, dict) or (manifest.get("apiVersion"), manifest.get("kind")) != ("v1", "Secret"):
        return tree
    encoded = tree.get("f:data")
    return {**tree, "f:data": {**(encoded if isinstance(encoded, dict) else {}), **written}}


def _project(value: Any, node: Any, others: list[Any], name: str, depth: int) -> Any:
    steps = [key for key in node if key != "."] if isinstance(node, dict) else []
    if not steps or depth > DEEPEST:
        return whole(value, others)
    if isinstance(value, dict):
        skipped = VOLATILE if depth == 1 and name == "metadata" else ()
        return {
            key[2:]: _project(value[key[2:]], node[key], below(others, key), key[2:], depth + 1)
            for key in steps
            if key[:2] == "f:" and key[2:] in value and key[2:] not in skipped
        }
    if isinstance(value, list):
        found = list(_items(value, node, steps, others, depth))
        return found if name in ORDER_MATTERS else sorted(found, key=lambda item: item[0])
    return value


def whole(value: Any, others: list[Any]) -> Any:
    """A value owned as a whole; only that it is there, when others own parts of it."""
    shared = any(key != "." for other in others if isinstance(other, dict) for key in other)
    return type(value)() if shared and isinstance(value, (dict, list)) else value


def _items(
    items: list[Any], node: FieldSet, steps: list[str], others: list[Any], depth: int
) -> Iterator[tuple[str, Any]]:
    """Key and projection of each owned item of a list, in the order of the list."""
    by_key = {list_key(key): key for key in steps if key[:2] == "k:" and list_key(key)}
    by_value = {set_value(key): key for key in steps if key[:2] == "v:"}
    for index, item in enumerate(items):
        key = matching(item, by_key) if by_key and isinstance(item, dict) else None
        if key is None and by_value:
            key = by_value.get(canonical(item))
        if key is None and f"i:{index}" in node:
            key = f"i:{index}"
        if key is not None:
            yield key, _project(item, node[key], below(others, key), "", depth + 1)


def matching(item: dict[str, Any], by_key: dict[ListKey, str]) -> str | None:
    """The key of ``by_key`` that names this item, if any; a key field the item lacks is taken for its default."""
    names = [name for name, _ in next(iter(by_key))]
    if all(name in item for name in names):
        try:
            return by_key.get(tuple((name, item[name]) for name in names))
        except TypeError:  # a list or mapping where a key field should be
            return None
    for key, text in by_key.items():
        if any(name in item for name, _ in key) and all(item.get(name, value) == value for name, value in key):
            return text
    return None
