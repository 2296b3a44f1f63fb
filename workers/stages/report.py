"""Stage ``report``: bring a commit's statuses at its forge to what the records say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from workers.errors import AuthorError
from workers.model import Commit, Report, State, Status
from workers.records import coding
from workers.records.commits import CommitRecord, Commits

log = structlog.get_logger()

CONTEXT = "hookline"
MOST_CONTEXTS = 20
"""Apps with a status of their own. Forges allow some 80 writes a minute, so many apps share the one status."""

Writer = Callable[[Commit, Status], None]


def wanted(apps: Mapping[str, Report]) -> list[Status]:
    """Return the statuses a commit should have, the one for all apps first. Pure."""
    if not apps:
        return []
    own = [Status(f"{CONTEXT}/{app}", report.state, report.text) for app, report in sorted(apps.items())]
    return [Status(CONTEXT, *overall(apps)), *(own if len(own) <= MOST_CONTEXTS else [])]


def overall(apps: Mapping[str, Report]) -> tuple[State, str]:
    """Return the one state and text for all apps of a commit. Pure.

    Pending until the last app ended: a check must not turn green before it turns red.
    """
    of = {state: sorted(app for app, report in apps.items() if report.state is state) for state in State}
    if len(apps) == 1:
        app, report = next(iter(apps.items()))
        return report.state, f"{app}: {report.text}"
    if of[State.PENDING]:
        # The same words until the end: a text that counted would be one more write to the forge per app.
        return State.PENDING, f"{len(apps)} apps, not all done yet"
    if failed := of[State.FAILURE]:
        more = f" ({len(failed)} of {len(apps)} apps failed)"
        return State.FAILURE, f"{failed[0]}: {apps[failed[0]].text}{more}"
    return State.SUCCESS, f"all {len(apps)} apps: {_common(apps)}"


def _common(apps: Mapping[str, Report]) -> str:
    texts = {report.text for report in apps.values()}
    return texts.pop() if len(texts) == 1 else "in sync"


def unwritten(record: CommitRecord) -> list[Status]:
    """Return the statuses the forge does not have yet: an equal one is never written twice. Pure."""
    return [status for status in wanted(record.apps) if record.written.get(status.context) != coding.encode(status)]


def publish(commits: Commits, name: str, write: Writer) -> None:
    """Write what the forge does not have, and call the commit clean if nothing was said of it meanwhile.

    A status the forge will never take (no such commit, too many statuses) is logged and counts as written.
    Raises :class:`workers.errors.ForgeUnreachable` or an :class:`workers.errors.OperatorError` when a later attempt
    may succeed; the commit stays dirty.
    """
    record = commits.read(name)
    for status in unwritten(record):
        try:
            write(record.commit, status)
        except AuthorError as error:
            log.error(
                "status refused",
                repository=record.commit.repository,
                revision=record.commit.revision,
                reason=str(error),
            )
        commits.wrote(name, status)
    commits.clean(record)
