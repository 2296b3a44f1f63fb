"""GitLab: statuses of a commit, which GitLab keeps as jobs of an "external" pipeline.

Field facts: GitLab docs, "Commits API", and the state machine in its source (``commit_status.rb``,
``create_commit_status_service.rb``). A job that runs cannot be told to run again (400), and any status after a
final one makes a *new* job. So :func:`write` looks first and writes only what is not yet true: a retry after a
lost answer adds no second job.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from workers.errors import AccessDenied, HooklineError, OperatorError, SourceMissing
from workers.forges import http, limits, names, refusals
from workers.forges.refusals import Busy
from workers.forges.text import cut
from workers.model import State

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account
    from workers.forges.http import Answer, Call
    from workers.model import Commit, Status

DESCRIPTION_LIMIT: Final = 255
URL_LIMIT: Final = 255

# ``running``, not ``pending``: work has begun, and from ``running`` no later status of ours is refused
_STATES = {State.PENDING: "running", State.SUCCESS: "success", State.FAILURE: "failed"}


def write(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> float | None:
    """Write one status unless it is already there; see :func:`workers.forges.write` for the rest."""
    wanted = fields(commit, status)
    looked = http.send(account, client, lookup(commit, status.context))
    if shows(_jobs(looked, account, commit), wanted):
        return limits.wait(looked.headers, time.time())
    answer = http.send(account, client, request(commit, wanted))
    if is_transition_conflict(answer):
        again = http.send(account, client, lookup(commit, status.context))
        if not is_in_state(_jobs(again, account, commit), wanted):
            raise Busy(
                f"{account.host} refused {wanted['state']!r} for {status.context} of {commit.repository}"
                f" ({answer.says()}) and shows another state: somebody else writes the same status"
            )
        return limits.wait(again.headers, time.time())
    return refusals.settled(judge, account, answer, commit)


def fields(commit: Commit, status: Status) -> dict[str, str]:
    """Return what GitLab should hold of ``status``. Pure.

    A link over :data:`URL_LIMIT` characters is left out: GitLab would refuse the whole status.
    """
    body = {
        "name": status.context,
        "state": _STATES[status.state],
        "description": cut(status.text, DESCRIPTION_LIMIT),
    }
    if status.url and len(status.url) <= URL_LIMIT:
        body["target_url"] = status.url
    if short := _short(commit.ref):
        body["ref"] = short
    return body


def lookup(commit: Commit, context: str) -> Call:
    """Return the call that reads the newest statuses of ``context``. Pure."""
    query = {"name": context, "per_page": "100"}
    if short := _short(commit.ref):
        query["ref"] = short
    return http.Call("GET", f"{_path(commit)}/repository/commits/{_sha(commit)}/statuses?{urlencode(query)}")


def request(commit: Commit, body: dict[str, str]) -> Call:
    """Return the call that writes ``body``, made by :func:`fields`. Pure."""
    return http.Call("POST", f"{_path(commit)}/statuses/{_sha(commit)}", body)


def shows(jobs: list[dict[str, Any]], wanted: dict[str, str]) -> bool:
    """Whether the newest of ``jobs`` already says ``wanted``, so that nothing may be written. Pure.

    A running job's text cannot be changed, so for ``running`` the state alone counts.
    """
    if not is_in_state(jobs, wanted):
        return False
    newest = jobs[-1]
    return wanted["state"] == "running" or all(
        (newest.get(name) or "") == wanted.get(name, "") for name in ("description", "target_url")
    )


def is_in_state(jobs: list[dict[str, Any]], wanted: dict[str, str]) -> bool:
    """Whether the newest of ``jobs``, which are of one name and oldest first, is in the wanted state. Pure."""
    return bool(jobs) and jobs[-1].get("status") == wanted["state"]


def is_transition_conflict(answer: Answer) -> bool:
    """Whether GitLab refused only because the job is in a state from which the wanted one cannot come. Pure."""
    return answer.code == 400 and answer.says().startswith("Cannot transition status")


def judge(answer: Answer, host: str, commit: Commit, now: float) -> HooklineError | None:
    """Return the error an answer means, ``None`` for one that is none. Pure; ``now`` is epoch seconds."""
    code, says = answer.code, answer.says()
    said = refusals.begun(answer, host, commit)
    if code in (200, 201):
        return None
    wait = limits.wait(answer.headers, now)
    if code == 429 or (code == 403 and wait is not None):
        return refusals.too_many(said, wait)
    if code == 401:
        return refusals.unknown_token(said)
    if code == 403:
        return AccessDenied(f"{said}: give the token scope `api` and the role Developer in the project")
    if code == 404 and "commit" in says.lower():
        return refusals.no_commit(said)
    if code == 404:
        return AccessDenied(
            f"{said}: there is no such project or the token cannot see it; give it access to the project"
        )
    return refusals.common(code, said, wait) or OperatorError(
        f"{said}: check that `api` is the address of GitLab's API (https://…/api/v4)"
    )


def _jobs(answer: Answer, account: Account, commit: Commit) -> list[dict[str, Any]]:
    """The statuses in an answer to :func:`lookup`, oldest first; raises what the answer means otherwise."""
    refusal = judge(answer, account.host, commit, time.time())
    if refusal is not None:
        raise refusal
    found = answer.json()
    if not isinstance(found, list) or not all(isinstance(job, dict) and type(job.get("id")) is int for job in found):
        raise OperatorError(f"{account.host} did not answer with a list of statuses: check `api`")
    return sorted(found, key=lambda job: job["id"])


def _path(commit: Commit) -> str:
    return f"/projects/{quote(commit.repository, safe='')}"


def _sha(commit: Commit) -> str:
    if not names.REVISION.fullmatch(commit.revision):
        raise SourceMissing(f"GitLab can have no commit {commit.revision!r} of {commit.repository!r}")
    return commit.revision


def _short(ref: str) -> str:
    """The name GitLab knows a branch or tag by."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
