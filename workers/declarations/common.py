"""What all vocabularies share: strict fields, names, Go durations and where a field stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

NAME_LIMIT: Final = 63
ALERTS: Final = "hookline.dev/alerts"
"""The annotation that names the targets of an app's alerts, comma-separated."""
NAME_PATTERN: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")


class Fields(BaseModel):
    """Strict about names and types: a misspelt field or a number where text belongs is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class Metadata(Fields):
    """The object's identity; what the API server adds is accepted, so that exported documents work."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(pattern=NAME_PATTERN, max_length=NAME_LIMIT)
    namespace: str = ""
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}
    finalizers: list[str] = []


def listed(text: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated annotation. Pure."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def seconds(text: str) -> float:
    """Return a duration as Go writes it (``1h30m``, ``5s``) in seconds. Raises :class:`ValueError`."""
    found = _DURATION.findall(text)
    if not found or "".join(number + unit for number, unit in found) != text:
        raise ValueError("expected a duration such as 30s, 5m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in found)


def _duration(text: str) -> str:
    seconds(text)
    return text


Duration = Annotated[str, AfterValidator(_duration)]
"""A duration as Go writes it."""

Path = tuple[str, ...]
"""A field's place; ``*`` is any item of a list."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What of a kind of document is not served: with what sentence it is ``refused``, or that it is only ``named``."""

    model: type[BaseModel]
    refused: dict[Path, str]
    named: dict[Path, str]


def found(document: object, path: Path) -> list[tuple[str | int, ...]]:
    """Return the places in ``document`` that ``path`` means and where something is said. Pure.

    An empty value says nothing.
    """
    if not path:
        return [()] if document not in (None, "", [], {}, False) else []
    head, rest = path[0], path[1:]
    if head == "*":
        items = enumerate(document) if isinstance(document, list) else ()
        return [(index, *place) for index, item in items for place in found(item, rest)]
    below = document.get(head) if isinstance(document, dict) else None
    return [(head, *place) for place in found(below, rest)]
