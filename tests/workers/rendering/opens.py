"""Hears every opening that renderers try, by whatever process they start: the kernel asks us before each.

A filter of seccomp(2) with a listener (``SECCOMP_RET_USER_NOTIF``, Linux 5.5, no privilege needed), put beside those of
`workers.renderers.confined` just before a child becomes a renderer. Every call is let go on, so that what is heard is
what happens anyway. Linux on x86-64 and arm64.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from workers.renderers import confined

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_CALLS: Final = {"x86_64": {2: 0, 85: 0, 257: 1, 437: 1}, "aarch64": {56: 1, 437: 1}}
"""Numbers of open, creat, openat and openat2, and which argument is the path."""
_LISTENER, _ASK, _ALLOW = 8, 0x7FC00000, 0x7FFF0000
_RECEIVE, _SEND, _GO_ON = 0xC0502100, 0xC0182101, 1
_HERE: Final = -100
_NOTICE: Final = struct.Struct("=QII iIQ 6Q")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _filter() -> bytes:
    numbers = list(_CALLS[platform.machine()])
    steps = [(0x20, 0, 0, 0)]
    steps += [(0x15, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    steps += [(0x06, 0, 0, _ALLOW), (0x06, 0, 0, _ASK)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


_CODE: Final = ctypes.create_string_buffer(_filter()) if platform.machine() in _CALLS else None


def _listen() -> int:
    """Install the filter in this process; return the number of its listener."""
    assert _CODE is not None
    program = _Program((len(_CODE) - 1) // 8, ctypes.cast(_CODE, ctypes.c_void_p).value)
    return int(_LIBC.syscall(_SECCOMP[platform.machine()], 1, _LISTENER, ctypes.byref(program)))


class Opens:
    """What was tried to be opened, as absolute paths without ``..``."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self._ours, self._theirs = socket.socketpair()
        self._over, self._end = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def entering(self, enter: Callable[[int], None]) -> Callable[[int], None]:
        """Return what to do in place of ``confined.enter``: that, and be heard from there on."""

        def instead(rules: int) -> None:
            enter(rules)
            listener = _listen()
            # Without an import from here on (`socket.send_fds` has one): nobody would hear, and it would wait for ever.
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("=i", listener))
            self._theirs.sendmsg([b"x"], [rights] if listener >= 0 else [])

        return instead

    def close(self) -> None:
        """Stop listening."""
        os.close(self._end)
        self._thread.join()
        for one in (self._ours, self._theirs):
            one.close()
        os.close(self._over)

    def _serve(self) -> None:
        listeners: set[int] = set()
        while True:
            poll = select.poll()
            for number in (self._over, self._ours.fileno(), *listeners):
                poll.register(number, select.POLLIN)
            for number, event in poll.poll():
                if number == self._over:
                    for one in listeners:
                        os.close(one)
                    return
                if number == self._ours.fileno():
                    _, found, _, _ = socket.recv_fds(self._ours, 1, 1)
                    listeners.update(found)
                elif event & select.POLLIN:
                    self._answer(number)
                else:  # the last process behind it has ended
                    listeners.discard(number)
                    os.close(number)

    def _answer(self, listener: int) -> None:
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(listener, _RECEIVE, notice)
        except OSError:
            return  # whoever asked was killed meanwhile
        number, pid, _, call, _, _, *arguments = _NOTICE.unpack(notice)
        with contextlib.suppress(OSError, ValueError, OverflowError):
            self.paths.append(_path(pid, arguments, _CALLS[platform.machine()][call]))
        with contextlib.suppress(OSError):
            fcntl.ioctl(listener, _SEND, bytearray(struct.pack("=QqiI", number, 0, 0, _GO_ON)))


def _path(pid: int, arguments: list[int], at: int) -> str:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(arguments[at])
        text = os.fsdecode(memory.read(4096).partition(b"\0")[0])
    folder = ctypes.c_int(arguments[0] & 0xFFFFFFFF).value if at else _HERE
    above = f"/proc/{pid}/cwd" if folder == _HERE else f"/proc/{pid}/fd/{folder}"
    begin = "" if text.startswith("/") else str(Path(above).readlink())
    return os.path.normpath(os.path.join(begin, text)).replace(f"/proc/{pid}/", "/proc/self/")  # noqa: PTH118


@contextlib.contextmanager
def heard() -> Iterator[Opens]:
    """Listen to all renderers that are started meanwhile."""
    opens = Opens()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(confined, "enter", opens.entering(confined.enter))
            yield opens
    finally:
        opens.close()
