"""The child process as its parent sees it: begun when it is needed, its answers bounded in time and size."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import orjson

from workers.jq import child

PATHS: Final = 10_000
"""Paths one expression may name in one object."""
CLOCK: Final = 20.0
"""Seconds of the clock for one answer: the backstop on a busy machine, for the child counts processor time."""
_ANSWER: Final = 2 * child.LONGEST


class Ended(Exception):
    """The child ended, or has to: by what limit."""


class Killed(Ended):
    """Somebody else ended the child: no expression is to blame."""


class Child:
    """One child process, begun at the first question. To be asked with its ``lock`` held."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def ask(self, expression: str, text: bytes) -> dict[str, Any]:
        """Return the answer for one expression and an object's text. Raises :class:`Ended`."""
        process = self._begun()
        assert process.stdin is not None  # noqa: S101 -- it is a pipe
        try:
            process.stdin.write(orjson.dumps(expression) + b"\n" + text + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise self.end() from None
        answer: dict[str, Any] = orjson.loads(self._line(process))
        return answer

    def _begun(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            spec = importlib.util.find_spec("jq")
            if spec is None or spec.origin is None:
                raise ModuleNotFoundError("jq")
            arguments = [sys.executable, "-I", "-S", str(child.__file__), spec.origin, str(PATHS)]
            self._rest = b""
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd=Path(os.sep),
                start_new_session=True,
            )
        return self._process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None  # noqa: S101
        until = time.monotonic() + CLOCK
        parts = [self._rest]
        size = len(self._rest)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in parts[-1]:
                left = until - time.monotonic()
                if left <= 0 or not selector.select(left):
                    self.end()
                    raise Ended(f"took more than {CLOCK:.0f} s")
                part = os.read(process.stdout.fileno(), 1 << 16)
                if not part or size > _ANSWER:
                    raise self.end()
                parts.append(part)
                size += len(part)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line

    def forget(self) -> None:
        """Leave the child of the process that we were forked from to that process."""
        self.lock = threading.Lock()
        process, self._process = self._process, None
        if process is not None:
            process.returncode = 0  # not ours to wait for
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    os.close(pipe.fileno())  # before close() could write what another thread was about to
                    with contextlib.suppress(OSError):
                        pipe.close()

    def end(self, patience: float = 0.5) -> Ended:
        """End the child, after ``patience`` seconds in which it may end itself; return why it had to go."""
        process, self._process = self._process, None
        if process is None:
            return Ended("was ended")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        late = process.poll() is None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        status = process.wait()
        if status == -signal.SIGPROF:
            return Ended(f"took more than {child.SECONDS:g} s of processor time")
        if status == -signal.SIGKILL and not late:
            return Killed("was killed")
        return Ended(f"took more than {child.MEMORY >> 20} MiB of memory, or broke jq")
