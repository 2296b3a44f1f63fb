"""A real Gitea: real repository, signed webhook, pull request and merge, and the statuses read back from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from deploy.local import binaries
from deploy.local.control_plane import ControlPlane
from deploy.local.forge import Forge
from deploy.local.gitea import Gitea
from deploy.local.gitea.server import BOT
from deploy.local.stack import REPOSITORY, Stack, application
from deploy.local.story import Story
from workers import forges
from workers.errors import AccessDenied, ForgeUnreachable, SourceMissing
from workers.model import Commit, State, Status

pytestmark = pytest.mark.cluster  # `make gitea` builds what it needs, as `make binaries` does for the others

OTHER = "your-org/other"
COMPARED = "your-org/compared"
STATUS = Status("hookline", State.SUCCESS, "in sync", "https://hookline.example/")


@pytest.fixture(scope="module")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """One server with an empty repository."""
    with Gitea(tmp_path_factory.mktemp("gitea"), binary=binaries.built(binaries.GITEA)) as gitea:
        gitea.create(REPOSITORY)
        yield gitea


def test_the_story_at_gitea(gitea: Gitea, tmp_path: Path, cluster: ControlPlane) -> None:
    """A push and a merged pull request end green, a manifest the API server refuses ends red, each once."""
    stack = Stack(tmp_path / "hookline", cluster.kubeconfig, gitea)
    (stack.catalog / "myapp.yaml").write_text(application(gitea))
    with stack:
        story = Story(stack, cluster.kubectl, cluster.kubeconfig, tmp_path)
        commits = []
        with story.sight:
            for act in (story.first_push, story.merge, story.broken):
                story.play("", act)
                commits.append(story.checkout.head)
        answers = {one.code for one in gitea.settle()}  # while there is somebody to answer
        stack.rest()  # a busy Gitea tells of a commit again after its end
        ends = {sha: {one.context: one for one in gitea.statuses(sha=sha)} for sha in commits}
        again = httpx2.get(f"{gitea.api}/repos/{REPOSITORY}/pulls/1", trust_env=False).json()
    assert [gitea.combined(REPOSITORY, sha) for sha in commits] == ["success", "success", "failure"]
    assert [sorted(ends[sha]) for sha in commits] == [["hookline", "hookline/myapp"]] * 3
    assert {one.creator for found in ends.values() for one in found.values()} == {BOT}
    assert (again["merged"], again["merge_commit_sha"]) == (True, commits[1])
    assert "spec.replicas" in ends[commits[2]]["hookline"].description
    assert answers == {202}


def test_what_gitea_says_no_to(gitea: Gitea, tmp_path: Path) -> None:
    """A commit it does not have, a repository, a token that is wrong and one that may only read; then good writes.

    The last one goes to the name that the repository had when the push came.
    """
    gitea.create(OTHER)
    checkout = gitea.checkout(OTHER, tmp_path / "work")
    sha = checkout.commit({"a.yaml": "a: 1\n"}, "another")
    checkout.push()
    commit = Commit("main", OTHER, sha, "refs/heads/main")
    account = forges.Account("gitea", gitea.api, lambda: gitea.token)
    with httpx2.Client(timeout=10, trust_env=False) as client:
        with pytest.raises(SourceMissing, match="has no commit bbbbbbbbbbbb"):
            forges.write(account, client, replace(commit, revision="b" * 40), STATUS)
        with pytest.raises(AccessDenied, match="404"):
            forges.write(account, client, replace(commit, repository="your-org/none"), STATUS)
        with pytest.raises(AccessDenied, match="401"):
            forges.write(replace(account, token=lambda: "wrong"), client, commit, STATUS)
        reads = gitea.add_token("read:repository")
        with pytest.raises(AccessDenied, match=r"403 .*write:repository"):
            forges.write(replace(account, token=lambda: reads), client, commit, STATUS)
        with pytest.raises(ForgeUnreachable):
            forges.write(replace(account, api="http://127.0.0.1:9/api/v1"), client, commit, STATUS)
        told = replace(STATUS, text="é" * 300)
        shown = [forges.shows(account, client, commit, told)]
        for _ in range(2):
            forges.write(account, client, commit, told)
            shown.append(forges.shows(account, client, commit, told))
        shown.append(forges.shows(account, client, commit, STATUS))
        written = gitea.statuses(sha=sha)
        gitea.owner.ask("PATCH", f"/repos/{OTHER}", {"name": "renamed"})
        forges.write(account, client, commit, replace(STATUS, context="hookline/app"))
    assert [(one.context, one.state, len(one.description)) for one in written] == [("hookline", "success", 255)] * 2
    assert [one.context for one in gitea.owner.statuses("your-org/renamed", sha)] == ["hookline"] * 2 + ["hookline/app"]
    assert gitea.combined("your-org/renamed", sha) == "success"
    assert shown == [False, True, True, False]


def test_the_stand_in_answers_as_gitea_does(gitea: Gitea, tmp_path: Path) -> None:
    """Every call about statuses, allowed and refused: the same code, words, redirect and status."""
    with Forge(tmp_path / "forge", kind="gitea", token=gitea.token, bot=BOT) as forge:
        answers = [_answers(site, tmp_path / name) for name, site in (("real", gitea), ("ours", forge))]
    assert answers[0] == answers[1]
    assert [answer[0] for answer in answers[0]] == [
        200,
        201,
        201,
        201,
        200,
        200,
        404,
        404,
        500,
        404,
        401,
        401,
        422,
        301,
    ]


def _answers(site: Gitea | Forge, folder: Path) -> list[tuple[int, str, object]]:
    """Return code, redirect and what is told of each call, the commit's own name left out."""
    site.create(COMPARED)
    checkout = site.checkout(COMPARED, folder)
    sha, none = checkout.commit({"a.yaml": "a: 1\n"}, "first"), "b" * 40
    checkout.push()
    good = {"state": "pending", "context": "hookline", "description": "d", "target_url": "https://hookline.example/"}
    place, right = f"/repos/{COMPARED}", {"authorization": f"Bearer {site.token}"}

    def ask(path: str, body: object = None, headers: dict[str, str] = right) -> tuple[int, str, object]:
        method = "GET" if body is None else "POST"
        answer = httpx2.request(method, site.api + path, json=body, headers=headers, trust_env=False)
        return answer.status_code, answer.headers.get("location", "").replace(sha, "SHA"), _told(answer)

    asked = [
        ask(f"{place}/commits/{sha}/status?limit=50"),
        ask(f"{place}/statuses/{sha}", good),
        ask(f"{place}/statuses/{sha}", {**good, "context": "hookline/app"}),
        ask(f"{place}/statuses/{sha}", {**good, "state": "success"}),
        ask(f"{place}/commits/{sha}/status?limit=50"),
        ask(f"{place}/git/commits/{sha}?stat=false"),
        ask(f"{place}/git/commits/{none}?stat=false"),
        ask(f"{place}/commits/{none}/status?limit=50"),
        ask(f"{place}/statuses/{none}", good),
        ask(f"/repos/your-org/none/statuses/{sha}", good),
        ask(f"{place}/statuses/{sha}", good, {"authorization": "Bearer wrong"}),
        ask(f"{place}/statuses/{sha}", good, {}),
        ask(f"{place}/statuses/{sha}", {**good, "state": 1}),
    ]
    if isinstance(site, Gitea):
        site.owner.ask("PATCH", place, {"name": "moved"})
    else:
        site.state.rename(COMPARED, "your-org/moved")
    return [*asked, ask(f"{place}/statuses/{sha}", good)]


def _told(answer: httpx2.Response) -> object:
    """What the writer reads of an answer: of an error its words, but not those of Gitea's JSON library."""
    if answer.status_code in (301, 422):
        return ""
    body = answer.json()
    if not answer.is_success:
        return body["message"]
    listed = [body] if "context" in body else body.get("statuses")
    return [
        [one[name] for name in ("status", "context", "description", "target_url")] + [one["creator"]["login"]]
        for one in listed or []
    ]
