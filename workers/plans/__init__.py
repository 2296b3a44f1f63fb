"""Plans as values: what a sync would do, what deserves a second look, and how both are shown.

This package never asks the cluster, Git or the records, and never holds a secret: objects come in whole, and what
leaves it is masked (`workers.plans.compared`).
"""

from __future__ import annotations

from workers.plans.pulls import Answer, PullPlan
from workers.plans.values import Effect, Plan, Planned, exit_code, shortened

__all__ = ["Answer", "Effect", "Plan", "Planned", "PullPlan", "exit_code", "shortened"]
