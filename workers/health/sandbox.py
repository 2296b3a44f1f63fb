"""Asks a child process to run a check; a check that takes too long ends the child and nothing else.

A child, because neither a hook in the interpreter nor a thread stops a call into C that does not return (a pattern
that backtracks for ever). One child serves a process for its life; after an overrun, a crash or a fork there is a new
one. That the very same check and object ended a child is remembered, so that looking again does not cost a second
again; nothing else is kept.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

import orjson

PATIENCE: Final = 30.0
"""Seconds by the clock that an answer may take on a machine that is busy with other things; then the child is ended."""
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
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._fatal: OrderedDict[bytes, str] = OrderedDict()
        os.register_at_fork(after_in_child=self._forget)

    def ask(self, language: Literal["lua", "cel"], name: str, script: str, manifest: dict[str, Any] | None) -> Answer:
        """Run a check on an object, or (without one) see whether it compiles. Never raises over what it does."""
        question = {"language": language, "name": name, "script": script, "object": manifest}
        try:
            asked = orjson.dumps(question)
        except (orjson.JSONEncodeError, RecursionError) as error:
            return Answer("error", f"the object cannot be handed to it: {error}")
        with self._lock:
            key = hashlib.sha256(asked).digest() if self._fatal else b""
            if key in self._fatal:
                return Answer("error", self._fatal[key])
            told = self._told(asked)
            if told:
                return Answer(**orjson.loads(told))
            ended = self._end()
            if told is None:
                return Answer("error", f"it had not ended after {PATIENCE:g} s: the machine is too busy")
            over = ended == -signal.SIGPROF
            text = "it takes more than a second" if over else "it ended the process that runs checks"
            self._fatal[hashlib.sha256(asked).digest()] = text
            while len(self._fatal) > _REMEMBERED:
                self._fatal.popitem(last=False)
            return Answer("error", text)

    @property
    def child(self) -> int:
        """The child's process id, 0 for none."""
        return self._child.pid if self._child else 0

    def close(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            self._end()

    def _told(self, asked: bytes) -> bytes | None:
        """Return the answer, empty when the child died over it, ``None`` when it took too long."""
        child = self._running()
        until = time.monotonic() + PATIENCE
        try:
            _write(child.stdin, struct.pack(">I", len(asked)) + asked)
            return _answer(child.stdout, until)
        except (OSError, EOFError):
            return b""

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(
                [sys.executable, "-I", str(_CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                bufsize=0,
                start_new_session=True,
            )
        return self._child

    def _end(self) -> int:
        """End the child if it still runs; return how it ended."""
        child, self._child = self._child, None
        if child is None:
            return 0
        _close(child)  # it ends by itself when nobody can ask any more
        try:
            child.wait(1.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        return int(child.returncode)

    def _forget(self) -> None:
        """In a process that was forked: the child is the parent's."""
        self._lock = threading.Lock()
        child, self._child = self._child, None
        if child is not None:
            child.returncode = 0  # not ours to wait for
            _close(child)


def _close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()


def _write(pipe: IO[bytes] | None, text: bytes) -> None:
    # The child reads a whole question before it runs anything, so this cannot block for long.
    left = memoryview(text)
    while left and pipe:
        left = left[pipe.write(left) :]


def _answer(pipe: IO[bytes] | None, until: float) -> bytes | None:
    """Return one answer, ``None`` when it does not come in time. Raises :class:`EOFError` at the end of the child."""
    found, size = b"", 4
    while pipe and len(found) < size:
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return None
        some = pipe.read(64 * 1024)
        if not some:
            raise EOFError
        found += some
        if len(found) >= 4:
            size = 4 + struct.unpack_from(">I", found)[0]
    return found[4:]


SANDBOX: Final = Sandbox()
"""The one of this process."""
atexit.register(SANDBOX.close)
