"""GitLab's deployments and environments at the stand-in: the state machine and each rule that refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from deploy.local.forge import Checkout
from deploy.local.forge.gitlab.deployments import can
from tests.local.forge.conftest import Standing, stood

PROJECT = "grp/sub/project"
GOOD = {"environment": "qa", "ref": "main", "tag": False, "status": "running"}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One for all tests of this module."""
    folder, path = tmp_path_factory.mktemp("forge"), f"projects/{quote(PROJECT, safe='')}"
    with stood(folder, "gitlab", PROJECT, path, lambda forge: {"private-token": forge.token}) as made:
        yield made


@pytest.mark.parametrize(
    ("now", "asked", "may"),
    [
        ("created", "running", True),
        ("running", "running", False),
        ("running", "success", True),
        ("running", "canceled", True),
        ("success", "running", False),
        ("success", "success", False),
        ("success", "failed", True),
        ("failed", "success", True),
        ("failed", "running", False),
    ],
)
def test_the_transitions_are_gitlab_s(now: str, asked: str, may: bool) -> None:
    """As ``app/models/deployment.rb`` has them."""
    assert can(now, asked) is may


def test_a_deployment_makes_its_environment_and_ends(client: httpx2.Client, work: Checkout) -> None:
    """Once: one like the newest is the newest. A state it is in already is refused."""
    body = {**GOOD, "sha": work.head}
    made, again = (client.post("/deployments", json=body).json() for _ in range(2))
    assert (made["id"], made["status"], made["environment"]["name"]) == (again["id"], "running", "qa")
    done = client.put(f"/deployments/{made['id']}", json={"status": "success"})
    assert (done.status_code, done.json()["status"]) == (200, "success")
    assert client.put(f"/deployments/{made['id']}", json={"status": "success"}).status_code == 400
    assert client.get(f"/deployments/{made['id']}").json() == done.json()
    later = client.post("/deployments", json=body).json()
    listed = client.get("/deployments?environment=qa&order_by=id&sort=desc").json()
    assert [one["id"] for one in listed] == [later["id"], made["id"]]
    assert client.get("/deployments?environment=other").json() == []


def test_an_environment_has_a_page_and_an_end(client: httpx2.Client, work: Checkout) -> None:
    """It is found by its name, and comes back with its next deployment."""
    client.post("/deployments", json={**GOOD, "sha": work.head})
    [found] = client.get("/environments?name=qa").json()
    assert client.get("/environments?name=q").json() == []
    changed = client.put(f"/environments/{found['id']}", json={"external_url": "https://qa.example"}).json()
    assert (changed["external_url"], changed["state"]) == ("https://qa.example", "available")
    assert client.post(f"/environments/{found['id']}/stop").json()["state"] == "stopped"
    again = client.post("/deployments", json={**GOOD, "sha": work.head, "status": "success"}).json()
    assert again["environment"]["state"] == "available"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "failure"},
        {"status": None},
        {"tag": "no"},
        {"environment": "/qa"},
        {"environment": "q:a"},
        {"sha": "b" * 40},
        {"payload": {}},
        {"ref": None},
    ],
    ids=str,
)
def test_what_makes_no_deployment(client: httpx2.Client, work: Checkout, change: dict[str, Any]) -> None:
    """GitHub's words, missing and unknown fields, names that are none."""
    body = {key: value for key, value in {**GOOD, "sha": work.head, **change}.items() if value is not None}
    assert client.post("/deployments", json=body).status_code == 400
    assert client.get("/deployments").json() == []


def test_what_is_not_there(client: httpx2.Client) -> None:
    """Neither read nor changed."""
    assert client.get("/deployments/7").status_code == 404
    assert client.put("/deployments/7", json={"status": "success"}).status_code == 404
    assert client.put("/environments/7", json={"external_url": ""}).status_code == 404
    assert client.post("/environments/7/stop").status_code == 404
