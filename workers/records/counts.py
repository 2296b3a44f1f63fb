"""Counters of what happened since the records began, shared by all processes: what `/metrics` counts up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.records.keys import Client, key


class Counts:
    """Adds to counters and reads them. A counter goes by its name and the value of its one label."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def add(self, name: str, label: str, pipe: Any = None) -> None:
        """Count one, on ``pipe`` if given."""
        (self._redis if pipe is None else pipe).hincrby(key("counts"), f"{name}|{label}", 1)

    def all(self) -> dict[str, dict[str, int]]:
        """Return every counter: name to label to count."""
        found: Mapping[str, str] = self._redis.hgetall(key("counts"))
        counters: dict[str, dict[str, int]] = {}
        for field, count in found.items():
            name, _, label = field.partition("|")
            counters.setdefault(name, {})[label] = int(count)
        return counters
