"""When Hookline has nothing to do: read from its records, which it never changes."""

from __future__ import annotations

import math

from workers.records import Records


def is_at_rest(records: Records) -> bool:
    """Whether all that was accepted is done and told: no sync is due, waits or is under way, no status is unwritten."""
    progress = records.progress
    if progress.unsent() or progress.waiting() or records.commits.dirty(math.inf):
        return False
    apps = map(progress.app, progress.apps())  # asked last: that is a request for each app
    return all(app.done >= app.wanted for app in apps)
