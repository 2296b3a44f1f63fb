"""Says how far a long piece of work is: one moving line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

EVERY = 20.0
"""Seconds between two plain lines: often enough for a CI system that ends silent jobs."""


class Progress:
    """Reports to ``console``; times are seconds since the start of the current step."""

    def __init__(self, console: Console | None = None, every: float = EVERY) -> None:
        self.console = console or Console(stderr=True)
        self._every = every
        self._status: Status | None = None
        self._step = ""
        self._began = self._said = 0.0

    def say(self, text: str) -> None:
        """Print one line that stays."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Name what is going on inside the block; says so at its start, and the seconds when it went well."""
        self._step, self._began = name, time.monotonic()
        self._said = self._began
        if self.console.is_terminal:
            self._status = self.console.status(name)
            self._status.start()
        else:
            self.say(f"{name} …")
        try:
            yield
        finally:
            if self._status is not None:
                self._status.stop()
                self._status = None
        self.say(f"{name}: done in {time.monotonic() - self._began:.0f} s")

    def tick(self, detail: str) -> None:
        """Say how far the step is; call it as often as you like."""
        now = time.monotonic()
        text = f"{self._step}: {now - self._began:.0f} s, {detail}"
        if self._status is not None:
            self._status.update(Text(text))
        elif now - self._said >= self._every:
            self._said = now
            self.say(text)
