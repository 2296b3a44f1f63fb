"""One document: its value, and where in the file each field is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file. ``value`` is JSON as Kubernetes gets it; ``line`` counts from 1.

    ``source`` is the document's own text and ``offset`` the lines of the file before it: fields are only looked up
    when an error has to name one.
    """

    value: Any
    file: str
    line: int
    source: bytes = field(default=b"", repr=False, compare=False)
    offset: int = field(default=0, repr=False, compare=False)
    within: Path = field(default=(), repr=False, compare=False)

    def line_of(self, path: Path) -> int:
        """Return the line of the field at ``path``, or of its nearest parent that is there."""
        line = self.line
        try:
            node = yaml.compose(self.source, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, RecursionError, UnicodeDecodeError):
            return line
        for part in (*self.within, *path):
            found = _child(node, part)
            if found is None:
                break
            at, node = found
            line = self.offset + at + 1
        return line


def _child(node: Any, part: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        named = [(key, item) for key, item in node.value if key.value == str(part)]
        return (named[-1][0].start_mark.line, named[-1][1]) if named else None
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    return None
