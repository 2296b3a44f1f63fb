"""The child process as its parent sees it: begun when it is needed, its answers bounded in time and size."""

from __future__ import annotations

import importlib.util
import signal
import sys
from typing import Any, Final

import orjson

from workers import companion
from workers.companion import Companion
from workers.jq import child

PATHS: Final = 10_000
"""Paths one expression may name in one object."""
CLOCK: Final = 20.0
"""Seconds of the clock for one answer: the backstop on a busy machine, for the child counts processor time."""


class Ended(Exception):
    """The child ended, or has to: by what limit."""


class Killed(Ended):
    """Somebody else ended the child: no expression is to blame."""


class Child(Companion):
    """One child process, begun at the first question. To be asked with its ``lock`` held."""

    def __init__(self) -> None:
        super().__init__(_command, CLOCK, 2 * child.LONGEST)

    def paths(self, expression: str, text: bytes) -> dict[str, Any]:
        """Return the answer for one expression and an object's text. Raises :class:`Ended`."""
        try:
            answer: dict[str, Any] = orjson.loads(self.ask(orjson.dumps(expression) + b"\n" + text))
        except companion.Ended as ended:
            raise _told(ended) from None
        return answer


def _command() -> list[str]:
    spec = importlib.util.find_spec("jq")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("jq")
    return [sys.executable, "-I", "-S", str(child.__file__), spec.origin, str(PATHS)]


def _told(ended: companion.Ended) -> Ended:
    """Return by what limit the child ended."""
    if ended.slow:
        return Ended(f"took more than {CLOCK:.0f} s")
    if ended.code == -signal.SIGPROF:
        return Ended(f"took more than {child.SECONDS:g} s of processor time")
    if ended.code == -signal.SIGKILL and not ended.late:
        return Killed("was killed")
    return Ended(f"took more than {child.MEMORY >> 20} MiB of memory, or broke jq")
