"""GitHub's API at the stand-in: each rule that refuses, and answers in GitHub's shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers

from deploy.local.forge import Checkout, Forge, trim
from deploy.local.forge.github import contract
from deploy.local.forge.github.contract import Described
from deploy.local.forge.github.statuses import overall

REPOSITORY = "your-org/your-repo"
GOOD = {"state": "success", "context": "hookline", "description": "in sync", "target_url": "https://hookline.example/"}


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """A GitHub stand-in."""
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY)
        yield forge


@pytest.fixture
def work(forge: Forge, tmp_path: Path) -> Checkout:
    """A clone with one commit pushed."""
    checkout = forge.checkout(REPOSITORY, tmp_path / "work")
    checkout.commit({"a.yaml": "a: 1\n"}, "first")
    checkout.push()
    return checkout


@pytest.fixture
def client(forge: Forge) -> Iterator[httpx2.Client]:
    """A client with the right headers."""
    headers = {"authorization": f"Bearer {forge.token}", "x-github-api-version": "2022-11-28"}
    with httpx2.Client(base_url=f"{forge.api}/repos/{REPOSITORY}", headers=headers, trust_env=False) as client:
        yield client


def test_a_good_status_is_kept_and_shown(forge: Forge, client: httpx2.Client, work: Checkout) -> None:
    """201 with GitHub's fields, then in the list, the combined status and the record."""
    answer = client.post(f"/statuses/{work.head}", json=GOOD)
    assert answer.status_code == 201
    assert {key: answer.json()[key] for key in GOOD} == GOOD
    assert client.get(f"/commits/{work.head}/statuses").json() == [answer.json()]
    assert client.get("/commits/main/status").json()["state"] == "success"
    [written] = forge.statuses(sha=work.head)
    assert (written.state, written.creator, written.number) == ("success", "hookline-bot", 1)
    assert written.at > 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "succeeded"}, "succeeded"),
        ({"state": None}, "state"),
        ({"contxt": "hookline"}, "unknown key"),
        ({"description": "x" * 141}, "too long (maximum is 140 characters)"),
        ({"description": "a\nb"}, "one line"),
        ({"description": 7}, "description"),
        ({"target_url": "nope"}, "http(s)"),
        ({"target_url": "ftp://example.com/"}, "http(s)"),
        ({"target_url": "http://["}, "http(s)"),
        ({"target_url": "https://"}, "http(s)"),
        ({"context": ""}, "context must be set"),
        ({"context": "x" * 256}, "context is too long"),
    ],
)
def test_a_status_that_breaks_a_rule(
    forge: Forge, client: httpx2.Client, work: Checkout, change: dict[str, Any], words: str
) -> None:
    """422 in GitHub's shape, naming what is wrong, and nothing is kept."""
    answer = client.post(f"/statuses/{work.head}", json={**GOOD, **change})
    assert answer.status_code == 422
    assert words in answer.text
    assert answer.json()["message"]
    assert forge.statuses() == []


def test_140_characters_and_no_optional_field_are_fine(forge: Forge, client: httpx2.Client, work: Checkout) -> None:
    """The limit itself, emoji included, is allowed; link and text may be missing."""
    assert client.post(f"/statuses/{work.head}", json={**GOOD, "description": "🚀" * 140}).status_code == 201
    assert client.post(f"/statuses/{work.head}", json={"state": "pending", "context": "c"}).status_code == 201


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"state"', b"{}"])
def test_a_body_that_is_no_status(forge: Forge, client: httpx2.Client, work: Checkout, body: bytes) -> None:
    """Is refused and the forge lives."""
    answer = client.post(f"/statuses/{work.head}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert client.post(f"/statuses/{work.head}", json=GOOD).status_code == 201


def test_another_content_type_is_refused(client: httpx2.Client, work: Checkout) -> None:
    """GitHub describes JSON only."""
    answer = client.post(f"/statuses/{work.head}", content=orjson.dumps(GOOD), headers={"content-type": "text/plain"})
    assert answer.status_code == 422


@pytest.mark.parametrize("sha", ["main", "HEAD", "a" * 40, "a" * 39])
def test_a_revision_that_is_no_commit(client: httpx2.Client, work: Checkout, sha: str) -> None:
    """Only a full id of a commit that is there takes a status."""
    answer = client.post(f"/statuses/{sha}", json=GOOD)
    assert answer.status_code == 422
    assert answer.json()["message"] == f"No commit found for SHA: {sha}"


def test_a_short_or_other_id_of_a_real_object(client: httpx2.Client, work: Checkout) -> None:
    """Neither an abbreviated commit nor its tree is a commit's id."""
    for sha in (work.head[:12], work.run("rev-parse", "HEAD^{tree}")):
        assert client.post(f"/statuses/{sha}", json=GOOD).status_code == 422


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic c3RhbmQtaW4tdG9rZW4="}, 401),
        ({"user-agent": ""}, 403),
        ({"x-github-api-version": "1999-01-01"}, 400),
        ({"x-github-api-version": ""}, 400),
    ],
)
def test_a_caller_github_turns_away(
    forge: Forge, client: httpx2.Client, work: Checkout, headers: dict[str, str], code: int
) -> None:
    """Who asks is checked before what is asked."""
    assert client.post(f"/statuses/{work.head}", json=GOOD, headers=headers).status_code == code
    assert forge.statuses() == []


def test_1000_statuses_and_not_one_more(forge: Forge, client: httpx2.Client, work: Checkout) -> None:
    """Per commit and context, whatever the case of its letters."""
    for _ in range(999):
        forge.note(REPOSITORY, work.head, "HookLine", "pending")
    assert client.post(f"/statuses/{work.head}", json=GOOD).status_code == 201
    answer = client.post(f"/statuses/{work.head}", json=GOOD)
    assert answer.status_code == 422
    assert "maximum number of statuses" in answer.text
    assert client.post(f"/statuses/{work.head}", json={**GOOD, "context": "other"}).status_code == 201


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/status/" + "a" * 40),
        ("GET", "/statuses/" + "a" * 40),
        ("GET", "/issues/1"),
        ("GET", "/commits/nothing/status"),
        ("GET", "/commits/nothing/statuses"),
        ("GET", "/pulls/9"),
        ("PUT", "/pulls/9/merge"),
    ],
)
def test_what_is_not_there(client: httpx2.Client, work: Checkout, method: str, path: str) -> None:
    """404 in GitHub's shape for a call it does not have and a thing nobody made."""
    answer = client.request(method, path, json=GOOD if method == "POST" else None)
    assert answer.status_code == 404
    assert answer.json()["message"] == "Not Found"


def test_another_repository_is_not_there(forge: Forge, client: httpx2.Client, work: Checkout) -> None:
    """A name that was not made."""
    url = f"{forge.api}/repos/your-org/other/statuses/{work.head}"
    assert client.post(url, json=GOOD).status_code == 404


@pytest.mark.parametrize(
    ("states", "one"),
    [
        ([], "pending"),
        (["success"], "success"),
        (["success", "pending"], "pending"),
        (["pending", "failure"], "failure"),
        (["error", "success"], "failure"),
    ],
)
def test_the_combined_state(states: list[str], one: str) -> None:
    """As GitHub combines the newest state of each context."""
    assert overall(states) == one


def test_the_newest_status_of_a_context_counts(client: httpx2.Client, work: Checkout) -> None:
    """The list keeps all, newest first and in pages; the combined status shows the last word."""
    for state in ("pending", "failure", "success"):
        client.post(f"/statuses/{work.head}", json={**GOOD, "state": state})
    listed = client.get(f"/commits/{work.head}/statuses", params={"per_page": 2}).json()
    rest = client.get(f"/commits/{work.head}/statuses", params={"per_page": 2, "page": 2}).json()
    assert [one["state"] for one in [*listed, *rest]] == ["success", "failure", "pending"]
    combined = client.get(f"/commits/{work.head}/status").json()
    assert (combined["state"], combined["total_count"]) == ("success", 1)


def test_a_pull_request_is_opened_read_and_merged(forge: Forge, client: httpx2.Client, work: Checkout) -> None:
    """Over the API, with a real merge commit of two parents in the repository."""
    base = work.head
    work.switch("scale")
    head = work.commit({"a.yaml": "a: 5\n"}, "scale")
    work.push()
    opened = client.post("/pulls", json={"title": "Scale", "head": "scale", "base": "main"})
    assert opened.status_code == 201
    assert (opened.json()["number"], opened.json()["merged"]) == (1, False)
    wrong = client.put("/pulls/1/merge", json={"sha": "d" * 40})
    assert wrong.status_code == 409
    merged = client.put("/pulls/1/merge", json={"sha": head})
    assert merged.status_code == 200
    read = client.get("/pulls/1").json()
    assert (read["state"], read["merged"], read["merge_commit_sha"]) == ("closed", True, merged.json()["sha"])
    assert (read["base"]["sha"], read["head"]["sha"]) == (base, head)
    work.switch("main")
    assert work.pull() == merged.json()["sha"]
    assert work.run("show", "-s", "--format=%P").split() == [base, head]
    assert client.put("/pulls/1/merge").status_code == 405


def test_a_conflict_is_not_merged(client: httpx2.Client, work: Checkout) -> None:
    """405, and the branch stays where it was."""
    work.switch("scale")
    work.commit({"a.yaml": "a: 5\n"}, "five")
    work.push()
    work.switch("main")
    main = work.commit({"a.yaml": "a: 7\n"}, "seven")
    work.push()
    assert client.post("/pulls", json={"title": "t", "head": "scale", "base": "main"}).status_code == 201
    answer = client.put("/pulls/1/merge")
    assert answer.status_code == 405
    assert "not mergeable" in answer.json()["message"]
    assert work.pull() == main


@pytest.mark.parametrize("body", [{"head": "nothing", "base": "main"}, {"head": "main", "base": "main"}, {}])
def test_a_pull_request_of_nothing(client: httpx2.Client, work: Checkout, body: dict[str, str]) -> None:
    """422: no such branch, no commits, no branches named."""
    assert client.post("/pulls", json={"title": "t", **body}).status_code == 422


@dataclass
class Answered:
    """An answer in the words of the validator."""

    status_code: int
    data: bytes
    content_type: str
    headers: Headers


def test_the_answers_satisfy_githubs_description(client: httpx2.Client, work: Checkout) -> None:
    """What the stand-in says is checked as strictly as what it is told."""
    work.switch("scale")
    work.commit({}, "scale")
    work.push()
    calls: list[tuple[str, str, dict[str, str] | None]] = [
        ("POST", f"/statuses/{work.head}", GOOD),
        ("GET", f"/commits/{work.head}/statuses", None),
        ("GET", f"/commits/{work.head}/status", None),
        ("POST", "/pulls", {"title": "t", "head": "scale", "base": "main"}),
        ("GET", "/pulls/1", None),
        ("PUT", "/pulls/1/merge", {}),
        ("GET", "/pulls/1", None),
    ]
    for method, path, body in calls:
        answer = client.request(method, path, json=body)
        asked = Described(
            method.lower(),
            f"/repos/{REPOSITORY}{path}",
            "application/json",
            orjson.dumps(body),
            RequestParameters(),
        )
        answered = Answered(
            answer.status_code, answer.content, "application/json", Headers(list(answer.headers.items()))
        )
        contract.description().validate_response(asked, answered)


def test_the_description_is_what_trimming_leaves() -> None:
    """The committed files hold what the script keeps and nothing else; trimming them again changes nothing."""
    api = orjson.loads((contract.DATA / "api.github.com.json").read_bytes())
    webhooks = orjson.loads((contract.DATA / "webhooks.github.com.json").read_bytes())
    assert trim.calls(api) == api
    assert trim.events(webhooks) == webhooks
    assert set(api["paths"]) == set(trim.CALLS)
