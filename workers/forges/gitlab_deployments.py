"""GitLab's deployments and environments: an environment is made by its first deployment, and stopped at its end.

Field facts: GitLab docs, "Deployments API" and "Environments API". A deployment has a state machine: one that is over
cannot run again, one that was a success can fail later. It takes no payload: ours is known again by its commit, its
environment, our user and by being newer than the one before it.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from workers.environments import ENDED, Progress
from workers.errors import SourceMissing
from workers.forges import asking, deployment, http, names, selves
from workers.forges.deployment import Links, Made

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from workers.environments import Deployment, Environment, Place
    from workers.forges.account import Account

RIGHT: Final = "scope `api` and the role Developer (for a protected environment: the right to deploy to it)"
_STATES: Final = {
    Progress.RUNNING: "running",
    Progress.SUCCESS: "success",
    Progress.FAILURE: "failed",
    Progress.ERROR: "failed",
    Progress.INACTIVE: "canceled",
}
_WORDS: Final = {
    "running": Progress.RUNNING,
    "success": Progress.SUCCESS,
    "failed": Progress.FAILURE,
    "canceled": Progress.INACTIVE,
}
_ID: Final = re.compile(r"[0-9]{1,20}")


def closes_itself(about: Environment) -> bool:
    """Of an environment only the last success counts."""
    del about
    return True


def find(account: Account, client: httpx2.Client, place: Place, one: Deployment) -> Made | None:
    """Return our newest deployment of the commit since the one before; see `deployments.Kind`."""
    asked = {"environment": place.environment, "order_by": "id", "sort": "desc", "per_page": "100"}
    path = f"{_project(place)}/deployments?{urlencode(asked, quote_via=quote)}"
    entries = asking.all_at_once(account, client, path, deployment.ask(place, RIGHT)).entries
    mine = [entry for entry in entries if entry.get("sha") == one.revision and _number(entry) > int(one.after or 0)]
    for entry in sorted(mine, key=_number, reverse=True):
        user = entry.get("user")
        if isinstance(user, dict) and selves.of(account, client).wrote(user):
            return Made(deployment.number(account, entry), _WORDS.get(str(entry.get("status"))))
    return None


def make(account: Account, client: httpx2.Client, place: Place, one: Deployment, about: Environment, text: str) -> Made:
    """Make a deployment, which is running then; see `deployments.Kind`."""
    del about, text
    call = asking.call("gitlab", "POST", f"{_project(place)}/deployments", body(place, one))
    found = asking.done(account, client, call, deployment.ask(place, RIGHT))
    return Made(deployment.number(account, found), Progress.RUNNING)


def shows(account: Account, client: httpx2.Client, place: Place, one: Deployment, progress: Progress) -> bool:
    """Whether it is in the state; see `deployments.Kind`."""
    found = asking.asked(account, client, _one(place, one), deployment.ask(place, RIGHT)) or {}
    return found.get("status") == _STATES[progress]


def tell(
    account: Account, client: httpx2.Client, place: Place, one: Deployment, progress: Progress, links: Links
) -> None:
    """Bring it to the state; one that is over neither runs again nor is canceled. See `deployments.Kind`."""
    del links
    if one.progress in ENDED and progress in (Progress.RUNNING, Progress.INACTIVE):
        return
    call = asking.call("gitlab", "PUT", _one(place, one), {"status": _STATES[progress]})
    answer = http.send(account, client, call)
    if answer.code == 400 and shows(account, client, place, one, progress):
        return  # it cannot get where it is already
    if answer.code not in (200, 201):
        raise asking.refusal(account.host, answer, deployment.ask(place, RIGHT), time.time())


def show(account: Account, client: httpx2.Client, place: Place, page: str) -> None:
    """Make the page the environment's; see `deployments.Kind`."""
    what, found = deployment.ask(place, RIGHT), _environment(account, client, place)
    if found is not None and (found.get("external_url") or "") != page:
        there = f"{_project(place)}/environments/{deployment.number(account, found)}"
        asking.done(account, client, asking.call("gitlab", "PUT", there, {"external_url": page}), what)


def stop(account: Account, client: httpx2.Client, place: Place) -> None:
    """Stop the environment; see `deployments.Kind`."""
    what, found = deployment.ask(place, RIGHT), _environment(account, client, place)
    if found is not None and found.get("state") not in ("stopped", "stopping"):
        there = f"{_project(place)}/environments/{deployment.number(account, found)}/stop"
        asking.done(account, client, asking.call("gitlab", "POST", there, {}), what)


def body(place: Place, one: Deployment) -> dict[str, Any]:
    """Return what makes a deployment. Pure. Raises :class:`SourceMissing` for a commit there cannot be."""
    if not names.REVISION.fullmatch(one.revision):
        raise SourceMissing(f"GitLab can have no commit {one.revision!r} of {place.repository!r}")
    short = one.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    return {
        "environment": place.environment,
        "sha": one.revision,
        "ref": short or one.revision,
        "tag": one.ref.startswith("refs/tags/"),
        "status": _STATES[Progress.RUNNING],
    }


def _environment(account: Account, client: httpx2.Client, place: Place) -> Mapping[str, Any] | None:
    query = urlencode({"name": place.environment}, quote_via=quote)
    path = f"{_project(place)}/environments?{query}"
    found = asking.listed(account, client, path, deployment.ask(place, RIGHT)).entries
    return next((one for one in found if one.get("name") == place.environment), None)


def _project(place: Place) -> str:
    return asking.root("gitlab", place.repository)


def _one(place: Place, one: Deployment) -> str:
    if not _ID.fullmatch(one.id):
        raise SourceMissing(f"GitLab can have no deployment {one.id!r}")
    return f"{_project(place)}/deployments/{one.id}"


def _number(entry: Mapping[str, Any]) -> int:
    found = entry.get("id")
    return found if type(found) is int else 0
