"""Writing statuses to Gitea and Forgejo: the pure halves; a real one is written to end to end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from workers import forges
from workers.errors import AccessDenied, AuthorError, ForgeUnreachable, OperatorError, SourceMissing
from workers.forges import gitea
from workers.forges.http import Answer
from workers.forges.refusals import Busy, TokenRefused
from workers.model import Commit, State, Status

COMMIT = Commit("main", "your-org/your-repo", "a" * 40, "refs/heads/main")
DONE = Status("hookline", State.SUCCESS, "in sync", "https://hookline.example/")


@pytest.mark.parametrize(
    ("state", "word"), [(State.PENDING, "pending"), (State.SUCCESS, "success"), (State.FAILURE, "failure")]
)
def test_the_call(state: State, word: str) -> None:
    """State, context, text and link; a text without end is cut, and a link that is not there is left out."""
    call = gitea.request(COMMIT, replace(DONE, state=state))
    bare = gitea.request(COMMIT, replace(DONE, text="no " * 200, url=""))
    assert call.path == f"/repos/your-org/your-repo/statuses/{'a' * 40}"
    assert call.body == {
        "state": word,
        "context": "hookline",
        "description": "in sync",
        "target_url": "https://hookline.example/",
    }
    assert bare.body is not None
    assert len(bare.body["description"]) <= gitea.DESCRIPTION_LIMIT
    assert "target_url" not in bare.body


@pytest.mark.parametrize("repository", ["app", "a/b/c", "../app", "a/..", "a/b?c", "a/b c", "té/app"])
def test_a_repository_gitea_cannot_have(repository: str) -> None:
    """It is never pasted into a path; nor is a revision that is none."""
    for wrong in (replace(COMMIT, repository=repository), replace(COMMIT, revision="main")):
        with pytest.raises(SourceMissing):
            gitea.request(wrong, DONE)
        with pytest.raises(SourceMissing):
            gitea.lookup(wrong)


@pytest.mark.parametrize(
    ("code", "headers", "error", "wait"),
    [
        (201, {}, None, None),
        (200, {}, OperatorError, None),
        (401, {}, TokenRefused, None),
        (403, {}, AccessDenied, None),
        (404, {}, AccessDenied, None),
        (409, {}, Busy, None),
        (422, {}, AuthorError, None),
        (429, {"retry-after": "7"}, ForgeUnreachable, 7.0),
        (429, {}, ForgeUnreachable, 60.0),
        (500, {}, ForgeUnreachable, None),
        (503, {"retry-after": "9"}, ForgeUnreachable, 9.0),
    ],
)
def test_what_an_answer_means(
    code: int, headers: dict[str, str], error: type[Exception] | None, wait: float | None
) -> None:
    """The type of the error decides who is told and whether it is tried again."""
    body: dict[str, Any] = {"message": "no", "url": "https://git.example/api/swagger"}
    refusal = gitea.judge(Answer(code, headers, orjson.dumps(body)), "git.example", COMMIT, 0.0)
    assert (refusal if error is None else type(refusal)) is error
    assert getattr(refusal, "retry_after", None) == wait


@pytest.mark.parametrize(
    ("change", "is_shown"),
    [
        ({}, True),
        ({"status": "pending"}, False),
        ({"description": "another"}, False),
        ({"target_url": None}, False),
        ({"context": "hookline/app"}, False),
    ],
)
def test_whether_a_status_is_shown(change: dict[str, Any], is_shown: bool) -> None:
    """What Gitea lists for the context must say all of it."""
    wanted = gitea.request(COMMIT, DONE).body or {}
    found = {"status": "success", "context": "hookline", "description": "in sync", "target_url": DONE.url} | change
    assert gitea.is_shown([None, {**found, "context": "other"}, found], wanted) is is_shown
    assert not gitea.is_shown([], wanted)


def test_both_names_are_the_same_forge() -> None:
    """Forgejo speaks Gitea's API."""
    assert forges.FORGES["forgejo"] is forges.FORGES["gitea"] is gitea
