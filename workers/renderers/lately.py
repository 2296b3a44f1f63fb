"""What was found lately, kept in this process's memory: a bounded number of things, by a key of what they came from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Lately(Generic[Kept]):
    """Keeps the last ``most`` things. Safe for threads. Never written anywhere: what is kept may hold secrets."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Kept | None:
        """Return what was put under ``key``, if it is still there."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, found: Kept) -> Kept:
        """Keep ``found`` and return it; the oldest goes."""
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return found
