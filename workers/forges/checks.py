"""GitHub's check runs, which an App writes in place of commit statuses: they have a button to run them again.

Field facts: GitHub docs, "REST API endpoints for check runs". A run is looked for before it is written, by its name and
our ``external_id``: a lost answer makes no second one. A completed run is never opened again; a check that runs again
gets a new run, and GitHub shows the newest of each name.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from workers.errors import AccessDenied, OperatorError
from workers.forges import github, http, limits
from workers.forges.http import Answer
from workers.forges.text import cut
from workers.model import Commit, State, Status

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account

TITLE_LIMIT: Final = 140
SUMMARY_LIMIT: Final = 65_535
"""Bytes, so that it holds however GitHub counts characters."""

_STATES = {State.PENDING: ("in_progress", ""), State.SUCCESS: ("completed", "success")} | {
    State.FAILURE: ("completed", "failure")
}
_FENCE = "```text\n{}\n```"
_RIGHT = "checks (Checks: read and write)"


def write(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> float | None:
    """Make the newest check run of a context say ``status``; see :func:`workers.forges.write` for what comes of it.

    At its end, a commit status of the same name gets the same state, if a token wrote one before: where both are there,
    GitHub requires both.
    """
    wanted = fields(commit, status)
    answer = _judged(account, http.send(account, client, lookup(commit, status.context)), commit)
    call = request(commit, wanted, newest(answer.json(), wanted, account.host))
    if call is not None:
        answer = _judged(account, http.send(account, client, call), commit)
        github.note(answer, commit)
    if status.state is not State.PENDING:
        _end_status(account, client, commit, status)
    return limits.wait(answer.headers, time.time())


def fields(commit: Commit, status: Status) -> dict[str, Any]:
    """Return what a check run should hold of ``status``. Pure."""
    phase, conclusion = _STATES[status.state]
    body: dict[str, Any] = {
        "name": status.context,
        "external_id": f"{commit.hook}:{status.context}",
        "status": phase,
        "output": {"title": cut(status.text, TITLE_LIMIT) or phase, "summary": summary(status.text or phase)},
    }
    if conclusion:
        body["conclusion"] = conclusion
    if status.url:
        body["details_url"] = status.url
    return body


def summary(text: str) -> str:
    """Return a text as Markdown that shows it as it is, whatever it holds, in :data:`SUMMARY_LIMIT` bytes. Pure."""
    lines = "\n".join(cut(line, SUMMARY_LIMIT) for line in text.splitlines())
    shown = lines.replace("```", "'''").encode("utf-8")[: SUMMARY_LIMIT - len(_FENCE)]
    return _FENCE.format(shown.decode("utf-8", "ignore"))


def lookup(commit: Commit, context: str) -> http.Call:
    """Return the call that reads the newest check runs of ``context``. Pure."""
    query = urlencode({"check_name": context, "filter": "latest", "per_page": "100"})
    path = f"/repos/{github.named(commit.repository)}/commits/{github.pinned(commit)}/check-runs?{query}"
    return http.Call("GET", path, None, github.HEADERS)


def newest(listed: Any, wanted: dict[str, Any], host: str) -> dict[str, Any] | None:
    """Return the newest of our runs in an answer to :func:`lookup`. Pure; raises :class:`OperatorError` for no list.

    A run of the same name that is another App's, or another hook's, is none of ours.
    """
    runs = listed.get("check_runs") if isinstance(listed, dict) else None
    if not isinstance(runs, list) or not all(isinstance(run, dict) and type(run.get("id")) is int for run in runs):
        raise OperatorError(f"{host} did not answer with a list of check runs: check `api`")
    ours = [run for run in runs if all(run.get(key) == wanted[key] for key in ("name", "external_id"))]
    return max(ours, key=lambda run: int(run["id"]), default=None)


def request(commit: Commit, wanted: dict[str, Any], run: dict[str, Any] | None) -> http.Call | None:
    """Return the call that makes ``wanted`` true, ``None`` when ``run`` says it already. Pure."""
    if run is not None and shows(run, wanted):
        return None
    path = f"/repos/{github.named(commit.repository)}/check-runs"
    if run is None or (run.get("status") == "completed" and wanted["status"] != "completed"):
        return http.Call("POST", path, {**wanted, "head_sha": github.pinned(commit)}, github.HEADERS)
    return http.Call("PATCH", f"{path}/{run['id']}", wanted, github.HEADERS)


def shows(run: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a run as GitHub lists it holds all of ``wanted``. Pure."""
    output = run.get("output")
    said = output if isinstance(output, dict) else {}
    return (
        run.get("status") == wanted["status"]
        and (run.get("conclusion") or "") == wanted.get("conclusion", "")
        and (wanted.get("details_url") in (None, run.get("details_url")))
        and all(said.get(key) == text for key, text in wanted["output"].items())
    )


def _end_status(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> None:
    path = f"/repos/{github.named(commit.repository)}/commits/{github.pinned(commit)}/status?per_page=100"
    call = github.request(commit, status)
    try:
        looked = _judged(account, http.send(account, client, http.Call("GET", path, None, github.HEADERS)), commit)
    except AccessDenied:
        return  # an App without the permission, which it need not have
    if differs(looked.json(), call.body or {}):
        _judged(account, http.send(account, client, call), commit)


def differs(combined: Any, wanted: Any) -> bool:
    """Whether a commit has a status of the wanted context in another state, as its combined status tells. Pure."""
    listed = combined.get("statuses") if isinstance(combined, dict) else None
    context = str(wanted["context"]).casefold()  # GitHub does not tell contexts apart by case
    states = [
        one.get("state")
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict) and str(one.get("context")).casefold() == context
    ]
    return bool(states) and states != [wanted["state"]]


def _judged(account: Account, answer: Answer, commit: Commit) -> Answer:
    """An answer that is good; raises what another one means."""
    refusal = None if answer.code == 200 else github.judge(answer, account.host, commit, time.time(), _RIGHT)
    if refusal is not None:
        raise refusal
    return answer
