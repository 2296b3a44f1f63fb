"""A renderer as a child process: bounded, without our environment, without a network, without our files."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workers import bounds
from workers.errors import RenderFailed, TooMuch
from workers.renderers import confined

RENDER_SECONDS: Final = 60
"""For the clock on the wall and for the processor alike."""
RENDER_BYTES: Final = 64 * 1024 * 1024
"""What a child may write to a file, its output among them."""
RENDER_MEMORY: Final = 2 * 1024**3
COMPLAINT_BYTES: Final = 32 * 1024
"""What is read of a complaint: so much of its begin, and so much of its end."""

_NEW_USER: Final = 0x10000000
_NEW_NET: Final = 0x40000000
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_NO_MEMORY: Final = ("cannot allocate memory", "out of memory")


@dataclass(frozen=True, slots=True)
class Done:
    """How a child ended: what it wrote, its complaint if it made one, and its exit code."""

    output: bytes
    said: str
    code: int


def run(
    tool: str,
    what: str,
    arguments: Sequence[str],
    root: Path,
    more: Mapping[str, str] | None = None,
    readable: Iterable[Path] = (),
) -> Done:
    """Run ``arguments`` with nothing of our environment and ``root``/home as its home; ``more`` are variables for it.

    It may write below ``root`` only, and read besides what the first argument and ``readable`` name. Raises
    :class:`RenderFailed` naming ``tool`` and ``what`` when it was stopped at a limit; a complaint of its own comes
    back, with ``root`` taken out.
    """
    home, output, said = root / "home", root / "output", root / "said"
    home.mkdir(exist_ok=True)
    seconds = min(RENDER_SECONDS, bounds.current().seconds)
    try:
        env = {"HOME": str(home), "PATH": str(home), "TMPDIR": str(home), **(more or {})}
        code = _ended(arguments, root, env, readable, seconds)
    except subprocess.TimeoutExpired:
        if seconds < RENDER_SECONDS:
            raise TooMuch(f"{tool} was stopped for {what}: the time for a plan was up") from None
        raise _too(tool, what, f"took longer than {RENDER_SECONDS} s") from None
    words = _ends(said).decode(errors="replace")
    if code in (-signal.SIGXCPU, -signal.SIGKILL) or (code and "SIGXCPU: " in words):  # Go says it itself
        raise _too(tool, what, f"took longer than {RENDER_SECONDS} s of processor time")
    # Whatever its exit code says: helm does not look whether its output could be written.
    if output.stat().st_size >= RENDER_BYTES or code == -signal.SIGXFSZ or "file too large" in words:
        raise _too(tool, what, f"wrote more than {RENDER_BYTES >> 20} MiB")
    if code and any(sign in words for sign in _NO_MEMORY):
        raise _too(tool, what, f"needed more than {RENDER_MEMORY >> 20} MiB of memory")
    return Done(b"" if code else output.read_bytes(), words, code)


def _ended(
    arguments: Sequence[str], root: Path, env: Mapping[str, str], readable: Iterable[Path], seconds: float
) -> int:
    """Return the exit code; what the child started itself ends with it. Raises :class:`subprocess.TimeoutExpired`."""
    reads = (Path(arguments[0]).resolve(), *readable)
    with (
        (root / "output").open("wb") as out,
        (root / "said").open("wb") as err,
        confined.rules(root, reads) as rules,
        subprocess.Popen(
            arguments,
            env=env,
            cwd=root / "home",
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=lambda: _bound(rules),  # noqa: PLW1509 - nothing in it waits for a lock
        ) as process,
    ):
        try:
            return _waited(process, seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _waited(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Return the exit code as soon as there is one. Raises :class:`subprocess.TimeoutExpired`.

    The kernel wakes us: ``process.wait`` with a limit looks every 50 ms, which is as long as a render takes.
    """
    try:
        ended = os.pidfd_open(process.pid)
    except OSError:  # Linux before 5.3
        return process.wait(seconds)
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        if not poll.poll(seconds * 1000):
            raise subprocess.TimeoutExpired(process.args, seconds)
        return process.wait()
    finally:
        os.close(ended)


def _ends(file: Path) -> bytes:
    """Return the begin and the end of a file that may be long."""
    with file.open("rb") as opened:
        begin = opened.read(COMPLAINT_BYTES)
        opened.seek(max(len(begin), file.stat().st_size - COMPLAINT_BYTES))
        return begin + opened.read(COMPLAINT_BYTES)


def _too(tool: str, what: str, how: str) -> RenderFailed:
    return RenderFailed(f"{tool} {how} for {what} and was stopped: make it smaller")


def _bound(rules: int) -> None:
    """Limit the child: memory, output, processor time, network and files.

    A network namespace of its own has no way out. Where the kernel allows us none, what `workers.renderers.confined`
    takes from it is left, and that no renderer is given anything remote to fetch.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (RENDER_BYTES, RENDER_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (RENDER_SECONDS, RENDER_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (RENDER_MEMORY, RENDER_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _LIBC.unshare(_NEW_NET):
        _LIBC.unshare(_NEW_USER | _NEW_NET)
    confined.enter(rules)
