"""What we write to a forge comes back as events: none of them asks for anything, or we would call ourselves again."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from receiver import edge
from tests.receiver.conftest import SECRET, encoded, push, signed

OWN: dict[str, dict[str, Any]] = {
    "status": {"context": "hookline/myapp", "state": "success", "sha": "a" * 40, "branches": [{"name": "main"}]},
    "check_run": {"action": "completed", "check_run": {"name": "hookline", "head_sha": "a" * 40, "check_suite": {}}},
    "check_suite": {"action": "completed", "check_suite": {"head_sha": "a" * 40, "head_branch": "main"}},
    "issue_comment": {"action": "created", "comment": {"body": "a plan"}, "issue": {"number": 1}},
    "deployment_status": {"action": "created", "deployment": {"sha": "a" * 40, "ref": "main"}},
}
"""GitHub's events of what we write, on a branch an app follows."""


@pytest.mark.parametrize("event", OWN)
def test_github_s_echo_of_our_own_writes_asks_for_nothing(client: TestClient, held: edge.Edge, event: str) -> None:
    """202, on record as ignored, no request, no status of any commit."""
    body = encoded(push() | OWN[event])
    answer = client.post("/hooks/github", content=body, headers=signed(body, event))
    assert_ignored(answer.status_code, held)


@pytest.mark.parametrize(
    ("header", "kind"),
    [("Pipeline Hook", "pipeline"), ("Job Hook", "build"), ("Note Hook", "note"), ("Deployment Hook", "deployment")],
)
def test_gitlab_s_echo_of_our_own_writes_asks_for_nothing(
    client: TestClient, held: edge.Edge, header: str, kind: str
) -> None:
    """A status there is a job of a pipeline."""
    project = {
        "id": 1,
        "path_with_namespace": "your-org/your-repo",
        "git_http_url": "https://gitlab.com/your-org/your-repo.git",
    }
    body = encoded({"object_kind": kind, "ref": "refs/heads/main", "sha": "a" * 40, "project": project})
    headers = {"content-type": "application/json", "x-gitlab-event": header, "x-gitlab-token": SECRET}
    assert_ignored(client.post("/hooks/gitlab", content=body, headers=headers).status_code, held)


def assert_ignored(code: int, held: edge.Edge) -> None:
    """Nothing was asked for, and nothing is said of a commit."""
    assert code == 202
    [kept] = held.records.intake.deliveries()
    assert (kept.delivery.verdict, kept.requests) == ("ignored", {})
    assert held.records.progress.apps() == []
    assert held.records.commits.dirty(2e12) == []
