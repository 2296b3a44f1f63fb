"""What was found lately, kept in this process's memory: a bounded number of things, by a key of what they came from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Lately(Generic[Kept]):
    """Keeps the last things that weigh ``most`` together, each 1 unless ``weight`` says otherwise; always the last one.

    Safe for threads. Never written anywhere: what is kept may hold secrets.
    """

    def __init__(self, most: int, weight: Callable[[Kept], int] = lambda _: 1) -> None:
        self.most = most
        self._weight = weight
        self._whole = 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Kept | None:
        """Return what was put under ``key``, if it is still there."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, found: Kept) -> Kept:
        """Keep ``found`` and return it; the oldest go."""
        with self._lock:
            before = self._kept.pop(key, None)
            self._whole += self._weight(found) - (0 if before is None else self._weight(before))
            self._kept[key] = found
            while self._whole > self.most and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._whole -= self._weight(gone)
        return found
