"""Plans one pull request: reads it at its forge, has it planned, and brings comment and status to what the plan says.

What is planned is on record before any of it is written, so that a worker which dies is followed by one that writes the
rest. A plan never holds up a sync: its queue is the last one, and only a few are made at once.
"""

from __future__ import annotations

from typing import Final

import structlog

from workers import replanning
from workers.context import Context
from workers.errors import AuthorError, BadConfiguration, HooklineError, LeaseLost, OperatorError, UnknownName
from workers.forges import limits
from workers.pull import Wanted
from workers.reporting import DENIED, DOWN, Postponed
from workers.stages import lock
from workers.turning import Planner, Turn

log = structlog.get_logger()

MOST_TRIES: Final = 300
"""Tries after which a pull request is left alone until something happens to it: about a day."""


def look(context: Context, name: str, planner: Planner) -> None:
    """Look at the pull request of that record name, if there is a wish to; leave it for later where that may help."""
    records, again = context.records, 0.0
    with (
        structlog.contextvars.bound_contextvars(pull=name),
        lock.hold(records.leases, f"pull:{name}", context.settings.sync.lease) as held,
        replanning.place(context, held) as free,
    ):
        found = records.pulls.wanted(name) if held else None
        if held is None or found is None:
            return
        wanted, text = found
        if not free:
            records.pulls.later(name, records.clock() + replanning.SOON)
            return
        try:
            Turn(context, wanted, text, held, planner).step()
        except LeaseLost as error:
            log.warning("plan stopped", reason=str(error))
            return
        except HooklineError as error:
            again = _pause(context, wanted, error)
        if again:
            records.pulls.later(name, records.clock() + again)
    if not again:
        records.pulls.done(name, text)
    replanning.ask(context, 1)  # itself, if something happened to it meanwhile


def _pause(context: Context, wanted: Wanted, error: HooklineError) -> float:
    """Return the seconds until the next look, 0 for none, and log what is new."""
    if isinstance(error, Postponed):
        return error.seconds
    tries = context.records.pulls.failed(wanted.name)
    if isinstance(error, AuthorError | UnknownName | BadConfiguration) or tries > MOST_TRIES:
        log.error("pull request not planned", reason=str(error), number=wanted.number, repository=wanted.repository)
        return 0.0
    least, most = DENIED if isinstance(error, OperatorError) else DOWN
    seconds = limits.pause(tries, least, most, getattr(error, "retry_after", None))
    log.warning("pull request not planned yet", reason=str(error), seconds=seconds, tries=tries)
    return seconds
