"""The audit trail as a file beside Redis, for a SIEM to read: whole lines in order, each once, synced to the disk.

Whoever has added an entry brings the file up to date from Redis, under the file's lock; so it is whole however many
processes share it and whichever of them died. It is no export: it has anchors but no head.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

import structlog

from workers import chain

log = structlog.get_logger()

LAST: Final = 512 * 1024
"""Bytes at a file's end among which its last line is."""


def follow(file: Path | None, read: Callable[[int], chain.Trail]) -> None:
    """Append what a file lacks of the trail. What goes wrong is logged: Redis has the entry; the next call tries."""
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            _append(opened, read)
    except OSError as error:
        log.error("audit file not written", file=str(file), reason=error.strerror or type(error).__name__)


def _append(opened: IO[bytes], read: Callable[[int], chain.Trail]) -> None:
    size = opened.seek(0, os.SEEK_END)
    opened.seek(max(0, size - LAST))
    tail = opened.read()
    if tail and not tail.endswith(b"\n"):
        # Somebody died in the middle of a line: what is there of it goes, and comes again whole.
        whole = size - len(tail) + tail.rfind(b"\n") + 1
        opened.truncate(whole)
        tail = tail[: tail.rfind(b"\n") + 1]
    last = (chain.read(tail.splitlines()[-1]) or {}) if tail else {}
    after = last.get("line", 0)
    trail = read(after if isinstance(after, int) else 0)
    begins = [] if tail and trail.first.line == after else [chain.anchor(trail.first)]
    lines = [*begins, *trail.lines] if trail.lines else []
    if lines:
        opened.write(b"".join(line + b"\n" for line in lines))
        opened.flush()
        os.fsync(opened.fileno())
