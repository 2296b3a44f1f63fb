"""Bitbucket Cloud: build statuses of a commit.

Field facts: Bitbucket Cloud docs, "Commit statuses" and "Change notice - Updating commit status permissions" (2021),
and the refusals people met ("Ensure this value has at most 40 characters"). A key names one status of a commit:
writing it again replaces what it said, so twice does no harm. Only the user who wrote it first may; each access token
is a user of its own.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from workers.errors import AccessDenied, HooklineError, OperatorError, SourceMissing
from workers.forges import http, limits, names, refusals
from workers.forges.text import cut
from workers.model import State

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account
    from workers.forges.http import Answer, Call
    from workers.model import Commit, Status

KEY_LIMIT: Final = 40
TEXT_LIMIT: Final = 255
URL_LIMIT: Final = 450
STATES: Final = {State.PENDING: "INPROGRESS", State.SUCCESS: "SUCCESSFUL", State.FAILURE: "FAILED"}

_DIGITS = 8


def write(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> float | None:
    """Write one status; see :func:`workers.forges.write` for what is returned and raised."""
    answer = http.send(account, client, request(account.api, commit, status))
    return refusals.settled(judge, account, answer, commit)


def request(api: str, commit: Commit, status: Status) -> Call:
    """Return the call that writes ``status`` to the Bitbucket whose API is at ``api``. Pure.

    Raises :class:`SourceMissing` for a repository or revision Bitbucket cannot have: neither is ever pasted into a
    path unchecked.
    """
    if not names.REPOSITORY.fullmatch(commit.repository) or not names.SHA1.fullmatch(commit.revision):
        raise SourceMissing(f"Bitbucket can have no commit {commit.revision!r} of {commit.repository!r}")
    page = f"{_pages(api)}/{commit.repository}/commits/{commit.revision}"
    path = f"/repositories/{commit.repository}/commit/{commit.revision}/statuses/build"
    return http.Call("POST", path, fields(status, KEY_LIMIT, page))


def fields(status: Status, key_limit: int, page: str) -> dict[str, str]:
    """Return what a Bitbucket of either kind should hold of ``status``. Pure.

    It takes no status without a link or with one over :data:`URL_LIMIT` characters: such a status links to
    ``page``, the commit's own. No branch is named, so that the status counts wherever the commit is seen.
    """
    return {
        "key": key(status.context, key_limit),
        "name": cut(status.context, TEXT_LIMIT),
        "state": STATES[status.state],
        "description": cut(status.text, TEXT_LIMIT),
        "url": status.url if 0 < len(status.url) <= URL_LIMIT else page,
    }


def key(context: str, limit: int) -> str:
    """Return the key of a context: itself, or as much of it as fits and eight digits of its SHA-256. Pure."""
    if len(context) <= limit:
        return context
    digest = hashlib.sha256(context.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{context[: limit - _DIGITS - 1]}-{digest}"


def judge(answer: Answer, host: str, commit: Commit, now: float) -> HooklineError | None:
    """Return the error an answer means, ``None`` when the status is written. Pure; ``now`` is epoch seconds."""
    code, says = answer.code, answer.says()
    said = refusals.begun(answer, host, commit)
    if code in (200, 201):
        return None
    wait = limits.wait(answer.headers, now)
    if code == 429:
        return refusals.too_many(said, wait)
    if code == 401:
        return refusals.unknown_token(said)
    if code == 403:
        return AccessDenied(
            f"{said}: give the access token the right to read the repository; a status that another token began, only"
            " that token can end"
        )
    if code == 404 and says.lower().startswith("commit"):
        return refusals.no_commit(said)
    if code == 404:
        return AccessDenied(
            f"{said}: there is no such repository or the token cannot see it; give it access to the repository"
        )
    return refusals.common(code, said, wait) or OperatorError(
        f"{said}, where 201 was expected: check that `api` is https://api.bitbucket.org/2.0"
    )


def _pages(api: str) -> str:
    """The address of the pages people see, for the address of the API."""
    parts = urlsplit(api)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].removeprefix('api.')}"
