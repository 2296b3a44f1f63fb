"""What the kernel takes from a child process for good: the network, and every file that is none of its business.

Needs no privilege and no namespace, so it holds in an ordinary container. Field facts: seccomp(2) (filters need
``no_new_privs`` or root), landlock(7) and the kernel's ``Documentation/userspace-api/landlock.rst``. A kernel without
the one or the other does without it: then what is left is what `workers.renderers.child` does besides.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import platform
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger()

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EACCES
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_UNIX: Final = 1
_CALLS: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The architecture as the kernel's audit knows it, and the number of socket(2) there."""
_RINGS: Final = 425
"""io_uring_setup(2), the same everywhere: it could open sockets that no filter sees."""
_X32: Final = 0x40000000

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 2, 1 << 3
_HANDLED: Final = (1 << 13) - 1
"""Every right of Landlock's first version: what is not handed out below is refused."""
_SEEING: Final = _EXECUTE | _READ_FILE | _READ_FOLDER
_OF_FILES: Final = _EXECUTE | 1 << 1 | _READ_FILE
SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/dev/null", "/dev/zero", "/dev/urandom")
"""What any program may need to start; nobody keeps a secret there."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _without_network() -> bytes:
    """Return the filter that refuses every socket but local ones; empty where we do not know the numbers."""
    known = _CALLS.get(platform.machine())
    if known is None:
        return b""
    architecture, socket = known
    steps = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 0, 7, architecture),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, 5, 0, _X32),
        (_EQUAL, 4, 0, _RINGS),
        (_EQUAL, 0, 2, socket),
        (_LOAD, 0, 0, 16),
        (_EQUAL, 0, 1, _UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


_CODE: Final = ctypes.create_string_buffer(_without_network())
_PROGRAM: Final = _Program((len(_CODE) - 1) // 8, ctypes.cast(_CODE, ctypes.c_void_p).value)


@contextlib.contextmanager
def rules(writable: Path, readable: Iterable[Path]) -> Iterator[int]:
    """Yield the number of a set of rules for :func:`enter`, -1 where the kernel knows none.

    A child under them reads :data:`SYSTEM` and ``readable`` (files or folders), and does anything below ``writable``.
    """
    handled = ctypes.c_uint64(_HANDLED)
    number = _LIBC.syscall(_CREATE, ctypes.byref(handled), ctypes.sizeof(handled), 0)
    if number < 0:
        _say_once()
        yield -1
        return
    try:
        for place in (*map(Path, SYSTEM), *readable):
            _allow(number, place, _SEEING)
        _allow(number, Path(os.devnull), _SEEING | 1 << 1)
        _allow(number, writable, _HANDLED)
        yield number
    finally:
        os.close(number)


@functools.cache
def _say_once() -> None:
    log.warning(
        "renderers are not kept from the worker's own files: this kernel has no Landlock (Linux 5.13, and `landlock`"
        " among its security modules); see docs/rendering.md"
    )


def _allow(number: int, place: Path, rights: int) -> None:
    try:
        opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no rule
    try:
        rights &= _HANDLED if place.is_dir() else _OF_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, opened))
        _LIBC.syscall(_ADD, number, 1, rule, 0)
    finally:
        os.close(opened)


def enter(number: int) -> None:
    """Confine this process and all that it starts to the rules ``number``, and take the network from it.

    For a process that is about to become a renderer: there is no way back.
    """
    _LIBC.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    if number >= 0:
        _LIBC.syscall(_RESTRICT, number, 0)
    if _PROGRAM.length:
        _LIBC.prctl(_SECCOMP, _FILTER, ctypes.byref(_PROGRAM), 0, 0)
