"""Keys that a mapping says twice: Kubernetes' strict reading refuses them, and a later one silently wins otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from workers.documents.document import Document


@dataclass(slots=True)
class _Open:
    is_map: bool
    keys: set[str] = field(default_factory=set)
    at_key: bool = True


def doubled(document: Document) -> list[tuple[int, str]]:
    """Return (line of the file, key) of every key that stands in its mapping for the second time.

    ``<<`` may be there as often as it likes. A document that is one of a list's items is looked at with its list.
    """
    if document.source.lstrip()[:1] == b"{":
        return []  # JSON, or YAML that looks like it: read in another way
    found: list[tuple[int, str]] = []
    stack: list[_Open] = []
    try:
        for event in yaml.parse(document.source, Loader=yaml.CSafeLoader):
            _take(event, stack, found)
    except yaml.YAMLError:
        pass  # said by whoever reads the file
    return [(document.offset + line + 1, key) for line, key in found]


def _take(event: Any, stack: list[_Open], found: list[tuple[int, str]]) -> None:
    if isinstance(event, yaml.CollectionEndEvent):
        stack.pop()
        return
    if not isinstance(event, yaml.NodeEvent):
        return
    top = stack[-1] if stack else None
    if top and top.is_map:
        if top.at_key and isinstance(event, yaml.ScalarEvent) and event.value != "<<":
            if event.value in top.keys:
                found.append((_line(event), event.value))
            top.keys.add(event.value)
        top.at_key = not top.at_key
    if isinstance(event, yaml.CollectionStartEvent):
        stack.append(_Open(isinstance(event, yaml.MappingStartEvent)))


def _line(event: Any) -> int:
    return int(event.start_mark.line)
