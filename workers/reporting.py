"""Publishes a commit's statuses: one writer per place, paced over all workers, retried until the forge has them."""

from __future__ import annotations

from typing import Final

import structlog

from workers import forges, links
from workers.context import Context
from workers.errors import (
    BadConfiguration,
    ForgeUnreachable,
    HooklineError,
    LeaseLost,
    OperatorError,
    TransientError,
    UnknownName,
)
from workers.forges import accounts, limits
from workers.forges.refusals import Busy, TokenRefused
from workers.model import Commit, Status
from workers.records.commit import CommitRecord
from workers.records.quotas import Note
from workers.stages import lock, report

log = structlog.get_logger()

DOWN: Final = (1.0, 60.0)
"""Seconds of the first and of the longest pause when a forge does not answer, or has had enough."""
DENIED: Final = (15.0, 300.0)
"""The same when a person has to act: a token, its rights, the address of the API."""


class Postponed(TransientError):
    """Nothing was sent: the forge is left alone for ``seconds``, or the budget is used up for so long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not written yet: the next try is in {seconds:.0f} s")
        self.seconds = seconds


class Pen:
    """Writes statuses at one account for as long as the lease is ours; :class:`report.Pen`."""

    def __init__(self, context: Context, account: forges.Account, commit: Commit, held: lock.Held) -> None:
        self._context = context
        self._account = account
        self._commit = commit
        self._held = held
        self._scopes = (account.name, f"{account.name}|{commit.repository}")

    def admit(self, status: Status, note: Note) -> None:
        """Raise :class:`LeaseLost` or :class:`Postponed` unless this status may be sent now; then ``note`` is kept."""
        self._held.check()
        quotas, now = self._context.records.quotas, self._context.records.clock()
        most = limits.writes(self._account.kind, is_first=status.context == report.CONTEXT)
        wait = quotas.admit(self._account.name, self._scopes, now, most, note)
        if wait:
            raise Postponed(wait)

    def write(self, status: Status, *, is_doubtful: bool) -> tuple[str, ...]:
        """Make the status true; one that may have arrived already is read back first.

        Returns the scopes whose breakers are to be closed. Raises what :func:`forges.write` raises, and opens the
        breaker of what is broken.
        """
        quotas, now = self._context.records.quotas, self._context.records.clock()
        try:
            asked = self._written(status, is_doubtful=is_doubtful)
        except Busy:
            quotas.close(self._scopes)
            raise
        except (ForgeUnreachable, TokenRefused) as error:
            least, most = DOWN if isinstance(error, ForgeUnreachable) else DENIED
            quotas.trip(self._scopes[0], now, least, most, getattr(error, "retry_after", None))
            raise
        except OperatorError:
            quotas.close(self._scopes[:1])
            quotas.trip(self._scopes[1], now, *DENIED)
            raise
        except HooklineError:
            quotas.close(self._scopes)
            raise
        if asked is None:
            return self._scopes
        quotas.close(self._scopes)
        quotas.trip(self._scopes[0], now, 0.0, 0.0, asked)
        return ()

    def _written(self, status: Status, *, is_doubtful: bool) -> float | None:
        client = self._context.http
        if is_doubtful and forges.shows(self._account, client, self._commit, status):
            return None
        return forges.write(self._account, client, self._commit, status)


def publish(context: Context, name: str) -> None:
    """Write what the forge of a commit does not have yet.

    A forge that does not answer, has had enough or is to be left alone leaves the commit dirty: the tick asks again.
    """
    commits, clock = context.records.commits, context.records.clock
    with structlog.contextvars.bound_contextvars(stage="report", commit=name):
        (record, _), *_ = known = commits.begin(name, _expected(context, name), clock())
        try:
            mine = account_of(context, record)
        except (UnknownName, BadConfiguration) as error:
            _unwritable(context, record, error)
            return
        place = place_of(record.commit, mine)
        sharing = {other.name: due for other, due in known if _place(context, other) == place}
        names, is_due = list(sharing), any(sharing.values())
        while is_due:
            with lock.hold(context.records.leases, f"status:{place}", context.settings.sync.lease) as held:
                if held is None:
                    return  # whoever holds it looks again after the release
                try:
                    pen = Pen(context, mine, record.commit, held)
                    url, records = context.settings.url, context.records
                    made = links.maker(url, records), links.plan_maker(url, records)
                    report.publish(commits, place, names, pen, *made)
                except LeaseLost as error:
                    log.warning("statuses not written", reason=str(error))
                    return
                except (TransientError, OperatorError) as error:
                    commits.postpone(names, clock() + _pause(context, place, error))
            is_due = commits.is_dirty(names, clock())


def _pause(context: Context, place: str, error: Exception) -> float:
    """Return the seconds until the next attempt at a commit, and log what is new."""
    if isinstance(error, Postponed):
        return error.seconds
    tries = context.records.commits.failed(place, is_busy=isinstance(error, Busy))
    least, most = DENIED if isinstance(error, OperatorError) else DOWN
    seconds = limits.pause(tries, least, most, getattr(error, "retry_after", None))
    log.warning("statuses not written yet", reason=str(error), seconds=seconds, tries=tries)
    return seconds


def _unwritable(context: Context, record: CommitRecord, error: HooklineError) -> None:
    """Leave a commit alone that there is no account for, until the configuration has one or the commit is forgotten."""
    commits = context.records.commits
    if not record.apps and not record.plans:
        commits.clean([record])
        return
    commits.postpone([record.name], context.records.clock() + DENIED[1], keep=False)
    log.error("statuses cannot be written", reason=str(error))


def place_of(commit: Commit, mine: forges.Account) -> str:
    """Return the name of where a forge keeps one status of a context for this commit. Pure."""
    ref = f"|{commit.ref}" if mine.kind in forges.BY_REF else ""
    return f"{mine.name}|{commit.repository}|{commit.revision}{ref}"


def _place(context: Context, record: CommitRecord) -> str:
    """Return the place of a commit, "" when there is no account for it.

    Commits share one that are of other refs, or came by other hooks.
    """
    try:
        return place_of(record.commit, account_of(context, record))
    except (UnknownName, BadConfiguration):
        return ""


def _expected(context: Context, name: str) -> str:
    """Return the name of the account that a commit's hook and repository go with, "" when none does."""
    hook, repository, *_ = name.split("|", 2)
    try:
        return accounts.choose(context.settings, hook, repository)
    except (UnknownName, BadConfiguration):
        return ""


def account_of(context: Context, record: CommitRecord) -> forges.Account:
    """Return the forge account that a commit's statuses are written with.

    A hook that left the configuration is no reason to leave a commit pending: the account it was begun with goes on.
    Raises :class:`UnknownName` when neither is configured, :class:`BadConfiguration` when nothing says which.
    """
    settings, commit = context.settings, record.commit
    if commit.hook not in settings.hooks and record.account in settings.forges:
        return context.accounts.named(record.account, commit.repository)
    return context.accounts.of(commit.hook, commit.repository)
