"""The audit log is read while it is written: lines that are not whole yet are of no use to anybody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.local import audit_log


def line(number: int, size: int = 0) -> bytes:
    """One event."""
    return json.dumps({"number": number, "more": "x" * size}).encode() + b"\n"


@pytest.mark.parametrize("size", [0, audit_log.BLOCK, 3 * audit_log.BLOCK], ids=("short", "a block", "blocks"))
@pytest.mark.parametrize("there", range(3))
def test_what_is_written_by_halves_belongs_to_those_who_look_when_it_is_whole(
    tmp_path: Path, there: int, size: int
) -> None:
    """Wherever in a line one looks: its event is after the mark, and is read once the line is whole."""
    log, whole, next_line = tmp_path / "log", b"".join(line(one, size) for one in range(there)), line(9, size)
    for cut in sorted({0, 1, len(next_line) // 2, len(next_line) - 1}):
        log.write_bytes(whole + next_line[:cut])
        mark = audit_log.end(log)
        assert mark == len(whole)
        assert [one["number"] for one in audit_log.events(log)] == list(range(there))
        assert list(audit_log.events(log, mark)) == []
        log.write_bytes(whole + next_line + line(10))
        assert [one["number"] for one in audit_log.events(log, mark)] == [9, 10]
    assert audit_log.end(log) == log.stat().st_size


def test_only_events_with_a_text_are_read(tmp_path: Path) -> None:
    """The others are not even parsed."""
    log = tmp_path / "log"
    log.write_bytes(line(1) + b"no event\n" + line(2) + line(12))
    assert [one["number"] for one in audit_log.events(log, naming='"number": 1')] == [1, 12]
