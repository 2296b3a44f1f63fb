"""GitHub Apps, their tokens and their check runs at the stand-in: each rule that refuses, and GitHub's shapes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from deploy.local.forge import Forge
from deploy.local.forge.github import contract
from deploy.local.forge.github.contract import Described
from tests.fakes import github_apps
from tests.local.forge.test_deliveries import problems
from tests.local.forge.test_github import Answered

REPOSITORY = "your-org/your-repo"
HERE = f"/repos/{REPOSITORY}"
OUTPUT = {"title": "in sync", "summary": "in sync"}
RUN = {"name": "hookline", "status": "completed", "conclusion": "success", "external_id": "x", "output": OUTPUT}


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """A GitHub stand-in with an App that one test may not spoil for the next."""
    with Forge(tmp_path_factory.mktemp("forge"), webhooks=["http://127.0.0.1:9/"]) as forge:
        forge.create(REPOSITORY)
        forge.create("your-org/second")
        forge.create("other-org/third")
        forge.state.courier.is_silent = True
        yield forge


@pytest.fixture(scope="module")
def head(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A commit that is there."""
    checkout = forge.checkout(REPOSITORY, Path(tmp_path_factory.mktemp("work")) / "work")
    checkout.commit({"a.yaml": "a: 1\n"}, "first")
    checkout.push()
    return checkout.head


@pytest.fixture
def client(forge: Forge) -> Iterator[httpx2.Client]:
    """A client that says which version of the API it means."""
    headers = {"x-github-api-version": "2022-11-28"}
    with httpx2.Client(base_url=forge.api, headers=headers, trust_env=False) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"authorization": f"Bearer {token}"}


def made(forge: Forge, client: httpx2.Client, **body: Any) -> str:
    """A new App's installation token for the first repository."""
    app = github_apps.register(forge)
    place = forge.state.apps.install(app, "your-org", github_apps.GRANTED)
    asked = {"repositories": ["your-repo"], **body}
    path = f"/app/installations/{place.number}/access_tokens"
    return str(client.post(path, json=asked, headers=bearer(github_apps.assertion(app))).json()["token"])


@pytest.mark.parametrize(
    ("claims", "code", "words"),
    [
        ({}, 200, "your-org"),
        ({"iss": "number"}, 200, "your-org"),
        ({"iss": "Iv23liNobody"}, 404, "Integration not found"),
        ({"iss": None}, 404, "Integration not found"),
        ({"exp": -1}, 401, "future time"),
        ({"exp": None}, 401, "future time"),
        ({"exp": 1200}, 401, "too far in the future"),
        ({"iat": 300}, 401, "'Issued at' claim"),
        ({"iat": None}, 401, "'Issued at' claim"),
        ({"pem": github_apps.key(1)[0]}, 401, "could not be decoded"),
        ({"pem": "a" * 40, "algorithm": "HS256"}, 401, "could not be decoded"),
        ({"algorithm": "RS512"}, 401, "could not be decoded"),
    ],
)
def test_an_app_speaks_for_itself_with_a_jwt(
    forge: Forge, client: httpx2.Client, claims: dict[str, Any], code: int, words: str
) -> None:
    """RS256 with the registered key, issued in the past, good for ten minutes at most, by a known App."""
    app = github_apps.register(forge)
    forge.state.apps.install(app, "your-org", github_apps.GRANTED)
    if claims.get("iss") == "number":
        claims = {"iss": str(app.number)}
    times = {name: int(time.time()) + claims[name] for name in ("exp", "iat") if claims.get(name)}
    answer = client.get(f"{HERE}/installation", headers=bearer(github_apps.assertion(app, **{**claims, **times})))
    assert (answer.status_code, words in answer.text) == (code, True), answer.text


def test_a_token_is_no_jwt_and_a_jwt_is_no_token(forge: Forge, client: httpx2.Client, head: str) -> None:
    """Each is refused where the other belongs."""
    token = made(forge, client)
    for wrong in (forge.token, token):
        assert client.get(f"{HERE}/installation", headers=bearer(wrong)).status_code == 401
    assertion = github_apps.assertion(forge.state.apps.apps[-1])
    assert client.get(f"{HERE}/commits/{head}/status", headers=bearer(assertion)).status_code == 401


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({}, 201, '"repository_selection":"all"'),
        ({"repositories": ["your-repo"], "permissions": {"checks": "write"}}, 201, '"permissions":{"checks":"write"}'),
        ({"permissions": {"checks": "read"}}, 201, "ghs_"),
        ({"permissions": {"contents": "write"}}, 422, "permissions requested are not granted"),
        ({"repositories": ["second"]}, 422, "not accessible to the parent installation"),
        ({"repositories": ["nothing"]}, 422, "not accessible to the parent installation"),
        ({"repository_ids": [7]}, 422, "not accessible to the parent installation"),
        ({"repositories": "your-repo"}, 422, "is not of type"),
    ],
)
def test_a_token_is_worth_what_was_asked_and_granted(
    forge: Forge, client: httpx2.Client, body: dict[str, Any], code: int, words: str
) -> None:
    """Never more than the installation has."""
    app = github_apps.register(forge)
    place = forge.state.apps.install(app, "your-org", github_apps.GRANTED, ["your-repo"])
    headers = bearer(github_apps.assertion(app))
    answer = client.post(f"/app/installations/{place.number}/access_tokens", json=body, headers=headers)
    assert (answer.status_code, words in answer.text) == (code, True), answer.text


def test_an_installation_that_is_not_there_suspended_or_another_s(forge: Forge, client: httpx2.Client) -> None:
    """404, 403 and 404 again."""
    app, other = github_apps.register(forge), github_apps.register(forge)
    headers = bearer(github_apps.assertion(app))
    assert client.get(f"{HERE}/installation", headers=headers).status_code == 404
    place = forge.state.apps.install(app, "your-org", github_apps.GRANTED)
    assert client.get("/repos/other-org/third/installation", headers=headers).status_code == 404
    path = f"/app/installations/{place.number}/access_tokens"
    assert client.post(path, headers=bearer(github_apps.assertion(other))).status_code == 404
    token = client.post(path, headers=headers).json()["token"]
    forge.state.apps.suspend(place.number)
    assert client.get(f"{HERE}/installation", headers=headers).json()["suspended_at"]
    for answer in (client.post(path, headers=headers), client.get(f"{HERE}/hooks", headers=bearer(token))):
        assert (answer.status_code, answer.json()["message"]) == (403, "This installation has been suspended")
    forge.state.apps.suspend(place.number, on=False)
    assert client.get(f"{HERE}/hooks", headers=bearer(token)).status_code == 200
    forge.state.apps.uninstall(place.number)
    assert client.get(f"{HERE}/hooks", headers=bearer(token)).status_code == 401
    assert client.post(path, headers=headers).status_code == 404


def test_a_token_opens_its_repository_and_its_calls_for_an_hour(forge: Forge, client: httpx2.Client, head: str) -> None:
    """Another repository is not there for it, another permission is refused, and in the end it is unknown."""
    token = bearer(made(forge, client, permissions={"statuses": "write"}))
    good = {"state": "success", "context": "hookline"}
    assert client.post(f"{HERE}/statuses/{head}", json=good, headers=token).json()["creator"]["login"].endswith("[bot]")
    assert client.get("/repos/your-org/second/commits/main/status", headers=token).status_code == 404
    refused = client.post(f"{HERE}/check-runs", json={**RUN, "head_sha": head}, headers=token)
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    forge.state.apps.ahead = 3601
    try:
        assert client.post(f"{HERE}/statuses/{head}", json=good, headers=token).status_code == 401
    finally:
        forge.state.apps.ahead = 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"conclusion": None, "status": "completed"}, "conclusion"),
        ({"status": "in_progress"}, "no other has"),
        ({"status": "done"}, "done"),
        ({"conclusion": "succeeded"}, "succeeded"),
        ({"contxt": "x"}, "unknown key"),
        ({"details_url": "nope"}, "http"),
        ({"output": {"title": "x"}}, "summary"),
        ({"output": {"title": "x", "summary": "x" * 65536}}, "too long"),
        ({"output": {"title": "x", "summary": "ä" * 40000}}, "65535"),
        ({"name": ""}, "name"),
        ({"head_sha": "d" * 40}, "No commit found"),
        ({"head_sha": "main"}, "No commit found"),
    ],
)
def test_a_check_run_that_breaks_a_rule(
    forge: Forge, client: httpx2.Client, head: str, change: dict[str, Any], words: str
) -> None:
    """422, and nothing is kept."""
    before = len(forge.state.runs.all)
    body = {key: value for key, value in {**RUN, "head_sha": head, **change}.items() if value is not None}
    answer = client.post(f"{HERE}/check-runs", json=body, headers=bearer(made(forge, client)))
    assert (answer.status_code, words in answer.text) == (422, True), answer.text
    assert len(forge.state.runs.all) == before


def test_check_runs_are_the_app_s_own(forge: Forge, client: httpx2.Client, head: str) -> None:
    """A user's token may look and not write; another App may not change them; a run stays at its commit."""
    mine, theirs = bearer(made(forge, client)), bearer(made(forge, client))
    body = {**RUN, "head_sha": head}
    refused = client.post(f"{HERE}/check-runs", json=body, headers=bearer(forge.token))
    assert (refused.status_code, refused.json()["message"]) == (403, "You must authenticate via a GitHub App.")
    number = client.post(f"{HERE}/check-runs", json=body, headers=mine).json()["id"]
    path = f"{HERE}/check-runs/{number}"
    assert client.patch(path, json={"conclusion": "failure"}, headers=theirs).status_code == 403
    assert client.patch(path, json={"head_sha": head}, headers=mine).status_code == 422
    assert client.patch(f"{HERE}/check-runs/9999", json={}, headers=mine).status_code == 404
    assert client.patch(path, json={"conclusion": "failure"}, headers=mine).json()["conclusion"] == "failure"
    listed = client.get(f"{HERE}/commits/{head}/check-runs", headers=bearer(forge.token))
    assert number in [one["id"] for one in listed.json()["check_runs"]]


def test_the_list_shows_the_newest_of_each_app_and_name(forge: Forge, client: httpx2.Client, head: str) -> None:
    """Older ones only when all are asked for; a name and an App narrow it down."""
    token = bearer(made(forge, client))
    names = ("narrow", "narrow", "other")
    numbers = [
        client.post(f"{HERE}/check-runs", json={**RUN, "name": name, "head_sha": head}, headers=token).json()["id"]
        for name in names
    ]

    def shown(**query: Any) -> list[int]:
        app = forge.state.apps.apps[-1].number
        answer = client.get(f"{HERE}/commits/{head}/check-runs", params={"app_id": app, **query}, headers=token)
        return [one["id"] for one in answer.json()["check_runs"]]

    assert shown() == [numbers[2], numbers[1]]
    assert shown(check_name="narrow") == [numbers[1]]
    assert shown(check_name="narrow", filter="all") == [numbers[1], numbers[0]]
    assert shown(check_name="narrow", app_id=1) == []


def test_a_button_tells_the_webhooks_in_githubs_shape(forge: Forge, client: httpx2.Client, head: str) -> None:
    """Only the App whose run it is; the run itself does not change."""
    token, other = bearer(made(forge, client)), bearer(made(forge, client))
    number = client.post(f"{HERE}/check-runs", json={**RUN, "head_sha": head}, headers=token).json()["id"]
    path = f"{HERE}/check-runs/{number}/rerequest"
    assert client.post(path, headers=other).status_code == 404
    assert client.post(path, headers=token).status_code == 201
    delivery = forge.deliveries[-1]
    assert problems(delivery) == []
    assert (delivery.event, delivery.payload["check_run"]["id"]) == ("check_run", number)
    assert forge.state.runs.all[number - 1].writes == 1


def test_a_renamed_repository_redirects_by_its_number(tmp_path: Path, forge: Forge, client: httpx2.Client) -> None:
    """With the path and the query, on the same host, to callers who are let in."""
    forge.create("your-org/former")
    forge.state.rename("your-org/former", "your-org/latter")
    token = bearer(forge.token)
    number = forge.state.repositories["your-org/latter"].number
    answer = client.get("/repos/your-org/former/hooks?per_page=5", headers=token)
    assert answer.status_code == 301
    assert answer.headers["location"] == f"{forge.api}/repositories/{number}/hooks?per_page=5"
    assert client.get(answer.headers["location"], headers=token).status_code == 200
    assert client.get(f"{forge.api}/repositories/7/hooks", headers=token).status_code == 404
    assert client.get("/repos/your-org/former/hooks", headers=bearer("wrong")).status_code == 401


def test_the_answers_satisfy_githubs_description(forge: Forge, client: httpx2.Client, head: str) -> None:
    """What the stand-in says is checked as strictly as what it is told."""
    app = github_apps.register(forge)
    place = forge.state.apps.install(app, "your-org", github_apps.GRANTED)
    signed = github_apps.assertion(app)
    granted = f"/app/installations/{place.number}/access_tokens"
    token = client.post(granted, headers=bearer(signed)).json()["token"]
    number = len(forge.state.runs.all) + 1
    calls: list[tuple[str, str, dict[str, Any] | None, str]] = [
        ("GET", f"{HERE}/installation", None, signed),
        ("POST", granted, {"permissions": {"checks": "write"}}, signed),
        ("POST", f"{HERE}/check-runs", {**RUN, "head_sha": head}, token),
        ("PATCH", f"{HERE}/check-runs/{number}", {"conclusion": "failure"}, token),
        ("GET", f"{HERE}/commits/{head}/check-runs", None, token),
        ("POST", f"{HERE}/check-runs/{number}/rerequest", None, token),
    ]
    for method, path, body, who in calls:
        answer = client.request(method, path, json=body, headers=bearer(who))
        assert answer.status_code < 300
        asked = Described(
            method.lower(),
            path,
            "application/json",
            orjson.dumps(body) if body else None,
            RequestParameters(query=ImmutableMultiDict()),
        )
        answered = Answered(
            answer.status_code, answer.content, "application/json", Headers(list(answer.headers.items()))
        )
        contract.description().validate_response(asked, answered)
