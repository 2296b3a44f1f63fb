"""One object against its schema: fields nobody knows, values of a wrong type, what is missing. Pure.

Strict as an API server is with ``fieldValidation=Strict`` and server-side apply; where that is lenient (``null``
anywhere, numbers in text fields of quantities), so is this. Texts that hold ``${…}`` are variables of Flux: unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from workers.documents.document import Path
from workers.schemas import leaves
from workers.schemas.required import FIELDS
from workers.schemas.types import META, Node, Schemas

MOST: Final = 50
"""Faults of one object that are told."""
_DEEPEST: Final = 100


class Fault(NamedTuple):
    """What is wrong with a field: its place in the object, and what was expected, without its value."""

    path: Path
    text: str

    @property
    def field(self) -> str:
        """The place as people write it: ``spec.containers[0].name``."""
        shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return shown.removeprefix(".")


def faults(schemas: Schemas, node: Node, value: Any, *, partial: bool = False) -> list[Fault]:
    """Return what is wrong with an object of the schema ``node``; ``partial`` for a patch, from which fields may miss.

    At most :data:`MOST`, in the order of the object's fields.
    """
    found: list[Fault] = []
    for fault in _Check(schemas, bool(node.get("structural")), partial).value(node, value, (), 0):
        found.append(fault)
        if len(found) == MOST:
            break
    return found


class _Check:
    def __init__(self, schemas: Schemas, structural: bool, partial: bool) -> None:
        self._types = schemas.types
        self._structural = structural
        self._partial = partial

    def value(self, node: Node, value: Any, path: Path, depth: int) -> Iterator[Fault]:
        """Yield what is wrong with a value."""
        name = node.get("$ref", "")
        resolved = self._types.get(name, {}) if name else node
        if value is None or depth > _DEEPEST or (isinstance(value, str) and "${" in value):
            return
        said = leaves.wrong(resolved, value, name)
        if said:
            yield Fault(path, said)
        elif isinstance(value, dict):
            yield from self._object(resolved, value, path, depth, name)
        elif isinstance(value, list):
            yield from self._list(resolved, value, path, depth)

    def _object(self, node: Node, value: dict[str, Any], path: Path, depth: int, name: str) -> Iterator[Fault]:
        known, others = node.get("properties"), node.get("additionalProperties")
        closed = known is not None or (self._structural and node.get("type") == "object" and name == "")
        open_ = node.get("x-kubernetes-preserve-unknown-fields") is True
        if node.get("x-kubernetes-embedded-resource"):
            known = {**(known or {}), "apiVersion": {}, "kind": {}, "metadata": {}}
        for key, item in value.items():
            if known is not None and key in known:
                yield from self.value(known[key], item, (*path, key), depth + 1)
            elif others is not None:
                yield from self.value(others, item, (*path, key), depth + 1)
            elif closed and not open_ and not (self._partial and key.startswith("$")):
                yield Fault((*path, key), leaves.unknown(key, known or ()))
        if not self._partial:
            structural = self._structural and name != META
            for key in node.get("required", ()) if structural else FIELDS.get(name, ()):
                # Defaults of built-in kinds are those of Go: 0 for a port is none.
                if value.get(key) is None and not (structural and "default" in (known or {}).get(key, {})):
                    yield Fault((*path, key), "is missing")

    def _list(self, node: Node, value: list[Any], path: Path, depth: int) -> Iterator[Fault]:
        items: Node = node.get("items", {})
        for index, item in enumerate(value):
            yield from self.value(items, item, (*path, index), depth + 1)
        keys = node.get("x-kubernetes-list-map-keys")
        if node.get("x-kubernetes-list-type") == "map" and isinstance(keys, list):
            named = self._types.get(items.get("$ref", ""), items).get("properties", {})
            seen = set()
            for index, item in enumerate(value):
                if not isinstance(item, dict):
                    continue
                key = tuple(repr(item.get(one, named.get(one, {}).get("default"))) for one in keys)
                if key in seen:
                    yield Fault(
                        (*path, index), f"is said twice in the list: another one has the same {' and '.join(keys)}"
                    )
                seen.add(key)
