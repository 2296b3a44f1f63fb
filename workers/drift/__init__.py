"""Drift: live objects that are no longer as the last apply left them.

Watch and sweep only suspect: an accepted digest differs, an object is missing, being deleted, or carries an app's
label without being the app's. They ask for a look; a worker's look judges (`workers.repairing`), by what is decided
here. This package never writes to a cluster.
"""

from __future__ import annotations

from workers.drift.looking import is_busy, judge
from workers.drift.pace import every
from workers.drift.suspects import differing
from workers.drift.sweeping import PAGE, sweep

__all__ = ["PAGE", "differing", "every", "is_busy", "judge", "sweep"]
