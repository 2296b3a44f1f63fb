"""What a merged pull request is told of its deployment: the comment, edited in place as its apps end. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workers import outcomes
from workers.model import Report, State
from workers.plans import dialects, markdown
from workers.plans.dialects import Dialect

MOST: Final = 50
"""Apps with a row of their own: those that failed first, then those that are not done, then the others."""
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One app that a commit affects: what it says of it, where it is deployed to, and how long that took (0: unknown).

    ``link`` is the page of its sync, "" for none.
    """

    app: str
    report: Report
    environment: str = ""
    seconds: float = 0.0
    link: str = ""

    @property
    def rank(self) -> int:
        """Where it stands: failed, under way, waiting, deployed."""
        if self.report.state is not State.SUCCESS:
            return 0 if self.report.state is State.FAILURE else 1
        return 2 if outcomes.waits(self.report) else 3


_SIGNS: Final = ("❌", "⏳", "⏸️", "✅")


def rendered(kind: str, revision: str, rows: Sequence[Row]) -> str:
    """Return the comment for a forge of ``kind`` about the commit ``revision``; there has to be a row."""
    dialect = dialects.of(kind)
    ordered = sorted(rows, key=lambda row: (row.rank, row.environment, row.app))
    lines = [f"{_title(ordered)}: {dialect.code(revision[:7])}", "", "| | app | environment | |", "|-|-|-|-|"]
    lines += [_row(row, dialect) for row in ordered[:MOST]]
    if len(ordered) > MOST:
        lines += ["", f"{len(ordered) - MOST} more apps are not listed."]
    return "\n".join(lines) + "\n"


def _title(rows: Sequence[Row]) -> str:
    """What there is to know in one glance."""
    counts = [sum(row.rank == rank for row in rows) for rank in range(4)]
    where = _where(rows)
    if counts[0]:
        return f"❌ **Not deployed{where}**, as {_apps(counts[0], len(rows))} failed"
    if counts[1]:
        return f"⏳ **Being deployed{where}**, {len(rows) - counts[1]} of {len(rows)} done"
    if counts[2]:
        return (
            f"⏸️ **Not deployed{where} yet**, as {_apps(counts[2], len(rows))} {'waits' if counts[2] == 1 else 'wait'}"
        )
    took = max(row.seconds for row in rows)
    return f"✅ **Deployed{where}{f' in {_time(took)}' if took else ''}**"


def _where(rows: Sequence[Row]) -> str:
    names = sorted({row.environment for row in rows if row.environment})
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f" to {markdown.plain(listed if len(names) <= 3 else f'{len(names)} environments')}"


def _apps(count: int, of: int) -> str:
    return "the app" if of == 1 else f"{count} of {of} apps"


def _row(row: Row, dialect: Dialect) -> str:
    said = row.report.text if len(row.report.text) <= _LONGEST else f"{row.report.text[: _LONGEST - 1]}…"
    told = f"{markdown.plain(said)}{f', {_time(row.seconds)}' if row.seconds else ''}".replace("\n", " ")
    told = f"[{told}]({row.link})" if row.link else told
    where = dialect.code(row.environment) if row.environment else ""
    return f"| {_SIGNS[row.rank]} | {dialect.code(row.app)} | {where} | {told} |"


def _time(seconds: float) -> str:
    """Return a time as people say it: in seconds up to two minutes."""
    whole = max(1, round(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"
