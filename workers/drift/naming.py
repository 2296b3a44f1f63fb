"""What is said of drift: which fields, and who changed them. Pure; no value of a field is ever in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from workers import fields
from workers.model import Manifest

OURS: Final = "hookline"
MOST: Final = 3
"""Fields and objects that are named one by one."""


def last_writer(manifest: Manifest) -> str:
    """Return the field manager that wrote the object last, other than us and status writers."""
    entries = manifest.get("metadata", {}).get("managedFields") or []
    others = [
        entry
        for entry in entries
        if isinstance(entry, dict) and entry.get("manager") != OURS and entry.get("subresource") != "status"
    ]
    newest = max(others, key=lambda entry: str(entry.get("time", "")), default=None)
    return fields.holder(newest) if newest else "an unknown manager"


def writers(manifest: Manifest, changed: Iterable[str]) -> dict[str, str]:
    """Return who wrote each of the ``changed`` fields: who owns it now, or where nobody does, who wrote last."""
    owners: dict[str, str] = {}
    for entry in fields.entries(manifest):
        if entry.get("manager") != OURS and entry.get("subresource") != "status":
            owners |= dict.fromkeys(fields.names(entry["fieldsV1"]), fields.holder(entry))
    return {field: _owner(field, owners) or last_writer(manifest) for field in changed}


def _owner(field: str, owners: Mapping[str, str]) -> str:
    if field in owners:
        return owners[field]
    return next((who for name, who in owners.items() if _within(name, field) or _within(field, name)), "")


def _within(inner: str, outer: str) -> bool:
    return inner.startswith(outer) and inner[len(outer) :][:1] in (".", "[")


def changed(manifest: Manifest, paths: Sequence[str]) -> tuple[str, str]:
    """Return what is said of a changed object, ``spec.replicas changed by kubectl (scale)``, and who changed it."""
    by: dict[str, list[str]] = {}
    for field, who in writers(manifest, paths).items():
        by.setdefault(who, []).append(field)
    said = "; ".join(f"{few(found)} changed by {who}" for who, found in by.items())
    return said, next(iter(by), last_writer(manifest))


def leaving(manifest: Manifest) -> str:
    """Return what is said of an object that is being deleted."""
    held = manifest["metadata"].get("finalizers")
    names = [str(name) for name in held] if isinstance(held, list) else []
    return f"is being deleted, held by {few(names)}" if names else "is being deleted"


def few(words: Sequence[str]) -> str:
    """Return the first words, and how many there are more."""
    more = f" and {len(words) - MOST} more" if len(words) > MOST else ""
    return f"{', '.join(words[:MOST])}{more}"


def listed(said: Mapping[Any, str]) -> str:
    """Return the first objects with what is said of each, and how many there are more."""
    found = [f"{ref}: {text}" for ref, text in said.items()]
    more = f"; and {len(found) - MOST} more" if len(found) > MOST else ""
    return f"{'; '.join(found[:MOST])}{more}"
