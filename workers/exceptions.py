"""Exceptions: for some time an app follows another revision than its declared one; and what of a manual app a person
approved. Pure. Times are seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workers import revisions
from workers.holds import moment

REMINDED: Final = 15 * 60.0
"""Seconds before its end that people are reminded of an exception."""


@dataclass(frozen=True, slots=True)
class AppException:
    """The revision (branch, tag, full ref or commit) an app follows for now, in the repository it had then (``url``).

    ``before`` is the commit that was deployed when it began, "" for none.
    """

    app: str
    revision: str
    url: str
    who: str
    reason: str
    since: float
    until: float
    before: str = ""
    origin: str = ""
    released: str = ""

    def in_force(self, url: str, now: float) -> bool:
        """Whether the app follows it at a moment: not when the app reads another repository (``url``) by now."""
        return now < self.until and url == self.url

    def follows(self, ref: str) -> bool:
        """Whether a move of ``ref`` (full) can change what is deployed."""
        return revisions.follows(self.revision, ref)


@dataclass(frozen=True, slots=True)
class Approval:
    """The one commit of an app that syncs by hand only that a person said yes to."""

    revision: str
    who: str
    at: float


def sentence(exception: AppException, now: float) -> str:
    """Return what a commit is told that the app does not follow for now."""
    return (
        f"held: exception {exception.revision} until {moment(exception.until, now)} by {exception.who}: "
        f"{exception.reason}"
    )


def fault(revision: str) -> str:
    """Return why a revision cannot be an exception, "" when it can: it has to name one branch, tag or commit."""
    if revisions.is_commit(revision):
        return ""
    odd = not revision or len(revision) > 200 or not revision.isprintable() or " " in revision or ".." in revision
    if odd or revision.startswith(("-", "/")) or revision == revisions.HEAD or revisions.span(revision) is not None:
        return "expected a branch, a tag, a full ref or the whole id of a commit"
    return ""
