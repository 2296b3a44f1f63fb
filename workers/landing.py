"""Tells a merged pull request how its deployment fares: one comment, edited in place as its apps end.

Which pull request brought a commit, the forge says: its number is known from the end of its plan, or read in the
commit's message, where anybody may write any number, and then the forge is asked whether that one was merged so.
"""

from __future__ import annotations

import hashlib
from typing import Final

import structlog

from workers import landed, links, outcomes
from workers.context import Context
from workers.deploying import Pace
from workers.errors import AuthorError, BadConfiguration, HooklineError, LeaseLost, OperatorError, UnknownName
from workers.forges import Account, comments, limits, pulls
from workers.forges.apps import PULLS
from workers.git import history
from workers.landed import Row
from workers.model import Commit, State
from workers.pull import Pull
from workers.records.commit import CommitRecord
from workers.records.landings import Landing
from workers.reporting import DENIED, DOWN, Postponed
from workers.stages import lock
from workers.stages.lock import Held

log = structlog.get_logger()

MARKER: Final = "hookline/deployed"
SPACING: Final = 10.0
"""Seconds between two writes of a comment while apps are still under way."""
MOST_TRIES: Final = 300
"""Tries after which a pull request is left alone until something happens: about a day."""


def publish(context: Context, commit: str) -> None:
    """Bring the comment of the pull request that a commit came from, by its record name, to what the apps say."""
    landings, clock = context.records.landings, context.records.clock
    with structlog.contextvars.bound_contextvars(stage="report", commit=commit):
        while landings.is_due(commit, clock()):
            with lock.hold(context.records.leases, f"landing:{commit}", context.settings.sync.lease) as held:
                if held is None:
                    return  # whoever holds it looks again after the release
                known = landings.read(commit)
                try:
                    again = _look(context, commit, known, held)
                except LeaseLost as error:
                    log.warning("comment not written", reason=str(error))
                    return
                except HooklineError as error:
                    again = _pause(context, commit, error)
                if again:
                    landings.postpone(commit, clock() + again)
                else:
                    landings.settled(commit, known.version)


def _look(context: Context, commit: str, known: Landing, held: Held) -> float:
    """Write the comment if it has to say something else; return the seconds until the next look, 0 for none."""
    record, records = context.records.commits.read(commit), context.records
    hook = context.settings.hooks.get(record.commit.hook)
    affected = [said for said in record.apps.values() if outcomes.affects(said)]
    pending = any(said.state is State.PENDING for said in affected)
    if hook is None or not hook.deployed or all(said.state is State.PENDING for said in affected):
        return 0.0
    if pending and records.clock() < known.at + SPACING:
        return known.at + SPACING - records.clock()
    account = context.accounts.of(record.commit.hook, record.commit.repository, PULLS)
    number = known.number or _number(context, account, record)
    if not number:
        return 0.0
    body = landed.rendered(account.kind, record.commit.revision, _rows(context, record, known))
    digest = hashlib.sha256(body.encode()).hexdigest()
    if digest != known.written:
        records.landings.keep(commit, number=str(number))
        ids = _put(context, account, Pull(*_place(record.commit), number, "", "", ""), body, known.ids, held)
        held.check()
        records.landings.keep(commit, ids=list(ids), written=digest, at=str(records.clock()))
    return 0.0


def _put(
    context: Context, account: Account, pull: Pull, body: str, ids: tuple[str, ...], held: Held
) -> tuple[str, ...]:
    pace, trouble = Pace(context, account, pull.repository, "comments", held), None
    try:
        return comments.put(account, context.http, pull, MARKER, [body], ids, pace.admit)
    except HooklineError as error:
        trouble = error
        raise
    finally:
        pace.ended(trouble)


def _place(commit: Commit) -> tuple[str, str, str]:
    return commit.hook, commit.repository, ""


def _pause(context: Context, commit: str, error: HooklineError) -> float:
    """Return the seconds until the next look, 0 for none, and log what is new."""
    if isinstance(error, Postponed):
        return error.seconds
    tries = context.records.landings.failed(commit)
    if isinstance(error, AuthorError | UnknownName | BadConfiguration) or tries > MOST_TRIES:
        log.error("pull request not told", reason=str(error))
        return 0.0
    is_wrong = isinstance(error, OperatorError)
    seconds = limits.pause(tries, *(DENIED if is_wrong else DOWN), getattr(error, "retry_after", None))
    (log.error if is_wrong else log.warning)("pull request not told yet", reason=str(error), seconds=seconds)
    return seconds


def _number(context: Context, account: Account, record: CommitRecord) -> int:
    """Return the number of the pull request that a commit's message names, 0 unless the forge says the same."""
    commit = record.commit
    number = next((found for app in record.apps if (found := _named(context, app, commit))), 0)
    if not number:
        return 0
    seen = pulls.seen(account, context.http, commit.hook, commit.repository, "", number)
    return number if seen.merge == commit.revision else 0


def _named(context: Context, app: str, commit: Commit) -> int:
    declared = context.catalog.index().apps.get(app)
    views = declared.views if declared else ()
    mirrors = (context.mirror(view) for view in views if view.url and not view.chart)
    found = (one.request for mirror in mirrors for one in history.since(mirror, "", commit.revision, ""))
    return next((number for number in found if number), 0)


def _rows(context: Context, record: CommitRecord, known: Landing) -> list[Row]:
    """Return a row for each app that the commit affects; how long it took is remembered: old syncs are forgotten."""
    apps, link = context.catalog.index().apps, links.maker(context.settings.url, context.records)
    took, rows = dict(known.seconds or {}), []
    for app, said in record.apps.items():
        if not outcomes.affects(said):
            continue
        name, declared = f"{app}|{said.number}", apps.get(app)
        if said.state is State.SUCCESS and name not in took and record.since:
            ended = [one.ended for one in context.records.progress.syncs(app, 50) if one.number == said.number]
            took[name] = max(ended[0] - record.since, 0.0) if ended else 0.0
        environment = declared.environment.name if declared and declared.environment else ""
        rows.append(Row(app, said, environment, took.get(name, 0.0), link(app, said.number)))
    if took != known.seconds:
        context.records.landings.keep(record.name, seconds=took)
    return rows
