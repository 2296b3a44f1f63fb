"""Which plans are made now: those of pull requests and those asked for over the API, of both only a few at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from workers.context import Context
from workers.stages import lock
from workers.stages.lock import Held

SOON: Final = 1.0
"""Seconds until it is asked again whether another plan may be made."""
MOST_AT_ONCE: Final = 20


def ask(context: Context, most: int = MOST_AT_ONCE) -> None:
    """Ask for the plans that are due by now, ``most`` of each sort. Asks Redis only."""
    records, now = context.records, context.records.clock()
    for pull in records.pulls.due(now, most):
        context.counter.plan(pull)
    for name in records.plans.due(now, most):
        context.counter.inquiry(name)


@contextlib.contextmanager
def place(context: Context, held: Held | None) -> Iterator[bool]:
    """Take one of the places of plans that are made at once, over all workers; yield whether one was free.

    ``held`` is the lease of what would be planned: without it none is taken.
    """
    names = [f"plans:{number}" for number in range(context.settings.sync.plans)] if held else []
    with lock.hold_one(context.records.leases, names, context.settings.sync.lease) as taken:
        yield taken is not None
