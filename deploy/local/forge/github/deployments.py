"""GitHub's calls about deployments and their statuses.

Rules that the published description does not hold: a commit that is not there is refused, and we refuse what GitHub
would take and nobody means: a merge into the commit, waiting for contexts, a text that is too long, an unknown key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from deploy.local.forge.deployments import Deployment, Told
from deploy.local.forge.github import objects, rules, talk
from deploy.local.forge.github.answers import error
from deploy.local.forge.github.entrance import caller
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

_API: Final = "https://api.github.com/repos"
_FLAGS: Final = ("auto_merge", "transient_environment", "production_environment")
_KEYS: Final = frozenset({"ref", "task", "required_contexts", "payload", "environment", "description", *_FLAGS})
_STATUS_KEYS: Final = frozenset({"state", "log_url", "description", "environment_url", "auto_inactive"})


def make(state: State, repository: Repository, request: Request) -> Response:
    """Make a deployment of a commit."""
    body = request.json()
    sha = repository.commit(body["ref"])
    if not sha:
        return error(422, f"No ref found for: {body['ref']}")
    if broken := refusals(body):
        return _refused("Deployment", broken)
    who = _who(state, request, repository)
    payload = body.get("payload", {})

    def keep() -> Response:
        made = state.deployments.add(
            Deployment(
                number=0,
                repository=repository.full_name,
                sha=sha,
                ref=body["ref"],
                environment=body.get("environment", "production"),
                creator=who,
                payload=payload if isinstance(payload, str) else orjson.dumps(payload).decode(),
                description=body.get("description") or "",
                transient=body.get("transient_environment", False),
                production=body.get("production_environment", body.get("environment") == "production"),
            )
        )
        return json(201, _shown(made))

    return state.perform(keep, state.talking)


def refusals(body: Mapping[str, Any]) -> list[str]:
    """Return what GitHub, or we, would refuse in a described deployment. Pure."""
    found = [f"{key} is an unknown key" for key in body if key not in _KEYS]
    if body.get("auto_merge") is not False:
        found.append("auto_merge must be false: GitHub would merge the default branch into the commit")
    if body.get("required_contexts") != []:
        found.append("required_contexts must be empty: GitHub would wait for the statuses of the commit")
    if len(body.get("description") or "") > rules.DESCRIPTION_LIMIT:
        found.append(f"description is too long (maximum is {rules.DESCRIPTION_LIMIT} characters)")
    if len(body.get("environment", "")) > 255:
        found.append("environment is too long (maximum is 255 characters)")
    return found


def listed(state: State, repository: Repository, request: Request) -> Response:
    """List the deployments, newest first."""
    query = request.query
    found = state.deployments.of(repository.full_name, query.get("environment", ""), query.get("sha", ""))
    return talk.page(state, request, [_shown(one) for one in found])


def statuses(state: State, repository: Repository, request: Request, number: str) -> Response:
    """List what was told of one, newest first."""
    found = state.deployments.get(repository.full_name, int(number))
    if found is None:
        return error(404, "Not Found")
    return talk.page(state, request, [_status(found, one) for one in found.told[::-1]])


def tell(state: State, repository: Repository, request: Request, number: str) -> Response:
    """Tell how far one is; a success ends those before it, as far as ``auto_inactive`` reaches."""
    body, found = request.json(), state.deployments.get(repository.full_name, int(number))
    if found is None:
        return error(404, "Not Found")
    broken = [f"{key} is an unknown key" for key in body if key not in _STATUS_KEYS]
    if len(body.get("description") or "") > rules.DESCRIPTION_LIMIT:
        broken.append(f"description is too long (maximum is {rules.DESCRIPTION_LIMIT} characters)")
    broken += [f"{key} must use http(s) scheme" for key in ("log_url", "environment_url") if not _is_url(body, key)]
    if broken:
        return _refused("DeploymentStatus", broken)
    who = _who(state, request, repository)

    def keep() -> Response:
        urls = {key: body.get(key, "") for key in ("log_url", "environment_url")}
        said = Told(0, body["state"], body.get("description", ""), **urls, creator=who)
        told = state.deployments.tell(found.number, said)
        if body["state"] == "success" and body.get("auto_inactive", True):
            for other in state.deployments.of(repository.full_name, found.environment):
                before = other.number < found.number and not (other.transient or other.production)
                if before and other.state == "success":
                    state.deployments.tell(other.number, Told(0, "inactive", creator=who))
        return json(201, _status(told, told.told[-1]))

    return state.perform(keep, state.talking)


def _is_url(body: Mapping[str, Any], key: str) -> bool:
    return key not in body or rules.is_url(body[key])


def _who(state: State, request: Request, repository: Repository) -> str:
    who = caller(state, request, repository.full_name, ("deployments", "write"))
    return who if isinstance(who, str) else f"{who.slug}[bot]"


def _refused(resource: str, broken: list[str]) -> Response:
    errors = [{"resource": resource, "code": "custom", "message": message} for message in broken]
    return error(422, "Validation Failed", errors)


def _shown(one: Deployment) -> dict[str, Any]:
    api, at = f"{_API}/{one.repository}", objects.time(one.at)
    return {
        "id": one.number,
        "node_id": f"DE_{one.number}",
        "url": f"{api}/deployments/{one.number}",
        "sha": one.sha,
        "ref": one.ref,
        "task": "deploy",
        "payload": orjson.loads(one.payload) if one.payload else "",
        "original_environment": one.environment,
        "environment": one.environment,
        "description": one.description,
        "creator": objects.user(one.creator),
        "created_at": at,
        "updated_at": at,
        "statuses_url": f"{api}/deployments/{one.number}/statuses",
        "repository_url": api,
        "transient_environment": one.transient,
        "production_environment": one.production,
    }


def _status(of: Deployment, one: Told) -> dict[str, Any]:
    api, at = f"{_API}/{of.repository}", objects.time(one.at)
    return {
        "id": one.number,
        "node_id": f"DES_{one.number}",
        "url": f"{api}/deployments/{of.number}/statuses/{one.number}",
        "state": one.state,
        "creator": objects.user(one.creator),
        "description": one.description,
        "environment": of.environment,
        "target_url": one.log_url,
        "log_url": one.log_url,
        "environment_url": one.environment_url,
        "created_at": at,
        "updated_at": at,
        "deployment_url": f"{api}/deployments/{of.number}",
        "repository_url": api,
    }
