"""What is read of a pull request in each forge's own words: never half of one, and a fork wherever it is in doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from workers.errors import BadConfiguration, SourceMissing
from workers.forges import opened, pulls
from workers.pull import Pull

A, B = "a" * 40, "b" * 40
BLANK = Pull("main", "your-org/your-repo", "7", 12, "", "", "")
HUB: dict[str, Any] = {
    "state": "open",
    "user": {"login": "ada", "id": 4},
    "head": {"ref": "change", "sha": A, "repo": {"id": 7}},
    "base": {"ref": "main", "sha": B, "repo": {"id": 7}},
    "labels": [{"name": "plan"}],
}
LAB: dict[str, Any] = {
    "state": "opened",
    "author": {"username": "ada", "id": 4},
    "sha": A,
    "source_branch": "change",
    "target_branch": "main",
    "source_project_id": 7,
    "target_project_id": 7,
    "labels": ["plan"],
}
CLOUD: dict[str, Any] = {
    "state": "OPEN",
    "author": {"nickname": "ada", "uuid": "{4}"},
    "source": {"branch": {"name": "change"}, "commit": {"hash": A}, "repository": {"uuid": "{7}"}},
    "destination": {"branch": {"name": "main"}, "commit": {"hash": B[:12]}, "repository": {"uuid": "{7}"}},
}
SERVER: dict[str, Any] = {
    "state": "OPEN",
    "author": {"user": {"name": "ada", "id": 4}},
    "fromRef": {"id": "refs/heads/change", "latestCommit": A, "repository": {"id": 7}},
    "toRef": {"id": "refs/heads/main", "latestCommit": B, "repository": {"id": 7}},
}
GOOD = {"github": HUB, "gitea": HUB, "gitlab": LAB, "bitbucket": CLOUD, "bitbucket-data-center": SERVER}


@pytest.mark.parametrize("kind", GOOD)
def test_an_open_pull_request_is_read_whole(kind: str) -> None:
    """Branches as full refs, commits as full ids, people by name and number."""
    found = opened.parsed(kind, BLANK, GOOD[kind])
    assert found is not None
    assert (found.ref, found.head, found.source, found.fork, found.author) == (
        "refs/heads/main",
        A,
        "change",
        False,
        "ada",
    )
    assert found.base == (B if kind in ("github", "gitea", "bitbucket-data-center") else "")
    assert found.author_id == ("{4}" if kind == "bitbucket" else "4")
    assert found.repository_id == BLANK.repository_id
    unknown = opened.parsed(kind, replace(BLANK, repository_id=""), GOOD[kind])
    assert unknown == replace(found, repository_id="{7}" if kind == "bitbucket" else "7")
    assert found.labels == (("plan",) if "bitbucket" not in kind else ())
    assert (found.hook, found.repository, found.repository_id, found.number) == ("main", "your-org/your-repo", "7", 12)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("github", {**HUB, "head": {**HUB["head"], "repo": {"id": 8}}}),
        ("github", {**HUB, "head": {**HUB["head"], "repo": None}}),
        ("github", {**HUB, "head": {**HUB["head"], "repo": {}}, "base": {**HUB["base"], "repo": {}}}),
        ("gitea", {**HUB, "head": {**HUB["head"], "repo": None}, "base": {**HUB["base"], "repo": None}}),
        ("gitlab", {**LAB, "source_project_id": None}),
        ("gitlab", {**LAB, "source_project_id": 8}),
        ("bitbucket", {**CLOUD, "source": {**CLOUD["source"], "repository": None}}),
        ("bitbucket-data-center", {**SERVER, "fromRef": {**SERVER["fromRef"], "repository": {"id": 8}}}),
    ],
)
def test_whatever_is_not_surely_ours_is_a_fork(kind: str, found: dict[str, Any]) -> None:
    """Deleted forks too; a fork's branch is no branch of ours to look for."""
    read = opened.parsed(kind, BLANK, found)
    assert read is not None
    assert (read.fork, read.source) == (True, "")


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("github", "closed"),
        ("gitea", "closed"),
        ("gitlab", "merged"),
        ("gitlab", "closed"),
        ("gitlab", "locked"),
        ("bitbucket", "MERGED"),
        ("bitbucket", "DECLINED"),
        ("bitbucket-data-center", "DECLINED"),
    ],
)
def test_one_that_is_not_open_is_none(kind: str, state: str) -> None:
    """However it ended."""
    assert opened.parsed(kind, BLANK, {**GOOD[kind], "state": state}) is None


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("value", [None, 7, [], "", {}])
def test_half_an_answer_is_no_pull_request(kind: str, value: object) -> None:
    """Every field that a plan needs, in every wrong type: refused in one way, and nothing is guessed."""
    needed = {"gitlab": ("sha", "target_branch"), "bitbucket": ("source", "destination")}
    for field in needed.get(kind, ("fromRef", "toRef") if "server" in kind or "center" in kind else ("head", "base")):
        with pytest.raises(SourceMissing, match="pull request 12"):
            opened.parsed(kind, BLANK, {**GOOD[kind], field: value})


def test_many_labels_are_cut_and_odd_ones_left_out() -> None:
    """A stranger cannot fill a record with them."""
    found = opened.parsed("gitlab", BLANK, {**LAB, "labels": [*[f"l{n}" for n in range(500)], 7]})
    assert found is not None
    assert len(found.labels) == opened.MOST_LABELS


@pytest.mark.parametrize(
    ("kind", "found", "commit"),
    [
        ("bitbucket-data-center", {"state": "MERGED", "properties": {"mergeCommit": {"id": A}}}, A),
        ("bitbucket-data-center", {"state": "OPEN", "properties": {"mergeCommit": {"id": A}}}, ""),
        ("bitbucket", {"state": "MERGED", "merge_commit": {"hash": A}}, A),
        ("bitbucket", {"state": "MERGED", "merge_commit": {"hash": A[:12]}}, ""),
        ("bitbucket", {"state": "MERGED", "merge_commit": None}, ""),
        ("gitlab", {"state": "merged", "merge_commit_sha": B}, B),
        ("github", {"state": "closed", "merged": True, "merge_commit_sha": B}, B),
        ("github", {"state": "closed", "merged": False, "merge_commit_sha": B}, ""),
    ],
)
def test_what_a_merge_made_is_told_whole_or_not_at_all(kind: str, found: dict[str, Any], commit: str) -> None:
    """And never for one that was closed unmerged."""
    assert opened.merge(kind, found) == commit


@pytest.mark.parametrize(
    ("kind", "repository", "error"),
    [
        ("github", "your-org/../x", SourceMissing),
        ("gitea", "../x", SourceMissing),
        ("bitbucket", "a/b/c", SourceMissing),
        ("bitbucket-data-center", "../..", SourceMissing),
        ("svn", "a/b", BadConfiguration),
    ],
)
def test_no_repository_leads_to_another_path(kind: str, repository: str, error: type[Exception]) -> None:
    """Names come from a signed payload and are checked all the same."""
    with pytest.raises(error):
        pulls.path(kind, Pull("main", repository, "x", 12, "", "", ""))


def test_a_personal_repository_of_data_center_has_a_path() -> None:
    """Its project is a tilde and a name."""
    path = pulls.path("bitbucket-data-center", Pull("main", "~ada/r", "", 3, "", "", ""))
    assert path == "/api/latest/projects/~ada/repos/r/pull-requests/3"
