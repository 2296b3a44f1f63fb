"""GitHub's deployments at the stand-in: each rule that refuses, what a success ends, and GitHub's own shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import orjson
import pytest
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers

from deploy.local.forge import Checkout, Forge
from deploy.local.forge.github import contract
from deploy.local.forge.github.contract import Described
from tests.fakes import github_apps
from tests.local.forge.conftest import Standing, stood

REPOSITORY = "your-org/your-repo"
GOOD: dict[str, Any] = {"auto_merge": False, "required_contexts": [], "environment": "qa", "payload": {"hookline": "1"}}


class Answered:
    """An answer in the words of the validator."""

    content_type = "application/json; charset=utf-8"
    headers = Headers()

    def __init__(self, answer: httpx2.Response) -> None:
        self.status_code, self.data = answer.status_code, answer.content


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One for all tests of this module."""

    def headers(forge: Forge) -> dict[str, str]:
        return {"authorization": f"Bearer {forge.token}", "x-github-api-version": "2022-11-28"}

    with stood(tmp_path_factory.mktemp("forge"), "github", REPOSITORY, f"repos/{REPOSITORY}", headers) as made:
        yield made


def described(method: str, path: str, answer: httpx2.Response) -> None:
    """Check an answer against the published description: it raises."""
    parameters = RequestParameters(header=Headers())
    asked = Described(method, f"/repos/{REPOSITORY}{path}", "application/json", None, parameters)
    contract.description().validate_response(asked, Answered(answer))


def test_a_deployment_is_made_told_of_and_listed(client: httpx2.Client, work: Checkout) -> None:
    """In the published shapes; the newest status stands first."""
    made = client.post("/deployments", json={**GOOD, "ref": work.head})
    assert made.status_code == 201
    described("post", "/deployments", made)
    place = f"/deployments/{made.json()['id']}/statuses"
    first = client.post(place, json={"state": "in_progress", "description": "web: going"})
    second = client.post(place, json={"state": "success", "log_url": "https://a.example/s", "auto_inactive": True})
    described("post", place, second)
    listed = client.get(place)
    described("get", place, listed)
    assert (
        [one["state"] for one in listed.json()]
        == ["success", "in_progress"]
        == [
            second.json()["state"],
            first.json()["state"],
        ]
    )
    found = client.get(f"/deployments?sha={work.head}&environment=qa")
    described("get", "/deployments", found)
    assert [(one["sha"], one["payload"]) for one in found.json()] == [(work.head, {"hookline": "1"})]
    assert client.get("/deployments?environment=production").json() == []
    assert client.get("/deployments/99/statuses").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"auto_merge": True},
        {"auto_merge": None},
        {"required_contexts": ["ci"]},
        {"description": "x" * 141},
        {"environment": "x" * 256},
        {"contexts": []},
        {"ref": "b" * 40},
        {"environment": 3},
    ],
    ids=str,
)
def test_what_makes_no_deployment(client: httpx2.Client, work: Checkout, change: dict[str, Any]) -> None:
    """What GitHub refuses, and what it would take and nobody means."""
    body = {key: value for key, value in {**GOOD, "ref": work.head, **change}.items() if value is not None}
    assert client.post("/deployments", json=body).status_code == 422
    assert client.get("/deployments").json() == []


@pytest.mark.parametrize(
    "body",
    [
        {"state": "running"},
        {},
        {"state": "success", "description": "x" * 141},
        {"state": "success", "log_url": "nope"},
        {"state": "success", "environment_url": "ftp://x.example"},
        {"state": "success", "logurl": "https://x.example"},
    ],
    ids=str,
)
def test_what_is_no_status_of_a_deployment(client: httpx2.Client, work: Checkout, body: dict[str, Any]) -> None:
    """The published words, and rules of our own."""
    number = client.post("/deployments", json={**GOOD, "ref": work.head}).json()["id"]
    assert client.post(f"/deployments/{number}/statuses", json=body).status_code == 422


@pytest.mark.parametrize(
    ("changes", "ended"),
    [({}, True), ({"production_environment": True}, False), ({"transient_environment": True}, False)],
    ids=["plain", "production", "transient"],
)
def test_a_success_ends_the_one_before_where_github_does(
    forge: Forge, client: httpx2.Client, work: Checkout, changes: dict[str, bool], ended: bool
) -> None:
    """Neither in production nor in an environment that will be gone, and never one that failed."""
    states = []
    for state in ("failure", "success", "success"):
        number = client.post("/deployments", json={**GOOD, **changes, "ref": work.head}).json()["id"]
        client.post(f"/deployments/{number}/statuses", json={"state": state})
    states = [one.state for one in forge.state.deployments.of(REPOSITORY)]
    assert states == ["success", "inactive" if ended else "success", "failure"]


@pytest.mark.parametrize(("right", "code"), [("write", 201), ("read", 403)])
def test_an_app_needs_the_permission(forge: Forge, work: Checkout, right: str, code: int) -> None:
    """``deployments: write``."""
    app = github_apps.register(forge)
    place = forge.state.apps.install(app, "your-org", {"deployments": right, "metadata": "read"})
    token = forge.state.apps.grant(app, place.number, {}, {}).text
    headers = {"authorization": f"Bearer {token}", "x-github-api-version": "2022-11-28"}
    url = f"{forge.api}/repos/{REPOSITORY}/deployments"
    body = orjson.dumps({**GOOD, "ref": work.head})
    answer = httpx2.post(url, content=body, headers={**headers, "content-type": "application/json"}, trust_env=False)
    assert answer.status_code == code
