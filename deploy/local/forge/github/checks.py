"""GitHub's check runs, as far as the stand-in answers them: made and changed by Apps, seen by all, run again on demand.

Rules that the published description does not hold: a completed run has a conclusion, an output has a title, an App
changes its own runs only. A description of a change may not move a run to another commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from deploy.local.forge.github import objects, rules
from deploy.local.forge.github.apps import App
from deploy.local.forge.github.runs import Run
from deploy.local.forge.hooks import Event
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

KEYS: Final = frozenset(
    {"name", "head_sha", "status", "conclusion", "details_url", "external_id", "output", "started_at", "completed_at"}
)


def problems(fields: Mapping[str, Any]) -> list[str]:
    """Return what GitHub, or we, would refuse in a whole run. Pure."""
    found = [f"{key} is an unknown key" for key in fields if key not in KEYS]
    if (fields.get("status") == "completed") != bool(fields.get("conclusion")):
        found.append("a completed run has a conclusion, and no other has")
    if fields.get("details_url") is not None and not rules.is_url(fields["details_url"]):
        found.append("details_url must use http or https scheme")
    output = fields.get("output") or {}
    if output and not (output.get("title") and output.get("summary")):
        found.append("an output has a title and a summary")
    if any(len(str(output.get(name) or "").encode()) > 65535 for name in ("summary", "text")):
        found.append("Only 65535 characters are allowed")
    if not fields.get("name"):
        found.append("name must be set")
    return found


def make(state: State, repository: Repository, request: Request, app: App) -> Response:
    """Make a run."""
    body = request.json()
    sha = body["head_sha"]
    if len(sha) != 40 or repository.commit(sha) != sha:
        return json(422, {"message": f"No commit found for SHA: {sha}"})
    if broken := problems(body):
        return json(422, {"message": "Invalid request.", "errors": broken})
    run = Run(0, repository.full_name, sha, app, {key: value for key, value in body.items() if key != "head_sha"})
    return state.perform(lambda: json(201, shown(state, state.runs.put(run))))


def change(state: State, repository: Repository, request: Request, app: App, number: str) -> Response:
    """Change a run of the same App."""
    run = state.runs.get(repository.full_name, int(number))
    if run is None:
        return json(404, {"message": "Not Found"})
    if run.app != app:
        return json(403, {"message": "Invalid app_id `" + str(app.number) + "` - check run can only be modified by it"})
    body = request.json()
    fields = {**run.fields, **body}
    if body.get("conclusion"):
        fields["status"] = "completed"
    if broken := ["head_sha cannot change"] if "head_sha" in body else problems(fields):
        return json(422, {"message": "Invalid request.", "errors": broken})
    changed = replace(run, fields=fields, writes=run.writes + 1)
    return state.perform(lambda: json(200, shown(state, state.runs.put(changed))))


def listed(state: State, repository: Repository, request: Request, ref: str) -> Response:
    """List the runs of a commit, newest first; of each App and name only the newest unless ``filter=all``."""
    sha = repository.commit(ref)
    if not sha:
        return json(422, {"message": f"No commit found for SHA: {ref}"})
    query = request.query
    mine = [one for one in state.runs.all if one.repository == repository.full_name and one.sha == sha][::-1]
    if name := query.get("check_name"):
        mine = [one for one in mine if one.fields["name"] == name]
    if number := query.get("app_id"):
        mine = [one for one in mine if one.app.number == int(number)]
    if query.get("filter", "latest") == "latest":
        newest = {(one.app.number, one.fields["name"]): one for one in mine[::-1]}
        mine = [one for one in mine if one in newest.values()]
    size = min(int(query.get("per_page", "30")), 100)
    start = size * (int(query.get("page", "1")) - 1)
    page = [shown(state, one) for one in mine[start : start + size]]
    return json(200, {"total_count": len(mine), "check_runs": page})


def again(state: State, repository: Repository, request: Request, app: App, number: str) -> Response:
    """Ask the App to run a check again, as the button does: a delivery, and nothing else changes."""
    del request
    run = state.runs.get(repository.full_name, int(number))
    if run is None or run.app != app:
        return json(404, {"message": "Not Found"})
    place = state.place(repository)
    suite = {"id": run.number, "head_branch": place.default_branch, "head_sha": run.sha, "status": "queued"}
    told = {**shown(state, run), "check_suite": {**suite, "conclusion": None, "pull_requests": []}}
    body = {"action": "rerequested", "check_run": told, "repository": objects.repository(place)}
    state.courier.announce(Event("check_run", {**body, "sender": objects.user(state.user)}))
    return json(201, {})


def shown(state: State, run: Run) -> dict[str, Any]:
    """Return one run in GitHub's shape."""
    api, output = f"{state.url}/repos/{run.repository}/check-runs/{run.number}", run.fields.get("output") or {}
    at = objects.time(0.0)
    return {
        "id": run.number,
        "node_id": f"CR_{run.number}",
        "name": run.fields["name"],
        "head_sha": run.sha,
        "external_id": run.fields.get("external_id", ""),
        "url": api,
        "html_url": f"https://github.com/{run.repository}/runs/{run.number}",
        "details_url": run.fields.get("details_url") or "https://github.com",
        "status": run.fields.get("status", "queued"),
        "conclusion": run.fields.get("conclusion"),
        "started_at": at,
        "completed_at": at if run.fields.get("conclusion") else None,
        "output": {name: output.get(name) for name in ("title", "summary", "text")}
        | {"annotations_count": 0, "annotations_url": f"{api}/annotations"},
        "check_suite": {"id": run.number},
        "pull_requests": [],
        "app": objects.app(run.app.number, run.app.slug, run.app.client_id),
    }
