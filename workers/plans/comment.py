"""The comment about a pull request's plan: what a merge would do, in one glance and then in full. Pure.

What goes first where a forge's limit is too small is `workers.plans.fitting`'s rule over `workers.plans.pieces`:
differences of objects that are created are cut, then give way to fields, then to a line for each object; then so do
those of configured objects, and so on. Only after that lines go; the counts of apps that change, errors and refusals
are the last to go.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Final

from workers.plans import dialects, fitting, markdown, pieces
from workers.plans.brief import summary
from workers.plans.dialects import Dialect
from workers.plans.fitting import Block, Page
from workers.plans.pulls import Answer, PullPlan
from workers.plans.values import CHANGES, Effect, Plan, line

__all__ = ["LEAST", "MOST", "rendered", "summary"]

MOST: Final = 3
"""Comments of one plan: a reader scrolls past them, and each is a write at the forge."""
LEAST: Final = 4_096
"""The smallest limit that the beginning of a comment fits into."""
_COLUMNS: Final = (*CHANGES, Effect.REFUSED)
_SORTS: Final = {"object": "objects", "app": "apps", "warning": "warnings", "verdict": "verdicts", "fault": "refusals"}


def rendered(
    plan: PullPlan, kind: str, link: str, marker: str, limit: int, *, number: int = 0, at: float = 0.0
) -> tuple[str, ...]:
    """Return the texts of the comment, one to :data:`MOST`, for a forge of ``kind``.

    ``link`` is the address of a page about the plan, "" for none; ``marker`` the line that begins each text, by which
    it is found again; ``limit`` the forge's, in whatever it counts (see :func:`workers.plans.fitting.size`).
    ``number`` is the pull request's and ``at`` when the plan was made, in seconds since the epoch; 0 for unknown.

    Raises :class:`ValueError` for a limit below :data:`LEAST`.
    """
    if limit < LEAST:
        raise ValueError(f"a comment needs {LEAST} bytes, not {limit}")
    dialect, top = dialects.of(kind), f"{marker}\n" if marker else ""
    head = f"{top}## Plan: {_title(plan)}\n\n{_verdict(plan, dialect)}\n\n{_made(plan, dialect, link, at)}\n\n"
    further = f"{top}## Plan, continued\n\n"
    blocks = [_table(plan, dialect), Block("", "\n", tuple(pieces.sentences(plan, dialect)))]
    alone = len(plan.answers) == 1
    blocks += [_fold(one.plan, dialect, limit, alone) for one in plan.answers if one.plan]
    command = dialect.code(_command(plan, number))

    def said(gone: Counter[str], cut: int) -> str:
        told = [f"{count} {_SORTS[sort] if count != 1 else sort}" for sort, count in gone.items() if count]
        parts = [f"left out: {', '.join(told)}"] if told else []
        parts += [f"shortened: {cut} {'entry' if cut == 1 else 'entries'}"] if cut else []
        return f"✂️ Too long for a comment, so that some is {'; '.join(parts)}. All of it: {command}\n\n"

    return fitting.fitted(blocks, Page(head, further, limit, MOST), said)


def _title(plan: PullPlan) -> str:
    if plan.problem:
        return "not made"
    return _counted(plan) + (f" in {len(plan.answers)} apps" if len(plan.answers) > 1 else "")


def _counted(plan: PullPlan) -> str:
    """The counts of all apps in words, the worst first."""
    counts = plan.counts
    return ", ".join(f"{counts[one]} {one.value}" for one in reversed(_COLUMNS) if counts[one]) or "nothing changes"


def _verdict(plan: PullPlan, dialect: Dialect) -> str:
    """What a reviewer wants to know in one glance."""
    if plan.problem:
        return f"❌ **There is no plan**: {markdown.plain(pieces.cut(plan.problem, 500))}"
    if not plan.answers:
        return "✅ **No app is touched.**"
    fail = [one for one in plan.answers if not one.is_well]
    if fail:
        names = ", ".join(dialect.code(pieces.cut(one.app, 60)) for one in fail[:3])
        more = f" and {len(fail) - 3} more" if len(fail) > 3 else ""
        return f"❌ **A sync after the merge would fail**: {names}{more}."
    counts, held = plan.counts, sum(bool(one.plan and one.plan.held) for one in plan.answers)
    later = f" {held} {'app waits' if held == 1 else 'apps wait'}: see below." if held else ""
    gone = [f"{counts[one]} {one.value}" for one in (Effect.DELETED, Effect.RECREATED) if counts[one]]
    if gone:
        return f"⚠️ **It would work. Look at what goes: {' and '.join(gone)}.**{later}"
    changes = any(counts[one] for one in CHANGES) or any(one.plan and one.plan.hooks for one in plan.answers)
    return f"✅ **It would work.**{later}" if changes else f"✅ **Nothing would change.**{later}"


def _made(plan: PullPlan, dialect: Dialect, link: str, at: float) -> str:
    """Of which commits the plan is, of when, and what is not in it."""
    code = dialect.code
    when = f", on {datetime.fromtimestamp(at, UTC):%Y-%m-%d at %H:%M} UTC" if at else ""
    said = f"{code(plan.head[:7])} into {code(plan.base[:7])}{when}."
    if plan.untouched:
        follow = "app follows" if plan.untouched == 1 else "apps follow"
        said += f" {plan.untouched} more {follow} the branch, whose files stay as they are."
    return f"{said} [Details]({link})" if link else said


def _command(plan: PullPlan, number: int) -> str:
    app = pieces.cut(plan.answers[0].app, 253) if len(plan.answers) == 1 else "APP"
    return f"hookline plan {app} " + (f"--pr {number}" if number else f"--revision {plan.head[:7]}")


def _table(plan: PullPlan, dialect: Dialect) -> Block:
    """A row for each app, and one for all of them."""
    opening = f"| | app | cluster | {' | '.join(one.value for one in _COLUMNS)} |\n|-|-|-|{'-:|' * len(_COLUMNS)}\n"
    if len(plan.answers) > 1:
        cells = " | ".join(_cell(plan.counts[one]) for one in _COLUMNS)
        opening += f"| | **all {len(plan.answers)} apps** | | {cells} |\n"
    return Block(opening, "\n", tuple(pieces.row(_row(one, dialect), one) for one in plan.answers))


def _row(one: Answer, dialect: Dialect) -> str:
    counts = one.plan.counts if one.plan else None
    cells = " | ".join(_cell(counts[effect]) if counts else "?" for effect in _COLUMNS)
    app, cluster = (dialect.code(pieces.cut(name, 253)) if name else "" for name in (one.app, one.cluster))
    return f"| {pieces.sign(one)} | {app} | {cluster} | {cells} |\n"


def _cell(count: int) -> str:
    return f"**{count}**" if count else "0"


def _fold(plan: Plan, dialect: Dialect, limit: int, alone: bool) -> Block:
    names = (dialect.code(pieces.cut(name, 253)) for name in (plan.app, plan.cluster))
    head = f"{' on '.join(names)}: {line(plan.summary)}"
    head = f"<strong>{head}</strong>" if dialect.folds else head
    return Block(dialect.opening(head, is_open=alone), dialect.closing, tuple(pieces.objects(plan, dialect, limit)))
