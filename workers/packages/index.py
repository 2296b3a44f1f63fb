"""A chart repository's ``index.yaml``: what it offers. Bytes in, values out, read as a stream of events.

The format is Helm's ("The Chart Repository Guide"): ``entries`` maps a chart to its versions, each with ``version``,
``digest`` (SHA-256 of the archive, in hexadecimal) and ``urls``. Everything else is passed over, so that memory is what
is kept and not what is read. JSON is YAML.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

import yaml

from workers.errors import SourceMissing

MOST_VERSIONS: Final = 200_000
MOST_TEXT: Final = 2048


class Entry(NamedTuple):
    """One version of a chart; ``digest`` is "" where the index names none."""

    version: str
    digest: str
    url: str


class _Wrong(Exception):
    """What an index may not be; the message ends a sentence that names it."""


def read(stream: BinaryIO, shown: str, seconds: float) -> dict[str, list[Entry]]:
    """Return chart to its versions, in the index's order. Raises :class:`SourceMissing` naming ``shown``."""
    try:
        return _entries(_Events(stream, time.monotonic() + seconds))
    except _Wrong as wrong:
        raise SourceMissing(f"{shown} {wrong}: it is no index of charts") from None
    except (yaml.YAMLError, ValueError, RecursionError, StopIteration) as error:
        raise SourceMissing(f"{shown} is no index of charts: it is not YAML ({type(error).__name__})") from None


class _Events:
    """The parser's events, one after the other, until the time is over."""

    def __init__(self, stream: BinaryIO, deadline: float) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(stream, Loader=yaml.CSafeLoader)
        self._deadline, self._count = deadline, 0

    def next(self) -> yaml.Event:
        self._count += 1
        if self._count % 4096 == 0 and time.monotonic() > self._deadline:
            raise _Wrong("takes longer to read than `charts.seconds`")
        found = next(self._events, None)
        if found is None:
            raise _Wrong("ends too early")
        return found

    def skip(self, begin: yaml.Event) -> None:
        """Pass over the rest of a value whose first event is ``begin``."""
        depth = 1 if isinstance(begin, yaml.CollectionStartEvent) else 0
        while depth:
            event = self.next()
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1

    def pairs(self) -> Iterator[tuple[str, yaml.Event]]:
        """Yield (key, first event of the value) of a mapping that has begun; whoever takes it reads the value."""
        while not isinstance(key := self.next(), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise _Wrong("has a key that is no text")
            yield str(key.value)[:MOST_TEXT], self.next()

    def items(self) -> Iterator[yaml.Event]:
        """Yield the first event of each item of a sequence that has begun."""
        while not isinstance(item := self.next(), yaml.SequenceEndEvent):
            yield item


def _entries(events: _Events) -> dict[str, list[Entry]]:
    while not isinstance(events.next(), yaml.DocumentStartEvent):
        pass
    if not isinstance(events.next(), yaml.MappingStartEvent):
        raise _Wrong("is no mapping")
    found: dict[str, list[Entry]] | None = None
    for key, value in events.pairs():
        if key == "entries" and isinstance(value, yaml.MappingStartEvent):
            found = _charts(events)
            continue
        found = {} if key == "entries" else found
        events.skip(value)
    if found is None:
        raise _Wrong("has no `entries`")
    return found


def _charts(events: _Events) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    count = 0
    for chart, listed in events.pairs():
        if not isinstance(listed, yaml.SequenceStartEvent):
            events.skip(listed)
            continue
        for item in events.items():
            if (entry := _entry(events, item)) is not None:
                found.setdefault(chart, []).append(entry)
                count += 1
            if count > MOST_VERSIONS:
                raise _Wrong(f"lists more than {MOST_VERSIONS} versions")
    return found


def _entry(events: _Events, item: yaml.Event) -> Entry | None:
    """Return one version; ``None`` for an item that is none, which harms no other."""
    if not isinstance(item, yaml.MappingStartEvent):
        events.skip(item)
        return None
    version = digest = url = ""
    for key, value in events.pairs():
        text = str(value.value)[: MOST_TEXT + 1] if isinstance(value, yaml.ScalarEvent) else ""
        if key == "version":
            version = version or text
        elif key == "digest":
            digest = digest or text.lower().removeprefix("sha256:")
        elif key == "urls" and isinstance(value, yaml.SequenceStartEvent):
            for one in events.items():
                if isinstance(one, yaml.ScalarEvent):
                    url = url or str(one.value)[: MOST_TEXT + 1]
                events.skip(one)
            continue
        events.skip(value)
    fits = version and url and max(map(len, (version, digest, url))) <= MOST_TEXT
    return Entry(version, digest, url) if fits else None
