"""A plan as lines for a terminal. Pure: nothing in them is read as markup or moves the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from workers.plans.pulls import PullPlan
from workers.plans.values import Effect, Plan, Planned, line

_STYLES: Final = {
    Effect.CREATED: "green",
    Effect.CONFIGURED: "yellow",
    Effect.RECREATED: "magenta",
    Effect.DELETED: "red",
    Effect.UNCHANGED: "dim",
    Effect.REFUSED: "bold red",
}
_LINES: Final = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


def lines(plan: Plan) -> Iterator[Text]:
    """Yield the plan: what it is of, an object after the other with what differs, the warnings, the counts."""
    where = f" at {plan.revision[:7]}" if plan.revision else f" from {plan.source}"
    yield Text.assemble((line(plan.app), "bold"), line(f" on {plan.cluster}{where}"))
    for one in plan.objects:
        if one.effect is not Effect.UNCHANGED or one.note:
            yield from _object(one)
    for warning in plan.warnings:
        yield Text.assemble(("! ", "yellow"), line(warning))
    yield Text(plan.summary, style="bold")


def pull_lines(plan: PullPlan) -> Iterator[Text]:
    """Yield a pull request's plan: what it would merge, what stands against that, and each app's plan."""
    yield Text.assemble(("merge", "bold"), line(f" of {plan.head[:7] or '?'} into {plan.base[:7] or '?'}"))
    if plan.problem:
        yield Text.assemble(("✗ ", "red"), line(plan.problem))
    for said in plan.verdicts:
        yield Text.assemble(("! ", "yellow"), line(said))
    for one in plan.answers:
        yield Text("")
        if one.plan:
            yield from lines(one.plan)
        else:
            yield Text.assemble((line(one.app), "bold"), line(f" on {one.cluster}"))
            yield Text.assemble(("✗ ", "red"), line(one.error))
    if not plan.problem:
        count = plan.untouched
        yield Text(f"{count} {'app' if count == 1 else 'apps'} untouched", style="dim")


def _object(one: Planned) -> Iterator[Text]:
    origin = f"  {one.origin}" if one.origin else ""
    yield Text.assemble((f"{one.effect.value:<11}", _STYLES[one.effect]), line(f"{one.ref}{origin}"))
    if one.note:
        yield Text(line(f"  {one.note}"), style=_STYLES[one.effect])
    if not one.diff:
        yield from (Text(line(f"  {field}")) for field in one.fields)
    for said in one.diff.splitlines():
        style = next((style for sign, style in _LINES if said.startswith(sign)), "dim")
        yield Text(line(f"  {said}"), style=style)
