"""A comment approves the commit that its pull request brought, if the forge says that its author may write there.

The edge has no credentials: it recorded the comment, and a worker asks. What is approved is exactly that commit, and
only while it waits. Either way the audit trail says so.
"""

from __future__ import annotations

from typing import Final

import structlog

from workers.asker import Asker
from workers.comment import Comment
from workers.context import Context
from workers.errors import BadOrder, ForgeUnreachable, HooklineError, UnknownName
from workers.forges import permissions
from workers.holding import Desk
from workers.model import Why
from workers.stages import lock

log = structlog.get_logger()

PATIENCE: Final = 600.0
"""Seconds for which a forge that does not answer is asked again."""
ARRIVAL: Final = 60.0
"""Seconds for which a commit that was merged just now may still be on its way to wait."""
AGAIN: Final = 2.0
UNSAID: Final = 5.0
"""Seconds until it is asked again when it did not say how long to wait."""
QUIET: Final = 600.0
"""Seconds for which the trail is not told twice that the same person was refused: strangers can write comments."""


def decide(context: Context, delivery: str) -> None:
    """Act on the comment that a delivery brought, once; leave it for later where that may help."""
    records, now = context.records, context.records.clock()
    with lock.hold(records.leases, f"comment:{delivery}", context.settings.sync.lease) as held:
        comment = records.comments.of(delivery)
        if held is None:
            return
        if comment is not None:
            try:
                again = _decided(context, comment, now)
            except ForgeUnreachable as error:
                again = now + (error.retry_after or UNSAID)
                if again > comment.at + PATIENCE:
                    again = _refuse(context, comment, str(error))
            except HooklineError as error:
                again = _refuse(context, comment, str(error))
            if again:
                records.comments.later(delivery, again)
                return
        records.comments.done(delivery)


def _decided(context: Context, comment: Comment, now: float) -> float:
    """Approve or refuse; return when to come back to it, 0 when it is decided. Raises as the forge's calls do."""
    account, place = context.accounts.of(comment.hook, comment.repository), (comment.repository, comment.repository_id)
    if not permissions.may_write(account, context.http, *place, comment.who, comment.person):
        return _refuse(context, comment, f"{comment.who} may not write to {comment.repository}")
    commit = comment.revision or permissions.merge_of(account, context.http, *place, comment.number)
    if not commit:
        return _refuse(context, comment, f"{comment.place} is not merged")
    apps = [app for app in comment.apps if commit in waiting(context, app)]
    if not apps and now < comment.at + ARRIVAL and any(_busy(context, app) for app in comment.apps):
        return now + AGAIN
    if not apps:
        return _refuse(context, comment, f"{commit[:7]} does not wait for approval in {', '.join(comment.apps)}")
    desk = Desk(context.settings, context.records, context.catalog.index, context.counter, context.records.clock)
    asker = Asker(comment.who, f"{comment.hook}: {comment.place}", why=Why.APPROVAL)
    for app in apps:
        try:
            desk.approve(asker, app, commit, f"comment below {comment.place}", deletions=False)
        except (BadOrder, UnknownName) as error:
            _refuse(context, comment, str(error))
        else:
            log.info("approved by comment", app=app, who=comment.who, revision=commit, delivery=comment.delivery)
    return 0.0


def waiting(context: Context, app: str) -> set[str]:
    """Return the commits of an app that wait for a person's word."""
    exceptions = context.records.exceptions
    return {exceptions.awaiting(app), *(commit.revision for commit in exceptions.held(app))} - {""}


def _busy(context: Context, app: str) -> bool:
    record = context.records.progress.app(app)
    return record.wanted > record.done


def _refuse(context: Context, comment: Comment, reason: str) -> float:
    """Say in the log, and in the trail unless it was said of this person lately, that nothing was approved."""
    records = context.records
    log.warning("comment approves nothing", reason=reason, who=comment.who, delivery=comment.delivery)
    if records.leases.take(f"refused:{comment.hook}:{comment.repository}:{comment.who}", "said", QUIET):
        app = comment.apps[0] if len(comment.apps) == 1 else ""
        address = f"{comment.hook}: {comment.place}"
        records.audit.add("approve refused", app=app, who=comment.who, reason=reason, address=address)
    return 0.0
