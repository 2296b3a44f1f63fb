"""What was asked of a mirror is not asked again until somebody changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

MOST: Final = 64
"""Answers that are remembered."""


class Answers:
    """Answers that count until ``changed``, the moment of the last change, says something else; 0.0 is no moment."""

    def __init__(self, changed: Callable[[], float]) -> None:
        self._changed = changed
        self._known: dict[str, Any] = {}
        self._at = 0.0

    def once(self, what: str, ask: Callable[[], Any]) -> Any:
        """Return what ``ask`` says, or said lately."""
        now = self._changed()
        if not now or now != self._at or len(self._known) > MOST:
            self._known, self._at = {}, now
        if not now:
            return ask()
        if what not in self._known:
            self._known[what] = ask()
        return self._known[what]

    def forget(self) -> None:
        """Ask anew."""
        self._known = {}
