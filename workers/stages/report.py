"""Stage ``report``: bring a commit's statuses at its forge to what the records say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

import orjson
import structlog

from workers import outcomes
from workers.errors import AuthorError, ForgeUnreachable, OperatorError
from workers.forges.refusals import Busy, Full
from workers.model import Commit, Report, State, Status
from workers.records import coding
from workers.records.commit import CommitRecord, Shown
from workers.records.commits import Commits
from workers.records.quotas import NOTHING, Note

log = structlog.get_logger()

CONTEXT: Final = "hookline"
PLAN: Final = f"{CONTEXT}/plan"
"""The context of what a merge would do; an app called ``plan`` has its own elsewhere."""
MOST_CONTEXTS: Final = 20
"""Apps with a status of their own. Forges allow some 80 writes a minute, so many apps share the one status."""
MOST_PENDING: Final = 950
"""Writes of one context after which only ends are written: GitHub takes 1,000, and the last one has to be an end."""
MOST_TRIES: Final = 10
"""Failures in a row after which a status counts as refused that the forge will not take while it works otherwise."""
Link = Callable[[str, int], str]
PlanLink = Callable[[Commit, str], str]  # link: to a sync's page, by app and number; to a plan's, by head and number


class Pen(Protocol):
    """What writes."""

    def admit(self, status: Status, note: Note) -> None:
        """Raise unless this status may be written now; nothing was sent then. Else ``note`` is kept."""

    def write(self, status: Status, *, is_doubtful: bool) -> Sequence[str]:
        """Make a status true (``is_doubtful``: it may be). Return the scopes that worked; raise as `forges.write`."""


def wanted(apps: Mapping[str, Report], link: Link) -> list[Status]:
    """Return the statuses a commit should have, the one for all apps first. Pure but for ``link``."""
    if not apps:
        return []
    own = [Status(context_of(app), said.state, said.text, link(app, said.number)) for app, said in _told_apart(apps)]
    return [overall(apps, link), *own]


def context_of(app: str) -> str:
    """Return the context of an app's own status. Pure. No app's name has a slash."""
    return f"{CONTEXT}/{app}" if app != "plan" else f"{CONTEXT}/app/{app}"


def planned(records: Iterable[CommitRecord], link: PlanLink) -> list[Status]:
    """Return the status of the pull requests that would merge a commit, if there are any. Pure but for ``link``.

    Several may have one head, and into different branches: the worst counts. One that is still to be made has no page.
    """
    plans = {number: (said, record.commit) for record in records for number, said in record.plans.items()}
    if not plans:
        return []
    ranks = (State.PENDING, State.FAILURE, State.SUCCESS)
    state = min((said.state for said, _ in plans.values()), key=ranks.index)
    number = max(number for number, (said, _) in plans.items() if said.state is state)
    said, commit = plans[number]
    text = f"pull request {number}, of {len(plans)}: {said.text}" if len(plans) > 1 else said.text
    return [Status(PLAN, state, text, "" if state is State.PENDING else link(commit, number))]


def _told_apart(apps: Mapping[str, Report]) -> list[tuple[str, Report]]:
    """The apps with a status of their own: all of a few; of many those that are affected, once that is known of all."""
    if len(apps) <= MOST_CONTEXTS:
        return sorted(apps.items())
    if any(said.state is State.PENDING for said in apps.values()):
        return []
    affected = sorted((app, said) for app, said in apps.items() if outcomes.affects(said))
    return affected if len(affected) <= MOST_CONTEXTS else []


def overall(apps: Mapping[str, Report], link: Link) -> Status:
    """Return the one status for all apps of a commit. Pure but for ``link``.

    Pending until the last app ended: a check must not turn green before it turns red.
    """
    of = {state: sorted(app for app, report in apps.items() if report.state is state) for state in State}
    if len(apps) == 1:
        [(app, report)] = apps.items()
        return Status(CONTEXT, report.state, f"{app}: {report.text}", link(app, report.number))
    if of[State.PENDING]:
        # The same words until the end: a text that counted would be one more write to the forge per app.
        return Status(CONTEXT, State.PENDING, f"{len(apps)} apps, not all done yet")
    if failed := of[State.FAILURE]:
        first = apps[failed[0]]
        what = failed[0] if len(failed) == 1 else f"{len(failed)} of {len(apps)} apps failed; {failed[0]}"
        return Status(CONTEXT, State.FAILURE, f"{what}: {first.text}", link(failed[0], first.number))
    return _green(apps, link)


def _green(apps: Mapping[str, Report], link: Link) -> Status:
    """The one status of a commit of which no app failed: what is green and not deployed is said first."""
    affected = sorted(app for app, said in apps.items() if outcomes.affects(said))
    waiting = [app for app in affected if outcomes.waits(apps[app])]
    if waiting or len(affected) == 1:
        first, others = (waiting or affected)[0], len(apps) - 1
        said = f"{len(waiting)} of {others + 1} apps wait; {first}" if len(waiting) > 1 else first
        rest = "" if len(waiting) > 1 else f" ({others} other app{'s' if others > 1 else ''} well or not affected)"
        return Status(CONTEXT, State.SUCCESS, f"{said}: {apps[first].text}{rest}", link(first, apps[first].number))
    if not affected:
        return Status(CONTEXT, State.SUCCESS, f"{outcomes.NOT_AFFECTED}: none of {len(apps)} apps")
    texts = {apps[app].text for app in affected}
    count = f"all {len(apps)}" if len(affected) == len(apps) else f"{len(affected)} of {len(apps)}"
    rest = "" if len(affected) == len(apps) else "; the others are not affected"
    return Status(CONTEXT, State.SUCCESS, f"{count} apps: {texts.pop() if len(texts) == 1 else 'in sync'}{rest}")


def merged(records: Iterable[CommitRecord]) -> dict[str, Report]:
    """Return what each app says of commits that share their statuses. Pure.

    An app that follows one branch says of the same revision on another one that it is not affected: that must not
    hide how it fared on its own. Else the worse goes first, so that no status is green that should not be.
    """
    found: dict[str, Report] = {}
    for record in records:
        for app, report in record.apps.items():
            if app not in found or _weight(report) > _weight(found[app]):
                found[app] = report
    return found


def _weight(report: Report) -> tuple[int, bool, int]:
    rank = (State.SUCCESS, State.FAILURE, State.PENDING).index(report.state)
    return rank, outcomes.affects(report), report.number


def unwritten(statuses: Iterable[Status], shown: Shown) -> list[Status]:
    """Return the statuses to write, but for equal ones and what the forge will not take. Pure.

    An app's own status begins with its end: that there is one to come is what the status for all apps says. One that
    may have been overwritten without an answer is not known to be equal.
    """
    known = {CONTEXT, PLAN, *shown.written, *shown.trying}
    may_wait = {context for context in known if shown.counts.get(context, 0) < MOST_PENDING}
    return [
        status
        for status in statuses
        if (not _says(shown.written.get(status.context), status) or status.context in shown.trying)
        and status.context not in shown.full
        and (status.state is not State.PENDING or status.context in may_wait)
    ]


def _says(written: str | None, status: Status) -> bool:
    """Whether what was written last says the same; a link to a later sync alone is not worth a write."""
    wanted = coding.encode(replace(status, url=""))
    return written is not None and {**orjson.loads(written), "url": ""} == orjson.loads(wanted)


def publish(commits: Commits, place: str, names: Sequence[str], pen: Pen, link: Link, plan_link: PlanLink) -> None:
    """Write what the forge does not have, and call the commits clean if nothing was said of them meanwhile.

    What is said while one status is written counts for the next: nothing is written that is known to be old. A status
    the forge will never take (no such commit, too many statuses) is logged and counts as written.
    Raises :class:`workers.errors.ForgeUnreachable` or an :class:`workers.errors.OperatorError` when a later attempt
    may succeed, and what ``pen`` raises; the commits stay dirty.
    """
    records, shown = commits.look(place, names)
    while left := unwritten([*wanted(merged(records), link), *planned(records, plan_link)], shown):
        records, shown = _one(commits, place, left[0], records, shown, pen)
    commits.clean(records)


def _one(
    commits: Commits, place: str, status: Status, records: Sequence[CommitRecord], shown: Shown, pen: Pen
) -> tuple[list[CommitRecord], Shown]:
    """Write one status: first the intent, then the write, then that it is written. Return what is known now."""
    is_doubtful = shown.trying.get(status.context) == coding.encode(status)
    pen.admit(status, NOTHING if is_doubtful else commits.trying(place, status))
    well: Sequence[str] = ()
    try:
        well = pen.write(status, is_doubtful=is_doubtful)
    except (AuthorError, Busy) as error:
        if isinstance(error, Busy) and shown.busy < MOST_TRIES:
            raise
        log.error("status refused", context=status.context, reason=str(error))
        if isinstance(error, Full):
            commits.full(place, status.context)
    except ForgeUnreachable as error:
        if error.retry_after is not None:
            commits.refused(place, status)
        raise
    except OperatorError:
        commits.refused(place, status)
        raise
    return commits.wrote(place, status, records, well)
