"""A plan as JSON for machines and as one patch."""

from __future__ import annotations

from typing import Any

from workers.plans.pulls import PullPlan
from workers.plans.values import Plan, exit_code


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the documented shape (docs/plans.md): unchanged objects only where a note says why they stay."""
    return {
        "app": plan.app,
        "cluster": plan.cluster,
        "source": plan.source,
        "revision": plan.revision,
        "summary": plan.summary,
        "counts": {effect.value: count for effect, count in plan.counts.items()},
        "exit_code": exit_code(plan),
        "held": plan.held,
        "hooks": list(plan.hooks),
        "warnings": list(plan.warnings),
        "objects": [
            {
                **one.ref._asdict(),
                "effect": one.effect.value,
                "origin": one.origin,
                "fields": list(one.fields),
                "note": one.note,
                "diff": one.diff,
            }
            for one in plan.objects
            if one.effect.value != "unchanged" or one.note
        ],
    }


def pull_as_json(plan: PullPlan) -> dict[str, Any]:
    """Return the documented shape (docs/plans.md) of a pull request's plan."""
    return {
        "head": plan.head,
        "base": plan.base,
        "problem": plan.problem,
        "verdicts": list(plan.verdicts),
        "untouched": plan.untouched,
        "counts": {effect.value: count for effect, count in plan.counts.items()},
        "exit_code": pull_exit_code(plan),
        "apps": [
            {
                "app": one.app,
                "cluster": one.cluster,
                "error": one.error,
                "plan": as_json(one.plan) if one.plan else None,
            }
            for one in plan.answers
        ],
    }


def pull_exit_code(plan: PullPlan) -> int:
    """Return what a script is told of a pull request: 1 when a sync would fail, 2 when it would change something."""
    if not plan.is_well:
        return 1
    return max((exit_code(one.plan) for one in plan.answers if one.plan), default=0)


def as_patch(plan: Plan) -> str:
    """Return all differences as one unified patch, for a pager or an archive; it holds masks and cannot be applied."""
    return "".join(one.diff for one in plan.objects)
