"""What a pull request would do to every app it touches. Pure: nothing here reads or writes anything."""

from __future__ import annotations

from dataclasses import dataclass

from workers.plans.values import Effect, Plan


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of planning one app: a ``plan``, or an ``error`` of one sentence in which secrets are masked."""

    app: str
    cluster: str
    plan: Plan | None = None
    error: str = ""

    @property
    def is_well(self) -> bool:
        """Whether a sync of it would succeed, as far as a plan can tell."""
        return self.plan is not None and not self.plan.refused


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What merging ``head`` into ``base`` (both commits) would do.

    ``answers`` are those of the apps it touches, by name; ``untouched`` counts the apps that follow the branch and keep
    their files. ``problem`` is a sentence when there is no merge result to plan with: a conflict, say.
    ``verdicts`` are what policies say of the pull request as a whole.
    """

    head: str
    base: str
    answers: tuple[Answer, ...] = ()
    untouched: int = 0
    problem: str = ""
    verdicts: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether every sync after the merge would succeed, as far as a plan can tell."""
        return not self.problem and all(one.is_well for one in self.answers)

    @property
    def counts(self) -> dict[Effect, int]:
        """How many objects of all apps have each effect; every effect is there."""
        plans = [one.plan for one in self.answers if one.plan]
        return {effect: sum(plan.counts[effect] for plan in plans) for effect in Effect}
