"""Health: one object's live state in, one verdict out, and one verdict for a whole app.

This package never asks the cluster, never waits and never reads a clock: whoever holds the live object calls
:func:`judge`; how long to wait for ``done`` is the caller's decision. It never raises over what a status
holds.

The rules for built-in kinds follow the documented behaviour of their controllers and of kstatus, the status
library of the cli-utils project that kubectl and Flux use
(https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md); where we differ, the rule
says why. There is a file per family of kinds.
"""

from __future__ import annotations

from workers.health.judge import judge
from workers.health.overall import worst

__all__ = ["judge", "worst"]
