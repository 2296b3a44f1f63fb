"""Tells the forge of environments: one writer per place, paced over all workers, retried until the forge has it.

What is meant is on record before it is asked for and what came of it afterwards, so that a worker which dies is
followed by one that finds what was made and goes on. A right that lacks for deployments holds up no status.
"""

from __future__ import annotations

from typing import Final

import structlog

from workers.context import Context
from workers.environments import Place
from workers.errors import (
    AuthorError,
    BadConfiguration,
    ForgeUnreachable,
    HooklineError,
    LeaseLost,
    OperatorError,
    TransientError,
    UnknownName,
)
from workers.forges import Account, limits
from workers.forges.apps import DEPLOYING
from workers.forges.refusals import Busy, TokenRefused
from workers.records.environments import EnvironmentRecord
from workers.reporting import DENIED, DOWN, Postponed
from workers.settling import Turn
from workers.stages import lock
from workers.stages.lock import Held

log = structlog.get_logger()

MOST_BUSY: Final = 10
"""Tries in a row after which a forge that works and will not take a deployment is taken to refuse it."""


class Pace:
    """Asked before each write to an account, for as long as a lease is ours; what ``about`` lacks holds up no other."""

    def __init__(self, context: Context, account: Account, repository: str, about: str, held: Held) -> None:
        self._context, self._account, self._held = context, account, held
        self._scopes = (account.name, f"{account.name}|{repository}|{about}")
        self._admitted = False

    def admit(self) -> None:
        """Raise :class:`LeaseLost` or :class:`Postponed` unless something may be written now."""
        self._held.check()
        quotas, now = self._context.records.quotas, self._context.records.clock()
        if self._admitted:
            quotas.close(self._scopes)  # the write before went well, or nobody would ask for another
            self._admitted = False
        wait = quotas.admit(self._account.name, self._scopes, now, limits.writes(self._account.kind, is_first=False))
        if wait:
            raise Postponed(wait)
        self._admitted = True

    def ended(self, error: HooklineError | None) -> None:
        """Open the breaker of what is broken, close those of what works."""
        quotas, now = self._context.records.quotas, self._context.records.clock()
        if isinstance(error, Postponed | LeaseLost):
            return
        if isinstance(error, ForgeUnreachable | TokenRefused) and not isinstance(error, Busy):
            least, most = DOWN if isinstance(error, ForgeUnreachable) else DENIED
            quotas.trip(self._scopes[0], now, least, most, getattr(error, "retry_after", None))
        elif isinstance(error, OperatorError):
            quotas.close(self._scopes[:1]) if self._admitted else None
            quotas.trip(self._scopes[1], now, *DENIED)
        elif self._admitted:
            quotas.close(self._scopes)


def publish(context: Context, name: str) -> None:
    """Bring what the forge shows of an environment, by its record name, to what its apps say."""
    environments, clock = context.records.environments, context.records.clock
    with structlog.contextvars.bound_contextvars(stage="report", environment=name):
        while environments.is_due(name, clock()):
            with lock.hold(context.records.leases, f"environment:{name}", context.settings.sync.lease) as held:
                if held is None:
                    return  # whoever holds it looks again after the release
                try:
                    _look(context, Place.of(name), held)
                except LeaseLost as error:
                    log.warning("deployment not written", reason=str(error))
                    return
                except HooklineError as error:
                    environments.postpone(name, clock() + _pause(context, name, error))


def _look(context: Context, place: Place, held: Held) -> None:
    environments = context.records.environments
    record = environments.read(place.name)
    try:
        account = _account(context, place, record)
    except (UnknownName, BadConfiguration) as error:
        if record.words:
            raise
        log.error("deployment not ended", reason=str(error))  # nobody will come back for what no app is of any more
        environments.settled(place.name, record.version, is_over=True)
        return
    if account.name != record.account:
        environments.keep(place.name, held.token, account=account.name)
    pace, trouble = Pace(context, account, place.repository, "deployments", held), None
    try:
        is_over = Turn(context, place, account, held, pace.admit).step(record)
    except HooklineError as error:
        trouble = error
        raise
    finally:
        pace.ended(trouble)
    environments.settled(place.name, record.version, is_over=is_over)


def _account(context: Context, place: Place, record: EnvironmentRecord) -> Account:
    """Return the account of a place: its hook's, or, once that is gone, the one that was told before."""
    if place.hook not in context.settings.hooks and record.account in context.settings.forges:
        return context.accounts.named(record.account, place.repository, DEPLOYING)
    return context.accounts.of(place.hook, place.repository, DEPLOYING)


def _pause(context: Context, name: str, error: HooklineError) -> float:
    """Return the seconds until the next look, and log what is new."""
    if isinstance(error, Postponed):
        return error.seconds
    tries = context.records.environments.failed(name)
    least, most = DOWN if isinstance(error, TransientError) else DENIED
    seconds = limits.pause(tries, least, most, getattr(error, "retry_after", None))
    is_wrong = isinstance(error, AuthorError | OperatorError | UnknownName | BadConfiguration)
    (log.error if is_wrong else log.warning)("deployment not written yet", reason=str(error), seconds=seconds)
    return seconds
