"""One look at one pull request: what it is at its forge, its plan, and what its commit and its comment say of that.

What is planned is on record before any of it is written, so that a worker which dies is followed by one that writes the
rest. What was told of an older head has an end, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from workers import displaying, pulls, vouching
from workers.context import Context
from workers.errors import AuthorError, ForgeUnreachable, HooklineError, LeaseLost, OperatorError, TransientError
from workers.forges import Account, comments, limits
from workers.forges import pulls as at_forge
from workers.forges.apps import PULLS
from workers.forges.refusals import TokenRefused
from workers.model import Commit, Report, State
from workers.plans import PullPlan, brief, closing, comment
from workers.pull import Made, Pull, Wanted
from workers.records.coding import commit_id
from workers.records.pulls import PullRecord
from workers.reporting import DENIED, DOWN, Postponed
from workers.stages.lock import Held

log = structlog.get_logger()

MARKER: Final = "hookline/plan"
MOST_SKIPS: Final = 3
"""Plans in a row that are not shown because the pull request changed meanwhile."""
PATIENCE: Final = 4
"""Tries after which a pull request is told why it has no plan."""
PLANNING: Final = Report(State.PENDING, "planning")
CLOSED: Final = Report(State.SUCCESS, "not planned: it was closed before")
BROKEN: Final = "Hookline met an error of its own, which the worker's log has in full"

Planner = Callable[[Context, Pull, Sequence[str]], PullPlan]
"""Makes a plan of a pull request, whose repository has these URLs: `workers.foretold.planned`."""


@dataclass(slots=True)
class Turn:
    """One look at one pull request, by whoever holds its lease."""

    context: Context
    wanted: Wanted
    text: str
    held: Held
    planner: Planner
    number: int = 0

    def step(self) -> None:
        """Bring the pull request's status and comment to how it stands. Raises what keeps it from that."""
        context, wanted = self.context, self.wanted
        account = context.accounts.of(wanted.hook, wanted.repository, PULLS)
        place = (wanted.hook, wanted.repository, wanted.repository_id, wanted.number)
        seen = at_forge.seen(account, context.http, *place)
        record = context.records.pulls.read(wanted.name)
        if seen.pull and context.catalog.index().touched_by(wanted.urls, seen.pull.ref):
            self._open(account, seen.pull, record)
        elif record.branch:
            self._end(account, record, seen)

    def _open(self, account: Account, pull: Pull, record: PullRecord) -> None:
        """Plan it where it is not planned as it is now, and show the plan."""
        context, name = self.context, self.wanted.name
        self.number = context.records.pulls.begin(self.wanted, pulls.branch(pull.hook, pull.repository, pull.ref))
        commit = Commit(pull.hook, pull.repository, pull.head, at_forge.ref(account.kind, pull))
        if record.told and record.told != commit and record.state is State.PENDING:
            self._tell(record.told, Report(State.SUCCESS, f"superseded by {pull.head[:7]}"))
        if pull.fork:
            label, words = context.settings.hooks[pull.hook].plan_label, context.records.pulls.words(name)
            try:
                told = vouching.why_not(account, context.http, pull, label, words)
            except OperatorError as error:
                self._tell(commit, Report(State.FAILURE, f"no plan yet: {error}"))
                raise
            if told:
                self._tell(commit, told)
                return
        made = record.made
        if made is None or not made.is_of(pull, record.moved):
            made = self._made(account, pull, commit, record)
        self._tell(commit, Report(made.state, made.text), made=made)
        if made.digest != record.written:
            self._show(account, pull, made, record)

    def _made(self, account: Account, pull: Pull, commit: Commit, record: PullRecord) -> Made:
        """Have it planned; what will not change by itself is a plan, too. Raises what may."""
        if record.told != commit or record.state is State.PENDING:
            # A plan that only is made anew leaves its status until there is another. The tick has this written, where
            # the plan takes longer than that: forges allow few writes, and most plans are there sooner.
            self._keep(commit, PLANNING)
        try:
            plan = self.planner(self.context, pull, self.wanted.urls)
        except (TransientError, OperatorError) as error:
            if isinstance(error, OperatorError) or record.tries >= PATIENCE:
                self._tell(commit, Report(State.FAILURE, f"no plan yet: {error}"))
            raise
        except AuthorError as error:
            plan = PullPlan(pull.head, "", problem=str(error))
        except Exception:
            log.exception("internal error")
            plan = PullPlan(pull.head, "", problem=BROKEN)
        now, limit = self.context.records.clock(), limits.comment(account.kind)
        self.held.check()
        link = displaying.show(self.context, pull, plan, now)
        bodies = comment.rendered(plan, account.kind, link, "", limit, number=pull.number, at=now)
        return Made(pull.head, pull.ref, plan.base, pull.base, *brief.summary(plan), bodies, now)

    def _show(self, account: Account, pull: Pull, made: Made, record: PullRecord) -> None:
        """Bring the comment to what the plan says, unless that is old already."""
        latest = self.context.records.pulls.wanted(self.wanted.name)
        if latest and latest[1] != self.text and record.skips < MOST_SKIPS:
            self._keep(skips=str(record.skips + 1))
            return
        self._keep(tried="1")
        ids = self._put(account, pull, made.bodies, record.ids)
        self._keep(ids=list(ids), written=made.digest, tried="", skips="")

    def _end(self, account: Account, record: PullRecord, seen: at_forge.Seen) -> None:
        """Fold the comment of one that is no longer open, or take it away where the branch is no longer ours."""
        context, wanted = self.context, self.wanted
        self.number = context.records.pulls.begin(wanted, record.branch)
        if record.told and record.state is State.PENDING:
            self._tell(record.told, CLOSED)
        blank = Pull(wanted.hook, wanted.repository, wanted.repository_id, wanted.number, "", "", "")
        if (record.ids or record.tried) and record.made and seen.pull is None:
            limit = limits.comment(account.kind)
            self._put(account, blank, [closing.finished(record.made, account.kind, seen.merge, limit)], record.ids)
        elif record.ids or record.tried:
            with self._paced(account) as admit:
                comments.remove(account, context.http, blank, MARKER, record.ids, admit)
        hook = context.settings.hooks.get(wanted.hook)
        if seen.merge and hook and hook.deployed:
            name, repository, ref = record.branch.split("|", 2)
            merge = commit_id(Commit(name, repository, seen.merge, ref))
            context.records.landings.came_from(merge, wanted.number)
            context.counter.land(merge)
        context.records.pulls.forget(wanted.name)

    def _put(self, account: Account, pull: Pull, bodies: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
        """Write the comment; one that the forge will never take is logged, and counts as written."""
        with self._paced(account) as admit:
            try:
                return comments.put(account, self.context.http, pull, MARKER, bodies, known, admit)
            except AuthorError as error:
                log.error("comment refused", reason=str(error))
                return tuple(known)

    @contextlib.contextmanager
    def _paced(self, account: Account) -> Iterator[Callable[[], None]]:
        """Yield what is asked before each write, and raises :class:`LeaseLost` or :class:`Postponed`.

        Comments share budget and breaker with statuses; a right that lacks for comments holds up no status.
        """
        quotas, clock, admitted = self.context.records.quotas, self.context.records.clock, False
        scopes = (account.name, f"{account.name}|{self.wanted.repository}")

        def admit() -> None:
            nonlocal admitted
            self.held.check()
            wait = quotas.admit(account.name, scopes, clock(), limits.writes(account.kind, is_first=False))
            if wait:
                raise Postponed(wait)
            admitted = True

        try:
            yield admit
        except (ForgeUnreachable, TokenRefused) as error:
            pauses = DOWN if isinstance(error, ForgeUnreachable) else DENIED
            quotas.trip(account.name, clock(), *pauses, getattr(error, "retry_after", None))
            raise
        except (Postponed, LeaseLost):
            raise
        except HooklineError:
            if admitted:
                quotas.close(scopes)
            raise
        if admitted:
            quotas.close(scopes)

    def _tell(self, commit: Commit, report: Report, **fields: Any) -> None:
        """Record what a commit is told, and let it be written."""
        self._keep(commit, report, **fields)
        self.context.counter.publish(commit_id(commit))

    def _keep(self, commit: Commit | None = None, report: Report | None = None, **fields: Any) -> None:
        self.held.check()
        if not self.context.records.pulls.tell(self.wanted.name, self.number, commit, report, **fields):
            raise LeaseLost("another worker has the pull request now")
