"""Recorded deliveries of every forge go through the edge's reading without an error, and the verdicts are known."""

from __future__ import annotations

from collections import defaultdict

import orjson
import pytest

from receiver.forges import FORGES, BadPayload
from tests import samples
from tests.receiver.test_forges import SECRETS, signed
from workers.model import Event, EventKind, Ignored

NAMES = {
    "github": [
        "push",
        "pull_request",
        "merge_group",
        "check_run",
        "check_suite",
        "repository",
        "installation",
        "ping",
        "issue_comment",
    ],
    "gitlab": [""],
    "gitea": ["push", "pull_request", "pull_request_sync", "create", "issue_comment"],
    "bitbucket": ["repo.push", "pullrequest.created", "pullrequest.fulfilled", "repo.updated", "issue.created"],
    "bitbucket-data-center": ["repo.refs_changed", "pr.opened", "pr.merged", "repo.modified", "pr.comment.added"],
}
ACTED_ON = {
    "push": {"push"},
    "pull_request": {"pull request", "ignored"},
    "pull_request_review": {"pull request", "ignored"},
    "check_run": {"ignored"},
    "check_suite": {"check re-run", "ignored"},
    "repository": {"repository", "ignored"},
    "installation": {"installation"},
    "installation_repositories": {"installation"},
    "ping": {"ping"},
    "merge_group": {"merge group"},
}
"""What GitHub's examples come to, by event; every other event is ignored."""


def read(forge: str, event: str, body: bytes) -> tuple[Event, ...] | Ignored:
    """Verify and read one delivery."""
    headers = signed(forge, event, body)
    assert FORGES[forge].verify(headers, body, SECRETS, 1.0)
    return FORGES[forge].read(headers, body, "main")


def test_every_example_of_octokit_s_is_read_and_the_verdict_of_each_event_is_known() -> None:
    """Over 300 payloads of 58 events; none is an error, and none of an event we act on ends in a warning."""
    found: dict[str, set[str]] = defaultdict(set)
    examples = samples.octokit()
    for event, payload in examples:
        result = read("github", event, orjson.dumps(payload))
        if isinstance(result, Ignored):
            assert not result.reason.startswith("warning"), (event, result.reason)
        found[event] |= {"ignored"} if isinstance(result, Ignored) else {one.kind.value for one in result}
    assert len(examples) > 300
    assert {event: verdicts for event, verdicts in found.items() if event in ACTED_ON} == ACTED_ON
    assert all(verdicts == {"ignored"} for event, verdicts in found.items() if event not in ACTED_ON)


@pytest.mark.parametrize("forge", sorted(NAMES))
def test_recorded_deliveries_of_other_projects_are_read_as_any_event(forge: str) -> None:
    """Whatever the header says the body is: an event, or ignored, never an error; and some are understood."""
    kinds: set[EventKind] = set()
    files = [(name, body) for of, name, body in samples.modules() if of == forge]
    for name, body in files:
        for event in NAMES[forge]:
            try:
                result = read(forge, event, body)
            except BadPayload:
                assert not body.lstrip().startswith(b"{"), name
                continue
            if not isinstance(result, Ignored):
                kinds |= {one.kind for one in result}
    assert len(files) >= 5
    assert {EventKind.PUSH, EventKind.PULL_REQUEST} <= kinds
