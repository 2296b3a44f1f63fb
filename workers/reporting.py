"""Publishes a commit's statuses: one writer per commit, retried from the record until the forge has them."""

from __future__ import annotations

from typing import Final

import structlog

from workers import forges, secretrefs
from workers.context import Context
from workers.errors import ForgeUnreachable, OperatorError, UnknownName
from workers.model import Commit, Status
from workers.settings import Settings
from workers.stages import lock, report

log = structlog.get_logger()

UNREACHABLE_SECONDS: Final = 5.0
OPERATOR_SECONDS: Final = 300.0


def publish(context: Context, name: str) -> None:
    """Write what the forge of a commit does not have yet.

    A forge that does not answer leaves the commit dirty: the tick asks again.
    """

    def write(commit: Commit, status: Status) -> None:
        forges.write(account(context.settings, commit.hook), context.http, commit, status)

    commits, clock = context.records.commits, context.records.clock
    with structlog.contextvars.bound_contextvars(stage="report", commit=name):
        while commits.is_dirty(name, clock()):
            with lock.hold(context.records.leases, f"commit:{name}", context.settings.sync.lease) as held:
                if held is None:
                    return  # whoever holds it looks again after the release
                try:
                    report.publish(commits, name, write)
                except (ForgeUnreachable, OperatorError) as error:
                    seconds = pause(error)
                    log.warning("statuses not written yet", reason=str(error), seconds=seconds)
                    commits.postpone(name, clock() + seconds)


def pause(error: Exception) -> float:
    """Return the seconds until the next attempt: what the forge asked for, or long enough for a person to act. Pure."""
    if isinstance(error, ForgeUnreachable):
        return error.retry_after if error.retry_after is not None else UNREACHABLE_SECONDS
    return OPERATOR_SECONDS


def account(settings: Settings, hook: str) -> forges.Account:
    """Return the forge account that statuses of a hook's repositories are written with.

    Raises :class:`UnknownName` when the hook is gone or no forge of its kind is configured.
    """
    declared = settings.hooks.get(hook)
    if declared is None:
        raise UnknownName(f"the hook {hook} is no longer configured: its commits get no statuses")
    names = (
        [declared.account]
        if declared.account
        else [key for key, forge in settings.forges.items() if forge.kind == declared.forge]
    )
    if not names:
        raise UnknownName(
            f"no forge of kind {declared.forge} is configured: add one under `forges` to get statuses for hook {hook}"
        )
    chosen = settings.forges[names[0]]
    return forges.Account(kind=chosen.kind, api=chosen.api, token=lambda: secretrefs.read(chosen.token))
