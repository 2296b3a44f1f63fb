"""The status `hookline/plan`: a pull request's plan in one line, the worst first. Pure."""

from __future__ import annotations

import textwrap
from typing import Final

from workers.model import State
from workers.plans.pulls import Answer, PullPlan
from workers.plans.values import Effect, line

LONGEST: Final = 140
"""Characters of a status that every forge shows (GitHub REST API, "Create a commit status")."""
_WORST_FIRST: Final = (Effect.DELETED, Effect.RECREATED, Effect.CONFIGURED, Effect.CREATED)


def summary(plan: PullPlan) -> tuple[State, str]:
    """Return the state of `hookline/plan` and its text of at most :data:`LONGEST` characters.

    It fails where there is no plan, or where a sync after the merge would fail.
    """
    if plan.problem:
        return State.FAILURE, _short(plan.problem)
    fail = [one for one in plan.answers if not one.is_well]
    if fail:
        more = f" (and {len(fail) - 1} more {'app' if len(fail) == 2 else 'apps'})" if len(fail) > 1 else ""
        return State.FAILURE, _short(f"{fail[0].app}{more} would fail: {_why(fail[0])}")
    if not plan.answers:
        return State.SUCCESS, "no app is touched"
    return State.SUCCESS, _short(_counted(plan))


def _why(one: Answer) -> str:
    if one.plan is None:
        return one.error or "there is no plan of it"
    refused = one.plan.refused
    first = refused[0].note or f"{refused[0].ref} is refused"
    return first if len(refused) == 1 else f"{len(refused)} objects are refused: {first}"


def _counted(plan: PullPlan) -> str:
    counts, apps = plan.counts, len(plan.answers)
    told = ", ".join(f"{counts[one]} {one.value}" for one in _WORST_FIRST if counts[one])
    plans = [one.plan for one in plan.answers if one.plan]
    if not told:
        told = "hooks run" if any(one.hooks for one in plans) else "nothing changes"
    held = sum(bool(one.held) for one in plans)
    waits = f"; {held} would wait" if held else ""
    return f"{told} in {plan.answers[0].app if apps == 1 else f'{apps} apps'}{waits}"


def _short(text: str) -> str:
    """One line that is cut at a word, or within the only one."""
    clear = " ".join(line(text).split())
    short = textwrap.shorten(clear, LONGEST, placeholder="…")
    return short if short != "…" or len(clear) <= 1 else f"{clear[: LONGEST - 1]}…"
