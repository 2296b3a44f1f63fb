"""Gitea and Forgejo: statuses of a commit.

Field facts: the source of Gitea 1.26 (``routers/api/v1/repo/status.go``), and its answers. A context keeps every
status ever written and shows the newest, so writing one twice changes nothing people see. Gitea stores any word
as a state and any length of text, and answers 500 without a word for a commit it does not have: so :func:`write`
sends only what is right, and looks for the commit before it believes that a 500 will pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.errors import AccessDenied, HooklineError, OperatorError, SourceMissing
from workers.forges import http, limits, names, refusals
from workers.forges.refusals import TokenRefused
from workers.forges.text import cut
from workers.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2

    from workers.forges.account import Account
    from workers.forges.http import Answer, Call
    from workers.model import Commit, Status

DESCRIPTION_LIMIT: Final = 255
"""Gitea keeps any length; this much still fits the line of its pages."""

_PAGE: Final = 50
"""Statuses asked for at once, the most that Gitea gives unless it is told otherwise; more than we write to a commit."""
_STATES = {State.PENDING: "pending", State.SUCCESS: "success", State.FAILURE: "failure"}


def write(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> float | None:
    """Write one status; see :func:`workers.forges.write` for what is returned and raised."""
    answer = http.send(account, client, request(commit, status))
    if answer.code == 500 and http.send(account, client, lookup(commit)).code == 404:
        raise SourceMissing(
            f"{account.host} has no commit {commit.revision[:12]} of {commit.repository}, so it gets no status"
        )
    return refusals.settled(judge, account, answer, commit)


def shows(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> bool:
    """Whether the newest status of its context is this one: whether a write that was not answered arrived.

    An answer that is no list of statuses shows nothing: the write that follows says why. Raises what the transport of
    :func:`write` raises.
    """
    wanted = request(commit, status).body or {}
    answer = http.send(account, client, newest(commit))
    found = answer.json() if answer.code == 200 else None
    listed = found.get("statuses") if isinstance(found, dict) else None
    return is_shown(listed if isinstance(listed, list) else [], wanted)


def newest(commit: Commit) -> Call:
    """Return the call that reads the newest status of each context. Pure."""
    return http.Call("GET", f"{_path(commit)}/commits/{commit.revision}/status?limit={_PAGE}")


def is_shown(listed: Sequence[object], wanted: Mapping[str, str]) -> bool:
    """Whether Gitea's list, one status for each context, has what ``wanted`` would write. Pure."""
    fields = {"status": "state", "context": "context", "description": "description", "target_url": "target_url"}
    return any(
        isinstance(one, dict)
        and all((one.get(theirs) or "") == wanted.get(ours, "") for theirs, ours in fields.items())
        for one in listed
    )


def request(commit: Commit, status: Status) -> Call:
    """Return the call that writes ``status``. Pure.

    Raises :class:`SourceMissing` for a repository or revision Gitea cannot have: neither is ever pasted into a
    path unchecked.
    """
    body = {
        "state": _STATES[status.state],
        "context": status.context,
        "description": cut(status.text, DESCRIPTION_LIMIT),
    }
    if status.url:
        body["target_url"] = status.url
    return http.Call("POST", f"{_path(commit)}/statuses/{commit.revision}", body)


def lookup(commit: Commit) -> Call:
    """Return the call that asks whether Gitea has the commit. Pure."""
    return http.Call("GET", f"{_path(commit)}/git/commits/{commit.revision}?stat=false&verification=false&files=false")


def judge(answer: Answer, host: str, commit: Commit, now: float) -> HooklineError | None:
    """Return the error an answer to :func:`request` means, ``None`` when the status is written. Pure.

    ``now`` is seconds since the epoch: what stands before Gitea may limit calls, in the ways of `limits`.
    """
    code, said = answer.code, refusals.begun(answer, host, commit)
    if code == 201:
        return None
    wait = limits.wait(answer.headers, now)
    if code == 429:
        return refusals.too_many(said, wait)
    if code == 401:
        return TokenRefused(f"{said}: the token is wrong or was deleted; put a valid one in its place")
    if code == 403:
        return AccessDenied(
            f"{said}: give the token the scope `write:repository`, and its user the right to write to the repository"
        )
    if code == 404:
        return AccessDenied(
            f"{said}: there is no such repository or the token's user cannot see it; give the user access to it"
        )
    return refusals.common(code, said, wait) or OperatorError(
        f"{said}, where 201 was expected: check that `api` is the address of the API (https://…/api/v1)"
    )


def _path(commit: Commit) -> str:
    if not names.REPOSITORY.fullmatch(commit.repository) or not names.REVISION.fullmatch(commit.revision):
        raise SourceMissing(f"Gitea can have no commit {commit.revision!r} of {commit.repository!r}")
    return f"/repos/{commit.repository}"
