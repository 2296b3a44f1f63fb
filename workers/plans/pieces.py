"""The parts of a plan's comment, each with the forms in which it gives way where a comment is too long. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workers.plans import markdown
from workers.plans.dialects import Dialect
from workers.plans.fitting import Part
from workers.plans.pulls import Answer, PullPlan
from workers.plans.values import CHANGES, Effect, Plan, Planned
from workers.plans.warnings import NOTHING

_WORTH: Final = {
    Effect.UNCHANGED: 0,
    Effect.CREATED: 1,
    Effect.CONFIGURED: 2,
    Effect.RECREATED: 4,
    Effect.DELETED: 6,
    Effect.REFUSED: 8,
}
"""How long an object stays. Between them: rows of apps that keep what they have 3, warnings 5, verdicts 7; after them
errors 9 and the counts of apps that change 10."""
_LONGEST: Final = 1_000
"""Characters of one sentence; a shortened one has :data:`_SHORT`."""
_SHORT: Final = 160
_LINES, _BYTES, _WIDTH, _FIELDS = 15, 1_200, 160, 10


def sign(one: Answer) -> str:
    """Return the sign of an app's row."""
    if one.plan is None or one.plan.refused:
        return "❌"
    if one.plan.held:
        return "⏸️"
    counts = one.plan.counts
    return "⚠️" if counts[Effect.DELETED] or counts[Effect.RECREATED] else "✅"


def row(text: str, one: Answer) -> Part:
    """Return an app's row."""
    changes = one.plan is None or one.plan.changes or one.plan.refused
    return Part((text,) * 4, 10 if changes else 3, "app")


def sentences(plan: PullPlan, dialect: Dialect) -> Iterator[Part]:
    """Yield what has to be said before any object, the worst first: errors, refusals, verdicts, warnings."""
    several = len(plan.answers) > 1
    plans = [one.plan for one in plan.answers if one.plan]

    def said(mark: str, text: str, worth: int, sort: str, app: str = "") -> Part:
        where = f"{dialect.code(cut(app, 253))}: " if app and several else ""
        long, short = (f"- {mark} {where}{markdown.plain(cut(text, most))}\n" for most in (_LONGEST, _SHORT))
        return Part((long, long, long, short), worth, sort)

    for answer in plan.answers:
        if answer.plan is None:
            yield said("❌", answer.error or "there is no plan of it", 9, "fault", answer.app)
    for one in plans:
        for refused in one.refused:
            yield said("❌", refused.note or f"{refused.ref} is refused", _WORTH[Effect.REFUSED], "fault", one.app)
    for verdict in plan.verdicts:
        yield said("📋", verdict, 7, "verdict")
    for one in plans:
        for warning in one.warnings:
            if warning == NOTHING:
                continue  # the verdict says it of all apps, and the row of this one
            yield said("⚠️", warning, 5, "warning", one.app)


def objects(plan: Plan, dialect: Dialect, limit: int) -> Iterator[Part]:
    """Yield the objects of an app that change or of which something is said, the most dangerous first."""
    told = [one for one in plan.objects if one.effect in CHANGES or (one.effect is Effect.UNCHANGED and one.note)]
    for one in sorted(told, key=lambda one: -_WORTH[one.effect]):
        yield _object(one, dialect, limit)


def _object(one: Planned, dialect: Dialect, limit: int) -> Part:
    worth, ref = _WORTH[one.effect], dialect.code(cut(str(one.ref), 400))
    # A sign at the beginning of a line would begin a list.
    name = f"{markdown.SIGNS[one.effect]} {one.effect.value}" if dialect.folds else f"**{one.effect.value}**"
    name = f"{name} {ref}"
    bullet = f"- {one.effect.value if one.effect is not Effect.UNCHANGED else 'stays:'} {ref}"
    origin = f" · {dialect.code(cut(one.origin, 300))}" if one.origin else ""
    noted = f": {markdown.plain(cut(one.note, _LONGEST))}" if one.note else ""
    brief = f"{bullet}\n\n"
    if not (one.diff or one.fields):
        single = f"{bullet}{origin}{noted}\n\n"
        return Part((single, single, single, brief), worth, "object")
    note = f"- {noted[2:]}\n\n" if noted else ""
    listed = "".join(f"- {dialect.code(cut(field, 300))}\n" for field in one.fields[:_FIELDS])
    more = len(one.fields) - _FIELDS
    listed += f"- and {more} more\n\n" if more > 0 else "\n" if listed else ""
    fields = dialect.folded(f"{name}{origin}", note + listed) if note or listed else f"{bullet}{origin}\n\n"
    if not one.diff:
        return Part((fields, fields, fields, brief), worth, "object")
    head, shortened = f"{name}{origin}", _shortened(one.diff)
    cutted = dialect.folded(head, f"{note}{markdown.fenced(shortened)}\n")
    # What is longer than half a comment is never shown in full, or it would push everything else out.
    full = cutted if len(one.diff) > limit // 2 else dialect.folded(head, f"{note}{markdown.fenced(one.diff)}\n")
    return Part((full, cutted, fields, brief), worth, "object")


def cut(text: str, most: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _shortened(diff: str) -> str:
    """The first lines of a difference, and how many more there are."""
    if len(diff) <= _BYTES and diff.count("\n") <= _LINES:
        return diff
    lines, kept, room = diff.removesuffix("\n").split("\n"), [], _BYTES
    for one in lines[:_LINES]:
        kept.append(cut(one, _WIDTH))
        room -= len(kept[-1].encode(errors="replace"))
        if room < 0:
            break
    more = len(lines) - len(kept)
    return "".join(f"{one}\n" for one in kept) + (f"… {more} more {'line' if more == 1 else 'lines'}\n" if more else "")
