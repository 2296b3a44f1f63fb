"""The API server's audit log, read while the server writes it: only lines that are whole. It never writes to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCK = 1 << 16


def end(log: Path) -> int:
    """Return after how many bytes the last whole line ends; 0 where there is none.

    A line of several pages becomes visible page by page, so the file's size may lie in the middle of one.
    """
    with log.open("rb") as file:
        at = file.seek(0, 2)
        while at > 0:
            begin = max(0, at - BLOCK)
            file.seek(begin)
            found = file.read(at - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            at = begin
    return 0


def events(log: Path, begin: int = 0, naming: str = "") -> Iterator[dict[str, Any]]:
    """Yield the events (audit.k8s.io/v1) of the whole lines after ``begin`` bytes, which :func:`end` told.

    ``naming`` leaves out lines without that text before they are parsed: the file grows to hundreds of megabytes.
    """
    text = naming.encode()
    with log.open("rb") as file:
        file.seek(begin)
        for line in file:
            if text in line and line.endswith(b"\n"):
                yield json.loads(line)
