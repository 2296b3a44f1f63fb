"""Health: one object's live state in, one verdict out, and one verdict for a whole app.

This package never asks the cluster, never waits for an object and never decides by a clock: whoever holds the live
object calls :func:`judge`; how long to wait for ``done`` is the caller's decision. It never raises over what a status
holds. What was added by users (:class:`Checks`, a value made from the settings and handed in) runs in a child process.

The rules for built-in kinds follow the documented behaviour of their controllers and of kstatus, the status
library of the cli-utils project that kubectl and Flux use
(https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md); where we differ, the rule
says why. They cover the kinds that Argo CD has verdicts of its own for, too. There is a file per family of kinds; those
of operators are in `workers.health.operators`.
"""

from __future__ import annotations

from workers.health.checks import NONE, Checks
from workers.health.judge import judge, state
from workers.health.overall import worst

__all__ = ["NONE", "Checks", "judge", "state", "worst"]
