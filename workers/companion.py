"""A child process that answers questions: begun when it is first asked, bounded in time, and never shared by two of us.

A child, because neither a hook in the interpreter nor a thread stops a call into C that does not return. Questions and
answers are bytes behind their length in 4 bytes (big-endian). The child reads a whole question before it does anything
with it, and ends with its standard input; what bounds a question's processor time and memory is its own business.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO


class Ended(Exception):
    """There is no answer, and no child any more: ``code`` is how it ended, negative for a signal.

    ``slow`` is whether it was ended because it did not answer in time, ``late`` whether it had to be killed.
    """

    def __init__(self, code: int, *, slow: bool = False, late: bool = False) -> None:
        super().__init__(f"the child process ended with {code}")
        self.code, self.slow, self.late = code, slow, late


class Companion:
    """One child process at most. To be asked with its ``lock`` held; after it ended, or after a fork, it is a new one.

    ``command`` is what to start, ``patience`` the seconds of the clock for one answer, ``most`` its bytes.
    """

    def __init__(self, command: Callable[[], Sequence[str]], patience: float, most: int) -> None:
        self.lock = threading.Lock()
        self.patience = patience
        self._command, self._most = command, most
        self._child: subprocess.Popen[bytes] | None = None
        os.register_at_fork(after_in_child=self._forget)

    @property
    def pid(self) -> int:
        """The child's process id, 0 for none."""
        return self._child.pid if self._child else 0

    def ask(self, question: bytes) -> bytes:
        """Return the answer. Raises :class:`Ended`."""
        child = self._running()
        until = time.monotonic() + self.patience
        try:
            _write(child.stdin, struct.pack(">I", len(question)) + question)
            answer = self._answer(child.stdout, until)
        except (OSError, EOFError):
            raise self.end() from None
        if answer is None:
            ended = self.end(0.0)
            raise Ended(ended.code, slow=True, late=ended.late)
        return answer

    def end(self, patience: float = 1.0) -> Ended:
        """End the child if there is one, after ``patience`` seconds in which it may end itself; return how it did."""
        child, self._child = self._child, None
        if child is None:
            return Ended(0)
        _close(child)  # it ends by itself when nobody can ask any more
        try:
            return Ended(child.wait(patience))
        except subprocess.TimeoutExpired:
            child.kill()
            return Ended(child.wait(), late=True)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.end()
            self._child = subprocess.Popen(
                list(self._command()),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd=os.sep,
                bufsize=0,
                start_new_session=True,
            )
        return self._child

    def _answer(self, pipe: IO[bytes] | None, until: float) -> bytes | None:
        """Return one answer, ``None`` when it does not come in time. Raises :class:`EOFError` where there is none."""
        found, size = bytearray(), 4
        while pipe and len(found) < size:
            ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return None
            some = pipe.read(64 * 1024)
            if not some:
                raise EOFError
            found += some
            if len(found) >= 4:
                size = 4 + int(struct.unpack_from(">I", found)[0])
            if size > self._most:
                raise EOFError
        return bytes(found[4:])

    def _forget(self) -> None:
        """In a process that was forked: the child is the parent's."""
        self.lock = threading.Lock()
        child, self._child = self._child, None
        if child is not None:
            child.returncode = 0  # not ours to wait for
            _close(child)


def _close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()


def _write(pipe: IO[bytes] | None, text: bytes) -> None:
    left = memoryview(text)
    while left and pipe:
        left = left[pipe.write(left) :]
