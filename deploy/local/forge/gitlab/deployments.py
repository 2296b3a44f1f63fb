"""GitLab's calls about deployments and environments, with the state machine of a deployment.

Field facts: GitLab docs, "Deployments API" and "Environments API"; the transitions are those of its source
(``app/models/deployment.rb``). A deployment like the newest one of its environment is that one. Unknown keys are
refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from deploy.local.forge.deployments import Deployment, Environment, Told
from deploy.local.forge.gitlab import payloads, talk
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

STATES: Final = ("running", "success", "failed", "canceled")
NAME: Final = re.compile(r"(?!/)[\w/\\${}. -]{1,255}(?<!/)", re.ASCII)
_NEEDED: Final = ("environment", "sha", "ref", "tag", "status")


def can(now: str, asked: str) -> bool:
    """Whether a deployment may get from a state to another. Pure."""
    return now in ("", "created") if asked == "running" else now != asked


def make(state: State, repository: Repository, request: Request, user: str) -> Response:
    """Make a deployment, and its environment where there is none of that name."""
    body = request.json() or {}
    if missing := [key for key in _NEEDED if key not in body]:
        return json(400, {"error": f"{', '.join(missing)} is missing"})
    if unknown := [key for key in body if key not in _NEEDED]:
        return json(400, {"error": f"{unknown[0]} is unknown"})
    if body["status"] not in STATES or not isinstance(body["tag"], bool):
        return json(400, {"error": "status does not have a valid value"})
    if not NAME.fullmatch(body["environment"]):
        return json(400, {"message": {"name": ["can contain only letters, digits, spaces and some signs"]}})
    if repository.commit(body["sha"]) != body["sha"]:
        return json(400, {"message": {"sha": ["is no commit of this project"]}})

    def keep() -> Response:
        place = state.deployments.place(repository.full_name, body["environment"], state="available")
        before = state.deployments.of(repository.full_name, body["environment"])[:1]
        if before and (before[0].sha, before[0].ref, before[0].state) == (body["sha"], body["ref"], body["status"]):
            return json(201, _shown(before[0], place))
        made = Deployment(0, repository.full_name, body["sha"], body["ref"], body["environment"], user)
        made = state.deployments.add(made)
        made = state.deployments.tell(made.number, Told(0, body["status"], creator=user))
        return json(201, _shown(made, place))

    return state.perform(keep, state.talking)


def change(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Bring a deployment to another state."""
    body, found = request.json() or {}, state.deployments.get(repository.full_name, int(number))
    if found is None:
        return json(404, {"message": "404 Deployment Not Found"})
    if set(body) != {"status"} or body["status"] not in STATES:
        return json(400, {"error": "status does not have a valid value"})
    if not can(found.state, body["status"]):
        return json(400, {"message": {"status": [f"cannot transition from {found.state} to {body['status']}"]}})

    def keep() -> Response:
        changed = state.deployments.tell(found.number, Told(0, body["status"], creator=user))
        return json(200, _shown(changed, state.deployments.place(repository.full_name, found.environment)))

    return state.perform(keep, state.talking)


def listed(state: State, repository: Repository, request: Request, user: str) -> Response:
    """List the deployments, oldest first unless asked for the other way round."""
    del user
    found = state.deployments.of(repository.full_name, request.query.get("environment", ""))
    found = found if request.query.get("sort") == "desc" else found[::-1]
    places = [state.deployments.place(repository.full_name, one.environment) for one in found]
    return talk.page(request, [_shown(one, place) for one, place in zip(found, places, strict=True)])


def read(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Show one deployment."""
    del request, user
    found = state.deployments.get(repository.full_name, int(number))
    if found is None:
        return json(404, {"message": "404 Deployment Not Found"})
    return json(200, _shown(found, state.deployments.place(repository.full_name, found.environment)))


def environments(state: State, repository: Repository, request: Request, user: str) -> Response:
    """List the environments, or those of a name."""
    del user
    name = request.query.get("name")
    mine = [one for one in state.deployments.environments if one.repository == repository.full_name]
    return talk.page(request, [_environment(one) for one in mine if name in (None, one.name)])


def edit(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Give an environment another page."""
    del user
    body, found = request.json() or {}, _found(state, repository, number)
    if found is None:
        return json(404, {"message": "404 Environment Not Found"})
    if set(body) != {"external_url"} or len(body["external_url"]) > 255:
        return json(400, {"error": "external_url is invalid"})
    page = body["external_url"]
    return state.perform(
        lambda: json(200, _environment(state.deployments.place(repository.full_name, found.name, page=page))),
        state.talking,
    )


def stop(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Stop an environment."""
    del request, user
    found = _found(state, repository, number)
    if found is None:
        return json(404, {"message": "404 Environment Not Found"})
    return state.perform(
        lambda: json(200, _environment(state.deployments.place(repository.full_name, found.name, state="stopped"))),
        state.talking,
    )


def _found(state: State, repository: Repository, number: str) -> Environment | None:
    mine = [one for one in state.deployments.environments if one.repository == repository.full_name]
    return next((one for one in mine if one.number == int(number)), None)


def _environment(one: Environment) -> dict[str, Any]:
    slug = re.sub(r"[^a-z0-9]", "-", one.name.lower())
    return {"id": one.number, "name": one.name, "slug": slug, "external_url": one.page or None, "state": one.state}


def _shown(one: Deployment, place: Environment) -> dict[str, Any]:
    return {
        "id": one.number,
        "iid": one.number,
        "ref": one.ref,
        "sha": one.sha,
        "created_at": talk.time(one.at),
        "updated_at": talk.time(one.told[-1].at if one.told else one.at),
        "user": {**payloads.user(one.creator), "state": "active"},
        "environment": _environment(place),
        "deployable": None,
        "status": one.state,
    }


CALLS: Final[tuple[tuple[str, str, Callable[..., Response]], ...]] = (
    ("GET", r"/deployments", listed),
    ("POST", r"/deployments", make),
    ("GET", r"/deployments/(\d+)", read),
    ("PUT", r"/deployments/(\d+)", change),
    ("GET", r"/environments", environments),
    ("PUT", r"/environments/(\d+)", edit),
    ("POST", r"/environments/(\d+)/stop", stop),
)
