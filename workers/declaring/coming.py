"""What a change of declarations would mean: which apps come, go or are declared otherwise. Pure: documents in.

A plan is made with what is declared now, whatever a pull request says: this is how it tells of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from workers import fields
from workers.documents import Document

MOST: Final = 10
"""Sentences of one app that declares others."""
_MOST_FIELDS: Final = 5
_LONGEST: Final = 200


def sentences(parent: str, now: Sequence[Document], then: Sequence[Document]) -> list[str]:
    """Return what the app ``parent`` would declare otherwise: it declares ``now`` and would declare ``then``."""
    found = list(_changes(parent, _named(now), _named(then)))
    if len(found) <= MOST:
        return found
    return [*found[:MOST], f"{parent} would change {len(found) - MOST} more declarations"]


def _changes(parent: str, now: dict[str, Any], then: dict[str, Any]) -> Iterator[str]:
    for name in sorted({*now, *then}):
        if name not in now:
            where = _place(then[name])
            yield f"{parent} would declare {name}{where}: it is planned once it is declared"
        elif name not in then:
            yield f"{parent} would no longer declare {name}: see docs/ownership.md for what becomes of its objects"
        elif changed := fields.differences(now[name], then[name]):
            more = f" and {len(changed) - _MOST_FIELDS} more" if len(changed) > _MOST_FIELDS else ""
            said = ", ".join(_line(one) for one in changed[:_MOST_FIELDS])
            yield f"{parent} would change {name} in {said}{more}: its plan here is made with what is declared now"


def _named(documents: Sequence[Document]) -> dict[str, Any]:
    found = {}
    for document in documents:
        metadata = document.value.get("metadata")
        named = metadata if isinstance(metadata, dict) else {}
        parts = [str(document.value.get("kind")), str(named.get("namespace") or ""), str(named.get("name"))]
        found[_line("/".join(filter(None, parts)))] = document.value
    return found


def _place(value: Any) -> str:
    """Return the project and the destination that a new app names."""
    spec = value.get("spec") if isinstance(value, dict) else None
    named = spec.get("destination") if isinstance(spec, dict) else None
    to: dict[str, Any] = named if isinstance(named, dict) else {}
    said = [f"project {spec['project']}"] if isinstance(spec, dict) and isinstance(spec.get("project"), str) else []
    there = [name for name in ("name", "server", "namespace") if isinstance(to.get(name), str)]
    said += [f"{'namespace' if name == 'namespace' else 'cluster'} {to[name]}" for name in there]
    return f" ({_line(', '.join(said))})" if said else ""


def _line(text: str) -> str:
    line = "".join(letter if letter.isprintable() else "?" for letter in text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
