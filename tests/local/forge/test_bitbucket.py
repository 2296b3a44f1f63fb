"""Both Bitbuckets at the stand-in: each rule that refuses, one status for a key, and events the receiver reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.forge import Forge
from deploy.local.forge.bitbucket import payloads, rules
from receiver.forges import bitbucket, bitbucket_data_center
from receiver.signatures import Secrets
from workers.model import Event

REPOSITORY = "TEAM/app"
GOOD = {"key": "hookline", "state": "SUCCESSFUL", "url": "https://hookline.example/", "name": "hookline"}
KINDS = ("bitbucket", "bitbucket-data-center", "bitbucket-server")


class Site:
    """A stand-in with one commit, and its API."""

    def __init__(self, forge: Forge, folder: Path) -> None:
        self.forge = forge
        self.checkout = forge.checkout(REPOSITORY, folder)
        self.sha = self.checkout.commit({"a.yaml": "a: 1\n"}, "first")
        self.checkout.push()

    def path(self, sha: str = "", repository: str = REPOSITORY) -> str:
        """Where the statuses of a commit are written."""
        sha, (project, slug) = sha or self.sha, repository.split("/")
        return {
            "bitbucket": f"/repositories/{repository}/commit/{sha}/statuses/build",
            "bitbucket-data-center": f"/api/latest/projects/{project}/repos/{slug}/commits/{sha}/builds",
            "bitbucket-server": f"/build-status/1.0/commits/{sha}",
        }[self.forge.kind]

    def post(self, body: Any, path: str = "", authorization: str = "") -> httpx2.Response:
        """Write one status."""
        headers = {"authorization": authorization or f"Bearer {self.forge.token}"}
        return httpx2.post(self.forge.api + (path or self.path()), json=body, headers=headers, trust_env=False)

    def get(self, path: str) -> Any:
        """Read something of the API."""
        headers = {"authorization": f"Bearer {self.forge.token}"}
        return httpx2.get(self.forge.api + path, headers=headers, trust_env=False).json()


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Each kind of Bitbucket."""
    with Forge(tmp_path / "forge", kind=request.param) as forge:
        forge.create(REPOSITORY)
        yield Site(forge, tmp_path / "work")


def test_a_key_is_one_status_whose_last_write_counts(site: Site) -> None:
    """Written again it says something else, and there is still one."""
    codes = [site.post({**GOOD, "state": state}).status_code for state in ("INPROGRESS", "FAILED", "SUCCESSFUL")]
    codes.append(site.post({**GOOD, "key": "hookline/app"}).status_code)
    if site.forge.kind == "bitbucket":
        found = site.get(site.path().removesuffix("/build"))["values"]
    else:
        found = site.get(f"/build-status/1.0/commits/{site.sha}")["values"]
    assert codes == [201 if site.forge.kind == "bitbucket" else 204] * 4
    assert [(one["key"], one["state"]) for one in found] == [("hookline/app", "SUCCESSFUL"), ("hookline", "SUCCESSFUL")]
    assert [one.state for one in site.forge.statuses(context="hookline")] == ["INPROGRESS", "FAILED", "SUCCESSFUL"]
    if site.forge.kind != "bitbucket-server":
        by_key = "/{}" if site.forge.kind == "bitbucket" else "?key={}"
        assert site.get(site.path() + by_key.format("hookline"))["state"] == "SUCCESSFUL"
        assert "state" not in site.get(site.path() + by_key.format("other"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": ""}, "url"),
        ({"key": ""}, "key"),
        ({"state": ""}, "state"),
        ({"state": "success"}, "state"),
        ({"state": "SUCCEEDED"}, "state"),
        ({"key": "k" * 256}, "key"),
        ({"name": "n" * 256}, "name"),
        ({"description": "d" * 256}, "description"),
        ({"url": "https://hookline.example/" + "u" * 430}, "url"),
        ({"url": "hookline.example"}, "url"),
        ({"context": "hookline"}, "context"),
        ({"name": 1}, "name"),
    ],
)
def test_a_status_both_refuse(change: dict[str, Any], field: str) -> None:
    """The field is named."""
    for refusal in (rules.cloud, rules.server, partial(rules.server, old=True)):
        assert refusal(GOOD) is None
        assert (refusal({**GOOD, **change}) or ("",))[0] == field


def test_only_the_cloud_wants_short_keys() -> None:
    """40 characters; a Data Center takes 255."""
    for refusal, longest in ((rules.cloud, 40), (rules.server, 255)):
        assert refusal({**GOOD, "key": "k" * longest}) is None
        said = f"Ensure this value has at most {longest} characters (it has {longest + 1})."
        assert refusal({**GOOD, "key": "k" * (longest + 1)}) == ("key", said)


def test_each_has_states_of_its_own() -> None:
    """STOPPED is the Cloud's, CANCELLED a Data Center's since 8.0; what is no object is no status."""
    refused = [
        [bool(refusal({**GOOD, "state": state})) for state in ("STOPPED", "CANCELLED", "FAILED")]
        for refusal in (rules.cloud, rules.server, partial(rules.server, old=True))
    ]
    assert refused == [[False, True, False], [True, False, False], [True, True, False]]
    assert rules.cloud([]) == rules.server(None) == ("body", "Expected a JSON object.")


def test_what_is_refused_is_not_kept(site: Site) -> None:
    """400 in the forge's own shape; 401 without a good token."""
    answer = site.post({**GOOD, "url": ""})
    said = answer.json()
    named = list(said["error"]["fields"]) if "error" in said else [one["context"] for one in said["errors"]]
    assert (answer.status_code, named) == (400, ["url"])
    wrong = ("Bearer wrong", "Basic aGE6aGE=")
    assert [site.post(GOOD, authorization=one).status_code for one in wrong] == [401, 401]
    assert site.forge.statuses() == []


def test_only_the_cloud_keeps_a_status_to_its_creator(site: Site) -> None:
    """Another user cannot overwrite it, and may write one of another key."""
    site.forge.add_token("other-token", "other-bot")
    site.post(GOOD)
    answers = [
        site.post({**GOOD, "key": key}, authorization="Bearer other-token") for key in ("hookline", "hookline/app")
    ]
    codes = [answer.status_code for answer in answers]
    assert codes == ([403, 201] if site.forge.kind == "bitbucket" else [204, 204])


def test_what_is_not_there(site: Site) -> None:
    """An unknown repository and an unknown commit are told apart; the old resource believes in any commit."""
    nobody, nothing = site.path(repository="TEAM/other"), site.path(sha="a" * 40)
    answers = [site.post(GOOD, path) for path in (nobody, nothing)]
    if site.forge.kind == "bitbucket-server":
        assert [answer.status_code for answer in answers] == [204, 204]
        return
    words = ("Repository", "Commit") if site.forge.kind == "bitbucket" else ("NoSuchRepository", "NoSuchCommit")
    assert [(answer.status_code, word in answer.text) for answer, word in zip(answers, words, strict=True)] == [
        (404, True)
    ] * 2


def test_a_server_before_7_4_knows_no_builds_of_a_repository(tmp_path: Path) -> None:
    """It answers as a path nobody serves."""
    with Forge(tmp_path / "forge", kind="bitbucket-server") as forge:
        forge.create(REPOSITORY)
        site = Site(forge, tmp_path / "work")
        answer = site.post(GOOD, f"/api/latest/projects/TEAM/repos/app/commits/{site.sha}/builds")
    assert (answer.status_code, "errors" in answer.json()) == (404, False)


def read(forge: Forge) -> list[Event]:
    """What the receiver makes of every delivery, its signature checked."""
    server = forge.kind != "bitbucket"
    side = bitbucket_data_center if server else bitbucket
    events: list[Event] = []
    for delivery in forge.deliveries:
        headers = (payloads.server_headers if server else payloads.cloud_headers)(delivery, forge.secret)
        assert side.verify(headers, delivery.body, Secrets((forge.secret.encode(),)), 0.0)
        assert not side.verify(headers, delivery.body + b" ", Secrets((forge.secret.encode(),)), 0.0)
        found = side.read(headers, delivery.body, "main")
        assert isinstance(found, tuple), found
        events += found
    return events


@pytest.mark.parametrize("kind", ["bitbucket", "bitbucket-data-center"])
def test_the_receiver_reads_its_events(kind: str, tmp_path: Path) -> None:
    """New branches, a pull request, its merge, and a deleted branch."""
    with Forge(tmp_path / "forge", kind=kind, webhooks=["http://127.0.0.1:9/"]) as forge:
        forge.silence()
        forge.create(REPOSITORY, public_url="https://bitbucket.example/scm/TEAM/app.git")
        work = forge.checkout(REPOSITORY, tmp_path / "work")
        first = work.commit({"a.yaml": "a: 1\n"}, "first")
        work.push()
        work.switch("change")
        second = work.commit({"a.yaml": "a: 2\n"}, "second")
        work.push()
        merged = forge.merge(REPOSITORY, forge.open_pull(REPOSITORY, "change").number)
        work.push(":refs/heads/change")
        events = read(forge)
    told = [(one.kind, one.action, one.ref, one.after) for one in events]
    assert told == [
        ("push", "created", "refs/heads/main", first),
        ("push", "created", "refs/heads/change", second),
        ("pull request", "opened", "refs/heads/main", "" if kind == "bitbucket" else second),
        ("pull request", "closed", "refs/heads/main", "" if kind == "bitbucket" else merged),
        ("push", "updated", "refs/heads/main", merged),
        ("push", "deleted", "refs/heads/change", ""),
    ]
    assert {(one.repository, one.sender) for one in events} == {(REPOSITORY, "ada")}
    assert [one.merged for one in events if one.action == "closed"] == [True]
