"""GitHub's deployments: a deployment of a commit to an environment, and statuses that say how far it is.

Field facts: GitHub docs, "REST API endpoints for deployments" and "… for deployment statuses". Without ``auto_merge:
false`` GitHub may merge the default branch into the commit, without ``required_contexts: []`` it waits for statuses,
ours among them. ``auto_inactive`` ends earlier deployments that were a success, in environments that are neither
transient nor production. A deployment is known again by a mark in its payload.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import orjson

from workers.environments import Progress
from workers.errors import SourceMissing
from workers.forges import asking, deployment, names
from workers.forges.deployment import Links, Made
from workers.forges.text import cut

if TYPE_CHECKING:
    import httpx2

    from workers.environments import Deployment, Environment, Place
    from workers.forges.account import Account

DESCRIPTION_LIMIT: Final = 140
RIGHT: Final = (
    "the right to write deployments (a GitHub App and a fine-grained token: *Deployments: read and write*; "
    "a classic token: `repo_deployment`)"
)
_STATES: Final = {
    Progress.RUNNING: "in_progress",
    Progress.SUCCESS: "success",
    Progress.FAILURE: "failure",
    Progress.ERROR: "error",
    Progress.INACTIVE: "inactive",
}
_ID: Final = re.compile(r"[0-9]{1,20}")


def closes_itself(about: Environment) -> bool:
    """By ``auto_inactive``, where that reaches."""
    return not (about.is_production or about.is_transient)


def find(account: Account, client: httpx2.Client, place: Place, one: Deployment) -> Made | None:
    """Return our deployment by commit, environment and mark; see `deployments.Kind`."""
    asked = {"sha": one.revision, "environment": place.environment, "per_page": "100"}
    path = f"{_path(place)}?{urlencode(asked, quote_via=quote)}"
    listed = asking.all_at_once(account, client, path, deployment.ask(place, RIGHT))
    for entry in listed.entries:
        if marked(entry.get("payload")) == mark(place, one) and entry.get("sha") == one.revision:
            return Made(deployment.number(account, entry))
    return None


def make(account: Account, client: httpx2.Client, place: Place, one: Deployment, about: Environment, text: str) -> Made:
    """Make a deployment; see `deployments.Kind`."""
    call = asking.call("github", "POST", _path(place), body(place, one, about, text))
    return Made(deployment.number(account, asking.done(account, client, call, deployment.ask(place, RIGHT))))


def shows(account: Account, client: httpx2.Client, place: Place, one: Deployment, progress: Progress) -> bool:
    """Whether the newest status says so; see `deployments.Kind`."""
    listed = asking.listed(account, client, _statuses(place, one), deployment.ask(place, RIGHT))
    newest = max(listed.entries, key=lambda entry: _number(entry.get("id")), default={})
    return newest.get("state") == _STATES[progress]


def tell(
    account: Account, client: httpx2.Client, place: Place, one: Deployment, progress: Progress, links: Links
) -> None:
    """Write a status; see `deployments.Kind`."""
    said: dict[str, Any] = {"state": _STATES[progress], "description": cut(links.text, DESCRIPTION_LIMIT)}
    if progress is Progress.SUCCESS:
        said["auto_inactive"] = True
    said |= {name: url for name, url in (("log_url", links.log), ("environment_url", links.page)) if url}
    asking.done(
        account,
        client,
        asking.call("github", "POST", _statuses(place, one), said),
        deployment.ask(place, RIGHT),
    )


def show(account: Account, client: httpx2.Client, place: Place, page: str) -> None:
    """Do nothing: each status brings the page with it."""
    del account, client, place, page


def stop(account: Account, client: httpx2.Client, place: Place) -> None:
    """Do nothing: an environment without an active deployment is over."""
    del account, client, place


def body(place: Place, one: Deployment, about: Environment, text: str) -> dict[str, Any]:
    """Return what makes a deployment. Pure. Raises :class:`SourceMissing` for a commit there cannot be."""
    if not names.REVISION.fullmatch(one.revision):
        raise SourceMissing(f"GitHub can have no commit {one.revision!r} of {place.repository!r}")
    return {
        "ref": one.revision,
        "task": "deploy",
        "auto_merge": False,
        "required_contexts": [],
        "payload": {"hookline": mark(place, one)},
        "environment": place.environment,
        "description": cut(text, DESCRIPTION_LIMIT),
        "transient_environment": about.is_transient,
        "production_environment": about.is_production,
    }


def mark(place: Place, one: Deployment) -> str:
    """Return what a deployment is known by. Pure."""
    return f"{place.hook}/{one.count}"


def marked(payload: object) -> str:
    """Return the mark in a payload, which GitHub tells as an object or as text; "" for none. Pure."""
    if isinstance(payload, str):
        try:
            payload = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return ""
    found = payload.get("hookline") if isinstance(payload, dict) else None
    return found if isinstance(found, str) else ""


def _path(place: Place) -> str:
    return f"{asking.root('github', place.repository)}/deployments"


def _statuses(place: Place, one: Deployment) -> str:
    if not _ID.fullmatch(one.id):
        raise SourceMissing(f"GitHub can have no deployment {one.id!r}")
    return f"{_path(place)}/{one.id}/statuses"


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
