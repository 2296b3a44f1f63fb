"""GitHub and GitHub Enterprise Server: statuses of a commit.

Field facts: GitHub docs, "REST API endpoints for commit statuses" and "Rate limits for the REST API". A
context keeps every status ever written and shows the newest, so writing one twice changes nothing people see.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from workers.errors import (
    AccessDenied,
    AuthorError,
    ForgeUnreachable,
    HooklineError,
    OperatorError,
    SourceMissing,
)
from workers.forges import http, limits
from workers.forges.text import cut
from workers.model import State

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account
    from workers.forges.http import Answer, Call
    from workers.model import Commit, Status

API_VERSION: Final = "2022-11-28"
"""Supported until March 2028 at least, and the only one that older GitHub Enterprise Servers know."""
DESCRIPTION_LIMIT: Final = 140

_HEADERS = {"accept": "application/vnd.github+json", "x-github-api-version": API_VERSION}
_NAME = re.compile(r"(?!\.{1,2}(?:/|$))[\w.-]+/(?!\.{1,2}$)[\w.-]+", re.ASCII)
_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_STATES = {State.PENDING: "pending", State.SUCCESS: "success", State.FAILURE: "failure"}


def write(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> None:
    """Write one status; see :func:`workers.forges.write` for what is raised."""
    answer = http.send(account, client, request(commit, status))
    refusal = judge(answer, account.host, commit, time.time())
    if refusal is not None:
        raise refusal


def request(commit: Commit, status: Status) -> Call:
    """Return the call that writes ``status``. Pure.

    Raises :class:`SourceMissing` for a repository or revision GitHub cannot have: neither is ever pasted
    into a path unchecked.
    """
    if not _NAME.fullmatch(commit.repository) or not _REVISION.fullmatch(commit.revision):
        raise SourceMissing(f"GitHub can have no commit {commit.revision!r} of {commit.repository!r}")
    body = {
        "state": _STATES[status.state],
        "context": status.context,
        "description": cut(status.text, DESCRIPTION_LIMIT),
    }
    if status.url:
        body["target_url"] = status.url
    return http.Call("POST", f"/repos/{commit.repository}/statuses/{commit.revision}", body, _HEADERS)


def judge(answer: Answer, host: str, commit: Commit, now: float) -> HooklineError | None:
    """Return the error an answer to :func:`request` means, ``None`` when the status is written. Pure.

    ``now`` is seconds since the epoch, for quotas that renew at a time of day.
    """
    code, says = answer.code, answer.says()
    place = f"{host} answered {code} for a status of {commit.repository} at {commit.revision[:12]}"
    said = f"{place} ({says})" if says else place
    if code == 201:
        return None
    if code in (403, 429) and (wait := _pause(answer, now)) is not None:
        return ForgeUnreachable(f"{said}: too many calls, the next try is in {wait:.0f} s", wait)
    if code == 401:
        return AccessDenied(f"{said}: the token is wrong, expired or revoked; put a valid one in its place")
    if code == 403:
        return AccessDenied(f"{said}: give the token the right to write commit statuses (`repo:status`)")
    if code == 404:
        return AccessDenied(
            f"{said}: there is no such repository or the token cannot see it; give it access to the repository"
        )
    if code == 422 and "no commit found" in says.lower():
        return SourceMissing(f"{said}: the commit is not at the forge, so it gets no status")
    if code in (408, 409) or code >= 500:
        return ForgeUnreachable(said, limits.wait(answer.headers, now))
    if code in (400, 410, 413, 422, 451):
        return AuthorError(f"{said}: the forge will not take this status")
    return OperatorError(f"{said}, where 201 was expected: check that `api` is the address of GitHub's API")


def _pause(answer: Answer, now: float) -> float | None:
    """Seconds to wait when an answer 403 or 429 is about too many calls, ``None`` when it is about rights."""
    wait = limits.wait(answer.headers, now)
    if wait is None and (answer.code == 429 or "rate limit" in answer.says().lower()):
        return limits.SECONDS_UNSAID
    return wait
