"""After a sweep found what no delivery told of: ask the forge to send its failed deliveries again, where it can."""

from __future__ import annotations

from typing import Final

import structlog

from workers.context import Context
from workers.errors import HooklineError
from workers.forges import apps, redelivery

log = structlog.get_logger()

EVERY: Final = 3600.0
"""Seconds between two attempts for one hook and repository."""


def recover(context: Context) -> int:
    """Ask for the failed deliveries of every hook that missed a move; return how many were asked for.

    The moves themselves are looked at already: this brings back what else was in those deliveries, such as pull
    requests. A token without the right is said once in the log, and nothing else changes.
    """
    asked = 0
    for hook, repository in sorted({(one.hook, one.repository) for one in context.records.hooks.missed()}):
        if context.records.leases.take(f"recovery:{hook}:{repository}", "once", EVERY):
            asked += _one(context, hook, repository)
    return asked


def _one(context: Context, hook: str, repository: str) -> int:
    url = f"{context.settings.url.rstrip('/')}/hooks/{hook}"
    try:
        account = context.accounts.of(hook, repository, apps.REDELIVERY)
        if account.kind != "github":
            return 0
        count = redelivery.recover(account, context.http, repository, url, context.records.clock())
    except HooklineError as error:
        log.warning("failed deliveries cannot be asked for", hook=hook, repository=repository, reason=str(error))
        return 0
    log.info("failed deliveries asked for again", hook=hook, repository=repository, count=count)
    return count
