"""Bitbucket Data Center: builds of a commit, also where the server is too old to know them.

Field facts: Bitbucket Data Center docs, "Builds and Deployments" (since 7.4) and "Build status" (before, and
deprecated since 7.14): key, state and url are required, 450 characters fit a url and 255 every other field. A key
names one build of a commit: writing it again replaces what it said, so twice does no harm.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from workers.errors import AccessDenied, HooklineError, OperatorError, SourceMissing
from workers.forges import http, limits, names, refusals
from workers.forges.bitbucket import TEXT_LIMIT, fields

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account
    from workers.forges.http import Answer, Call
    from workers.model import Commit, Status

KEY_LIMIT: Final = TEXT_LIMIT

# a personal repository's project is ``~user``
_NAME = re.compile(r"(?P<project>~?[\w.-]+)/(?P<slug>[\w.-]+)", re.ASCII)


def write(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> float | None:
    """Write one status; see :func:`workers.forges.write` for what is returned and raised."""
    answer = http.send(account, client, request(account.api, commit, status))
    if is_too_old(answer):
        answer = http.send(account, client, old_request(account.api, commit, status))
    return refusals.settled(judge, account, answer, commit)


def request(api: str, commit: Commit, status: Status) -> Call:
    """Return the call that writes ``status`` to the server whose API is at ``api``. Pure.

    Raises :class:`SourceMissing` for a repository or revision Bitbucket cannot have: neither is ever pasted into a
    path unchecked.
    """
    path = f"/api/latest/{_place(commit)}/commits/{commit.revision}/builds"
    return http.Call("POST", path, fields(status, KEY_LIMIT, _page(api, commit)))


def old_request(api: str, commit: Commit, status: Status) -> Call:
    """Return the call that writes ``status`` to a server before 7.4, which knows commits but no repositories. Pure."""
    return http.Call(
        "POST", f"/build-status/1.0/commits/{commit.revision}", fields(status, KEY_LIMIT, _page(api, commit))
    )


def is_too_old(answer: Answer) -> bool:
    """Whether the server has no such resource, instead of no such repository or commit, which it would name. Pure."""
    return answer.code == 404 and not _exception(answer)


def judge(answer: Answer, host: str, commit: Commit, now: float) -> HooklineError | None:
    """Return the error an answer means, ``None`` when the status is written. Pure; ``now`` is epoch seconds."""
    code, said = answer.code, refusals.begun(answer, host, commit)
    if code == 204:
        return None
    wait = limits.wait(answer.headers, now)
    if code == 429:
        return refusals.too_many(said, wait)
    if code == 404 and _exception(answer).endswith("NoSuchCommitException"):
        return refusals.no_commit(said)
    if "Authentication" in _exception(answer):
        return refusals.unknown_token(said)
    if code in (401, 403) or (code == 404 and _exception(answer)):
        return AccessDenied(f"{said}: give the HTTP access token the right to read the repository")
    return refusals.common(code, said, wait) or OperatorError(
        f"{said}, where 204 was expected: check that `api` is the address of the API (https://…/rest)"
    )


def _exception(answer: Answer) -> str:
    """The name Bitbucket gives what went wrong, ``""`` for an answer that is not its own."""
    body: Any = answer.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    name = first.get("exceptionName") if isinstance(first, dict) else None
    return name if isinstance(name, str) else ""


def _place(commit: Commit) -> str:
    named = _NAME.fullmatch(commit.repository)
    dots = (".", "..")
    if named is None or named["project"] in dots or named["slug"] in dots or not names.SHA1.fullmatch(commit.revision):
        raise SourceMissing(f"Bitbucket can have no commit {commit.revision!r} of {commit.repository!r}")
    return f"projects/{named['project']}/repos/{named['slug']}"


def _page(api: str, commit: Commit) -> str:
    return f"{api.rstrip('/').removesuffix('/rest')}/{_place(commit)}/commits/{commit.revision}"
