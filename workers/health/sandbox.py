"""Asks a child process to run a check; a check that takes too long ends the child and nothing else.

One child serves a process for its life (see `workers.companion`); after an overrun, a crash or a fork there is a new
one. That the very same check and object ended a child is remembered, so that looking again does not cost a second
again; nothing else is kept.
"""

from __future__ import annotations

import atexit
import hashlib
import signal
import sys
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from workers.companion import Companion, Ended

PATIENCE: Final = 30.0
"""Seconds by the clock that an answer may take on a machine that is busy with other things; then the child is ended."""
ANSWER: Final = 1024 * 1024
"""Bytes of an answer at most; a child says far less."""
_REMEMBERED: Final = 4096
_CHILD: Final = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class Answer:
    """How a check ended: it ``said`` something, has an ``error`` or a fault of ``syntax``, or was only ``compiled``."""

    ended: Literal["said", "error", "syntax", "compiled"]
    text: str = ""
    status: str = ""


class Sandbox:
    """One child process at most, started when first asked."""

    def __init__(self) -> None:
        self._companion = Companion(lambda: (sys.executable, "-I", str(_CHILD)), PATIENCE, ANSWER)
        self._fatal: OrderedDict[bytes, str] = OrderedDict()

    def ask(self, language: Literal["lua", "cel"], name: str, script: str, manifest: dict[str, Any] | None) -> Answer:
        """Run a check on an object, or (without one) see whether it compiles. Never raises over what it does."""
        question = {"language": language, "name": name, "script": script, "object": manifest}
        try:
            asked = orjson.dumps(question)
        except (orjson.JSONEncodeError, RecursionError) as error:
            return Answer("error", f"the object cannot be handed to it: {error}")
        with self._companion.lock:
            key = hashlib.sha256(asked).digest() if self._fatal else b""
            if key in self._fatal:
                return Answer("error", self._fatal[key])
            try:
                return Answer(**orjson.loads(self._companion.ask(asked)))
            except Ended as ended:
                return Answer("error", self._told(asked, ended))

    @property
    def child(self) -> int:
        """The child's process id, 0 for none."""
        return self._companion.pid

    def close(self) -> None:
        """End the child, if there is one."""
        with self._companion.lock:
            self._companion.end()

    def _told(self, asked: bytes, ended: Ended) -> str:
        """Return what is said of a question without an answer; one that ended the child is remembered."""
        if ended.slow:
            return f"it had not ended after {PATIENCE:g} s: the machine is too busy"
        over = ended.code == -signal.SIGPROF
        text = "it takes more than a second" if over else "it ended the process that runs checks"
        self._fatal[hashlib.sha256(asked).digest()] = text
        while len(self._fatal) > _REMEMBERED:
            self._fatal.popitem(last=False)
        return text


SANDBOX: Final = Sandbox()
"""The one of this process."""
atexit.register(SANDBOX.close)
