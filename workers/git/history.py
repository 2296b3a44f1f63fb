"""Who made a commit, and which pull request brought it: read from a mirror as it is, without asking a server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import git

from workers.git.mirror import Mirror

MOST: Final = 20
"""Commits shown of one deployment."""
_FORMAT: Final = "%H%x1f%an%x1f%ct%x1f%s%x1f%b%x1e"
_LONGEST: Final = 200
# How GitHub, Gitea, GitLab and Bitbucket word the commit of a merge, a squash included.
_NUMBERS: Final = (
    re.compile(r"\AMerge pull request #(\d{1,9}) from "),
    re.compile(r"\AMerge pull request '.*' \(#(\d{1,9})\) from "),
    re.compile(r"^See merge request \S*!(\d{1,9})\s*$", re.MULTILINE),
    re.compile(r"\AMerged? in \S+ \(pull request #(\d{1,9})\)"),
    re.compile(r"\APull request #(\d{1,9}): "),
    re.compile(r"\A[^\n]* \(#(\d{1,9})\)\s*(?:\n|\Z)"),
    re.compile(r"\A[^\n]* \(!(\d{1,9})\)\s*(?:\n|\Z)"),
)


@dataclass(frozen=True, slots=True)
class Made:
    """One commit: its author's name, when it was committed, its subject, and the pull or merge request, 0 for none."""

    revision: str
    author: str
    at: float
    subject: str
    request: int


def request_of(message: str) -> int:
    """Return the number of the pull or merge request a commit's message names, 0 for none. Pure."""
    for pattern in _NUMBERS:
        if found := pattern.search(message):
            return int(found[1])
    return 0


def since(mirror: Mirror, old: str, new: str, path: str) -> list[Made]:
    """Return the commit ``new`` and those after ``old`` that changed something at ``path``, newest first.

    With ``old`` "" or unknown only ``new``; nothing when ``new`` is not here. Fetches nothing, and makes no mirror.
    """
    if not mirror.place.is_made() or not new or not mirror.has(new):
        return []
    found = _log(mirror, "-1", new)
    if old and old != new and mirror.has(old):
        span = [f"--max-count={MOST}", "--full-history", f"{old}..{new}"]
        found += [one for one in _log(mirror, *span, "--", path.strip("/") or ".") if one.revision != new]
    return found


def _log(mirror: Mirror, *arguments: str) -> list[Made]:
    try:
        text = str(mirror.repo.git.log(f"--format={_FORMAT}", *arguments))
    except git.GitCommandError:
        return []
    return [_made(record.lstrip("\n")) for record in text.split("\x1e") if record.strip()]


def _made(record: str) -> Made:
    revision, author, at, subject, body = (record.split("\x1f") + [""] * 5)[:5]
    request = request_of(f"{subject}\n\n{body}")
    return Made(revision, author[:_LONGEST], float(at or 0), subject[:_LONGEST], request)
