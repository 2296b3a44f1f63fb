"""One YAML document: parse events in, a JSON value out. Without recursion, with bounds."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml import cyaml

from workers.documents import scalars

_PARSER: Final[Any] = vars(cyaml)["CParser"]
"""PyYAML's binding of libyaml; its stubs do not name it."""

MOST_DEPTH: Final = 1_000
"""Nesting of one document. Kubernetes' own decoder stops at some thousands; no object needs a hundred."""


class Problem(Exception):
    """What is wrong, and the line within the document (from 0)."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.line = line


@dataclass(slots=True)
class _Open:
    """A collection under construction. ``entries`` alternates keys and values in a mapping."""

    is_map: bool
    anchor: str | None
    line: int
    size: int = 1
    entries: list[Any] = field(default_factory=list)
    merges: set[int] = field(default_factory=set)


def value(text: bytes) -> tuple[Any, int]:
    """Return the first document's value and the line (from 0) of its first content; ``(None, 0)`` when it is empty.

    Raises :class:`Problem`.
    """
    try:
        return _Builder(_PARSER(text)).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise Problem(_clear(said), mark.line if mark else 0) from None
    except yaml.YAMLError as error:
        raise Problem(_clear(str(error).splitlines()[0]), 0) from None
    except UnicodeDecodeError:
        raise Problem("the text is not UTF-8", 0) from None


def _clear(said: str) -> str:
    if "cannot start any token" in said:
        return "this character cannot begin a value: tabs do not indent in YAML, and @ and ` need quotes"
    return said


class _Builder:
    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._being_built: set[str] = set()
        self._stack: list[_Open] = []
        self._decoded = 0
        self._aliased = 0

    def build(self) -> tuple[Any, int]:
        parser = self._parser
        while not parser.check_event(yaml.DocumentStartEvent):
            if parser.check_event(yaml.StreamEndEvent):
                return None, 0
            parser.get_event()
        parser.get_event()
        first = parser.peek_event().start_mark.line
        while True:
            event = parser.get_event()
            done = self._take(event)
            if done is not None:
                return done[0], first

    def _take(self, event: Any) -> tuple[Any] | None:
        """Take one event in; return the document's value once it is complete."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return self._add(_scalar(event), 1, event.anchor, event.start_mark.line, _is_merge(event))
        if kind is yaml.AliasEvent:
            found, size = self._alias(event)
            return self._add(found, size, None, event.start_mark.line)
        if kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
            if len(self._stack) >= MOST_DEPTH:
                raise Problem(f"nested deeper than {MOST_DEPTH} levels", event.start_mark.line)
            self._stack.append(_Open(kind is yaml.MappingStartEvent, event.anchor, event.start_mark.line))
            if event.anchor:
                self._anchors.pop(event.anchor, None)
                self._being_built.add(event.anchor)
            return None
        if kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            done = self._stack.pop()
            self._being_built.discard(done.anchor or "")
            return self._add(_mapping(done) if done.is_map else done.entries, done.size, done.anchor, done.line)
        return None

    def _add(self, found: Any, size: int, anchor: str | None, line: int, is_merge: bool = False) -> tuple[Any] | None:
        self._decoded += 1
        if anchor:
            self._anchors[anchor] = (found, size)
        if not self._stack:
            return (_json(found, line),)
        top = self._stack[-1]
        top.size += size
        if top.is_map and is_merge and len(top.entries) % 2 == 0:
            top.merges.add(len(top.entries))
        top.entries.append(_json(found, line) if not top.is_map or len(top.entries) % 2 else (found, line))
        return None

    def _alias(self, event: Any) -> tuple[Any, int]:
        line = event.start_mark.line
        if event.anchor in self._being_built:
            raise Problem(f"the anchor {event.anchor} contains itself", line)
        if event.anchor not in self._anchors:
            raise Problem(f"the alias *{event.anchor} has no anchor before it", line)
        found, size = self._anchors[event.anchor]
        self._decoded += size
        self._aliased += size
        if self._aliased > 100 and self._decoded > 1000 and self._aliased / self._decoded > _allowed(self._decoded):
            raise Problem("aliases make this document excessively large: write the values out", line)
        return copy.deepcopy(found), size


def _allowed(decoded: int) -> float:
    """Return how much of a document may come from aliases: nearly all of a small one, a tenth of a huge one."""
    low, high = 400_000, 4_000_000
    if decoded <= low:
        return 0.99
    if decoded >= high:
        return 0.10
    return 0.99 - 0.89 * (decoded - low) / (high - low)


def _scalar(event: Any) -> Any:
    if event.tag is None:
        return scalars.plain(event.value) if event.implicit[0] else event.value
    try:
        return scalars.tagged(event.tag, event.value)
    except ValueError as error:
        raise Problem(str(error), event.start_mark.line) from None


def _is_merge(event: Any) -> bool:
    return event.value == "<<" and (event.tag == f"{scalars.PREFIX}merge" or (event.tag is None and event.implicit[0]))


def _json(found: Any, line: int) -> Any:
    if isinstance(found, float | int) and not isinstance(found, bool):
        try:
            return scalars.as_json(found)
        except ValueError as error:
            raise Problem(str(error), line) from None
    return found


def _mapping(done: _Open) -> dict[str, Any]:
    """Put a mapping together in the order it is written: what comes later wins, merged or not."""
    found: dict[str, Any] = {}
    for index in range(0, len(done.entries), 2):
        (name, line), item = done.entries[index], done.entries[index + 1]
        if index in done.merges:
            for source in reversed(item) if isinstance(item, list) else (item,):
                if not isinstance(source, dict):
                    raise Problem("`<<` merges mappings only: name an anchor of one, or a list of them", line)
                found.update(source)
            continue
        if isinstance(name, dict | list):
            raise Problem("a key cannot be a list or a mapping: quote it", line)
        try:
            found[scalars.as_key(name)] = item
        except ValueError as error:
            raise Problem(str(error), line) from None
    return found
