"""GitLab's API at the stand-in: its state machine and each rule that refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from deploy.local.forge import Checkout, Forge
from deploy.local.forge.gitlab.jobs import Job, Refused, post

PROJECT = "grp/sub/project"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """A GitLab stand-in with two bot users."""
    with Forge(tmp_path / "forge", kind="gitlab") as forge:
        forge.create(PROJECT)
        forge.add_token("other-token", "other-bot")
        yield forge


@pytest.fixture
def work(forge: Forge, tmp_path: Path) -> Checkout:
    """A clone with one commit pushed."""
    checkout = forge.checkout(PROJECT, tmp_path / "work")
    checkout.commit({"a.yaml": "a: 1\n"}, "first")
    checkout.push()
    return checkout


@pytest.fixture
def client(forge: Forge) -> Iterator[httpx2.Client]:
    """A client of the project, named by its quoted path."""
    base = f"{forge.api}/projects/{quote(PROJECT, safe='')}"
    with httpx2.Client(base_url=base, headers={"private-token": forge.token}, trust_env=False) as client:
        yield client


def address(client: httpx2.Client) -> str:
    """The project itself, without the slash a base URL ends with."""
    return str(client.base_url).rstrip("/")


def job(number: int, status: str, **changes: Any) -> Job:
    """A job of one name and user, unless told otherwise."""
    fields: dict[str, Any] = {"sha": "a" * 40, "ref": "main", "name": "hookline", "user": "bot", **changes}
    return Job(id=number, status=status, **fields)


@pytest.mark.parametrize(
    ("now", "asked", "event"),
    [
        ("pending", "pending", "enqueue"),
        ("running", "pending", "enqueue"),
        ("running", "running", "run"),
        ("running", "skipped", "skip"),
    ],
)
def test_a_transition_gitlab_refuses(now: str, asked: str, event: str) -> None:
    """In GitLab's words."""
    with pytest.raises(Refused, match=rf"^Cannot transition status via :{event} from :{now} \(Reason"):
        post([job(1, now)], job(2, asked))


@pytest.mark.parametrize("now", ["pending", "running"])
@pytest.mark.parametrize("asked", ["success", "failed", "canceled"])
def test_an_open_job_ends(now: str, asked: str) -> None:
    """The same job, in the final state."""
    assert [(one.id, one.status) for one in post([job(1, now)], job(2, asked))] == [(1, asked)]


def test_a_pending_job_runs() -> None:
    """The same job; a text that is not given stays."""
    [after] = post([job(1, "pending", description="queued")], job(2, "running"))
    assert (after.id, after.status, after.description) == (1, "running", "queued")


@pytest.mark.parametrize("final", ["success", "failed", "canceled", "skipped"])
@pytest.mark.parametrize("asked", ["pending", "running", "success", "failed"])
def test_a_write_after_a_final_state_is_a_new_job(final: str, asked: str) -> None:
    """Even an equal one; the old job is marked as retried."""
    after = post([job(1, final)], job(2, asked))
    assert [(one.id, one.status, one.is_retried) for one in after] == [(1, final, True), (2, asked, False)]


@pytest.mark.parametrize("other", [{"name": "else"}, {"ref": "dev"}, {"user": "other"}])
def test_another_name_ref_or_user_is_another_job(other: dict[str, str]) -> None:
    """Its running job is not touched."""
    after = post([job(1, "running", **other)], job(2, "success"))
    assert [(one.id, one.status) for one in after] == [(1, "running"), (2, "success")]
    assert after[0].is_retried is ("user" in other)


def test_the_machine_over_http(client: httpx2.Client, work: Checkout) -> None:
    """running, running again (400), success, success again (a second job)."""
    path = f"/statuses/{work.head}"
    codes = [
        client.post(path, json={"state": state, "name": "hookline"}).status_code
        for state in ("running", "running", "success", "success")
    ]
    assert codes == [201, 400, 201, 201]
    newest = client.get(f"/repository/commits/{work.head}/statuses", params={"name": "hookline"}).json()
    every = client.get(f"/repository/commits/{work.head}/statuses", params={"all": "true"}).json()
    assert [one["status"] for one in newest] == ["success"]
    assert [one["status"] for one in every] == ["success", "success"]


def test_two_bots_do_not_share_a_job(forge: Forge, client: httpx2.Client, work: Checkout) -> None:
    """Jobs are looked up by user, too."""
    path = f"/statuses/{work.head}"
    client.post(path, json={"state": "running", "name": "hookline"})
    answer = client.post(path, json={"state": "running", "name": "hookline"}, headers={"private-token": "other-token"})
    assert answer.status_code == 201
    assert [one.user for one in forge.jobs(PROJECT, work.head)] == ["hookline-bot", "other-bot"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"state": "failure"}, "state does not have a valid value"),
        ({"state": "error"}, "state does not have a valid value"),
        ({}, "state is missing"),
        ({"state": "success", "contxt": "x"}, "contxt is unknown"),
        ({"state": "success", "name": 7}, "name is invalid"),
        ({"state": "success", "description": "x" * 256}, "too long"),
        ({"state": "success", "target_url": "https://e.example/" + "x" * 255}, "too long"),
        ({"state": "success", "target_url": "nope"}, "blocked"),
        ([], "JSON object"),
    ],
)
def test_a_status_that_breaks_a_rule(
    forge: Forge, client: httpx2.Client, work: Checkout, body: object, words: str
) -> None:
    """400, naming what is wrong, and no job."""
    answer = client.post(f"/statuses/{work.head}", json=body)
    assert answer.status_code == 400
    assert words in answer.text
    assert forge.jobs(PROJECT, work.head) == []


def test_255_characters_are_fine_and_the_name_has_a_default(
    forge: Forge, client: httpx2.Client, work: Checkout
) -> None:
    """``name`` goes before ``context``, and "default" is what neither gives."""
    for body in ({"description": "x" * 255}, {"context": "c"}, {"context": "c", "name": "n"}):
        assert client.post(f"/statuses/{work.head}", json={"state": "success", **body}).status_code == 201
    assert [one.name for one in forge.jobs(PROJECT, work.head)] == ["default", "c", "n"]


@pytest.mark.parametrize("sha", ["main", "a" * 40, "a" * 7])
def test_a_revision_that_is_no_commit(client: httpx2.Client, work: Checkout, sha: str) -> None:
    """404 for the commit."""
    answer = client.post(f"/statuses/{sha}", json={"state": "success"})
    assert (answer.status_code, answer.json()["message"]) == (404, "404 Commit Not Found")


def test_a_commit_on_no_branch_needs_a_ref(client: httpx2.Client, work: Checkout) -> None:
    """404 for its references; with a ref it is taken."""
    gone = work.commit({}, "soon gone")
    work.push()
    work.run("reset", "-q", "--hard", "HEAD~1")
    work.push(force=True)
    without = client.post(f"/statuses/{gone}", json={"state": "success"})
    assert (without.status_code, without.json()["message"]) == (404, "404 References for commit Not Found")
    assert client.post(f"/statuses/{gone}", json={"state": "success", "ref": "main"}).status_code == 201


@pytest.mark.parametrize("headers", [{"private-token": "wrong"}, {"private-token": ""}])
def test_a_wrong_token(client: httpx2.Client, work: Checkout, headers: dict[str, str]) -> None:
    """401."""
    assert client.get(address(client), headers=headers).status_code == 401


def test_a_project_by_id_and_by_bearer_token(forge: Forge, client: httpx2.Client, work: Checkout) -> None:
    """Both of GitLab's ways to name a project and to show a token."""
    shown = client.get(address(client)).json()
    assert shown["path_with_namespace"] == PROJECT
    by_id = client.get(
        f"{forge.api}/projects/{shown['id']}",
        headers={"private-token": "", "authorization": f"Bearer {forge.token}"},
    )
    assert by_id.json() == shown
    assert client.get(f"{forge.api}/projects/{PROJECT}").status_code == 404


def test_a_merge_request_is_opened_and_merged(client: httpx2.Client, work: Checkout) -> None:
    """Over the API, with a real merge commit in the repository."""
    work.switch("scale")
    head = work.commit({"a.yaml": "a: 5\n"}, "scale")
    work.push()
    body = {"source_branch": "scale", "target_branch": "main", "title": "Scale"}
    opened = client.post("/merge_requests", json=body)
    assert (opened.status_code, opened.json()["iid"], opened.json()["state"]) == (201, 1, "opened")
    assert client.put("/merge_requests/1/merge", json={"sha": "d" * 40}).status_code == 409
    merged = client.put("/merge_requests/1/merge", json={"sha": head})
    assert (merged.status_code, merged.json()["state"]) == (200, "merged")
    work.switch("main")
    assert work.pull() == merged.json()["merge_commit_sha"]
    assert client.put("/merge_requests/1/merge").status_code == 422
    assert client.put("/merge_requests/7/merge").status_code == 404


def test_what_is_not_there(client: httpx2.Client, work: Checkout) -> None:
    """A call GitLab has and the stand-in has not is 404, never a wrong answer."""
    assert client.get("/pipelines").status_code == 404
    assert client.post("/merge_requests", json={}).status_code == 400
    assert (
        client.post("/merge_requests", json={"source_branch": "x", "target_branch": "main", "title": "t"}).status_code
        == 409
    )
