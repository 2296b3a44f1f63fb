"""GitHub and GitHub Enterprise Server: statuses of a commit.

Field facts: GitHub docs, "REST API endpoints for commit statuses" and "Rate limits for the REST API". A
context keeps every status ever written and shows the newest, so writing one twice changes nothing people see.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import structlog

from workers.errors import AccessDenied, AuthorError, HooklineError, OperatorError, SourceMissing
from workers.forges import http, limits, names, refusals
from workers.forges.refusals import Full
from workers.forges.text import cut
from workers.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from workers.forges.account import Account
    from workers.forges.http import Answer, Call
    from workers.model import Commit, Status

log = structlog.get_logger()

API_VERSION: Final = "2022-11-28"
"""Supported until March 2028 at least, and the only one that older GitHub Enterprise Servers know."""
DESCRIPTION_LIMIT: Final = 140

HEADERS = {"accept": "application/vnd.github+json", "x-github-api-version": API_VERSION}
_STATES = {State.PENDING: "pending", State.SUCCESS: "success", State.FAILURE: "failure"}


def write(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> float | None:
    """Write one status; see :func:`workers.forges.write` for what is returned and raised."""
    answer = http.send(account, client, request(commit, status))
    wait = refusals.settled(judge, account, answer, commit)
    note(answer, commit)
    return wait


def shows(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> bool:
    """Whether the newest status of its context is this one; see :func:`workers.forges.shows` for what is raised.

    An answer that is no list of statuses, whatever its code, shows nothing: the write that follows says why.
    """
    wanted = request(commit, status).body or {}
    answer = http.send(account, client, lookup(commit))
    found = answer.json() if answer.code == 200 else None
    return isinstance(found, dict) and is_shown(found.get("statuses"), wanted)


def lookup(commit: Commit) -> Call:
    """Return the call that reads the newest status of each context; `request` has checked the commit. Pure."""
    return http.Call("GET", f"/repos/{commit.repository}/commits/{commit.revision}/status?per_page=100", None, HEADERS)


def is_shown(statuses: object, wanted: Mapping[str, str]) -> bool:
    """Whether GitHub's list has the status that ``wanted`` would write. Pure. Contexts differ by more than case."""
    mine = [
        one
        for one in (statuses if isinstance(statuses, list) else ())
        if isinstance(one, dict) and str(one.get("context")).casefold() == wanted["context"].casefold()
    ]
    names = ("state", "description", "target_url")
    return bool(mine) and all((mine[0].get(name) or "") == wanted.get(name, "") for name in names)


def request(commit: Commit, status: Status) -> Call:
    """Return the call that writes ``status``. Pure.

    Raises :class:`SourceMissing` for a repository or revision GitHub cannot have: neither is ever pasted
    into a path unchecked.
    """
    body = {
        "state": _STATES[status.state],
        "context": status.context,
        "description": cut(status.text, DESCRIPTION_LIMIT),
    }
    if status.url:
        body["target_url"] = status.url
    return http.Call("POST", f"/repos/{named(commit.repository)}/statuses/{pinned(commit)}", body, HEADERS)


def named(repository: str) -> str:
    """Return a repository's full name, fit for a path. Raises :class:`SourceMissing` for one GitHub cannot have."""
    if not names.REPOSITORY.fullmatch(repository):
        raise SourceMissing(f"GitHub can have no repository {repository!r}")
    return repository


def pinned(commit: Commit) -> str:
    """Return a commit's id, fit for a path. Raises :class:`SourceMissing` for one GitHub cannot have."""
    if not names.REVISION.fullmatch(commit.revision):
        raise SourceMissing(f"GitHub can have no commit {commit.revision!r} of {commit.repository!r}")
    return commit.revision


def note(answer: Answer, commit: Commit) -> None:
    """Say in the log what a repository is called now, when the forge redirected for the name it had."""
    if answer.moved:
        log.info("repository renamed", repository=commit.repository, now=renamed(answer))


def renamed(answer: Answer) -> str:
    """Return the repository's full name as the answer to a write spells it; "" where it does not. Pure."""
    said = answer.json()
    url = said.get("url") if isinstance(said, dict) else None
    found = re.search(r"/repos/([\w.-]+/[\w.-]+)/", url) if isinstance(url, str) else None
    return found[1] if found else ""


def judge(
    answer: Answer, host: str, commit: Commit, now: float, right: str = "commit statuses (`repo:status`)"
) -> HooklineError | None:
    """Return the error an answer to a call for a commit means, ``None`` when it is done. Pure.

    ``now`` is seconds since the epoch, for quotas that renew at a time of day; ``right`` is what has to be writable.
    """
    code, said = answer.code, refusals.begun(answer, host, commit)
    if code == 201:
        return None
    if code in (403, 429) and (wait := pause(answer, now)) is not None:
        return refusals.too_many(said, wait)
    if code == 401:
        return refusals.unknown_token(said)
    if code == 403:
        return AccessDenied(f"{said}: give the token the right to write {right}")
    if code == 404:
        return AccessDenied(
            f"{said}: there is no such repository or the token cannot see it; give it access to the repository"
        )
    found = refusals.common(code, said, limits.wait(answer.headers, now))
    if isinstance(found, AuthorError):
        return _worded(said) or found
    return found or OperatorError(f"{said}, where 201 was expected: check that `api` is the address of GitHub's API")


def _worded(said: str) -> AuthorError | None:
    """What GitHub's own words tell of a refusal that another try would meet again, ``None`` for nothing more."""
    if "no commit found" in said.lower():
        return refusals.no_commit(said)
    if "maximum number of statuses" in said.lower():
        return Full(f"{said}: the forge takes no more statuses of this context")
    return None


def pause(answer: Answer, now: float) -> float | None:
    """Seconds to wait when an answer 403 or 429 is about too many calls, ``None`` when it is about rights."""
    wait = limits.wait(answer.headers, now)
    if wait is None and (answer.code == 429 or "rate limit" in answer.says().lower()):
        return limits.SECONDS_UNSAID
    return wait
