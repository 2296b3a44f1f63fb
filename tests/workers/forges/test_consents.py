"""Who set a label and who approves, read from what forges answer; whatever is not said for sure is no consent."""

from __future__ import annotations

from typing import Any

import pytest

from workers.forges import consents
from workers.forges.consents import APPROVAL, LABEL, Consent

A, B, C = "a" * 40, "b" * 40, "c" * 40
ADA, EVE = {"login": "ada", "id": 4}, {"login": "eve", "id": 5}
NOON = "2026-01-01T12:00:00Z"
AT = 1_767_268_800.0


def event(word: str, name: str, who: dict[str, Any]) -> dict[str, Any]:
    """One of GitHub's events of a label."""
    return {"event": word, "label": {"name": name}, "actor": who, "created_at": NOON}


@pytest.mark.parametrize(
    ("events", "who"),
    [
        ([event("labeled", "plan", ADA)], "ada"),
        ([event("labeled", "Plan", ADA)], "ada"),
        ([event("labeled", "plan", ADA), event("unlabeled", "plan", EVE)], None),
        ([event("labeled", "plan", ADA), event("unlabeled", "plan", EVE), event("labeled", "plan", EVE)], "eve"),
        ([event("labeled", "other", ADA)], None),
        ([{"event": "labeled", "label": "plan"}, {"event": "commented"}, {}], None),
        ([event("labeled", "plan", ADA), event("assigned", "plan", EVE)], "ada"),
        ([], None),
    ],
)
def test_whoever_set_a_label_last_stands_behind_it(events: list[dict[str, Any]], who: str | None) -> None:
    """Not whoever set it first, and nobody once it was taken off."""
    found = consents.labelled("github", events, "plan")
    assert (found and found.who) == who
    assert found is None or (found.how, found.head, found.at) == (LABEL, "", AT)


def test_labels_are_told_in_each_forge_s_own_words() -> None:
    """GitLab's action, Gitea's body of a timeline's entry."""
    gitlab = [{"action": word, "label": {"name": "plan"}, "user": {"username": "ada", "id": 4}} for word in ("add",)]
    assert consents.labelled("gitlab", gitlab, "plan") == Consent("ada", "4", "", LABEL, 0.0)
    assert consents.labelled("gitlab", [*gitlab, {**gitlab[0], "action": "remove"}], "plan") is None
    gitea = {"type": "label", "body": "1", "label": {"name": "plan"}, "user": ADA, "created_at": NOON}
    assert consents.labelled("gitea", [gitea], "plan") == Consent("ada", "4", "", LABEL, AT)
    assert consents.labelled("forgejo", [gitea, {**gitea, "body": ""}], "plan") is None
    assert consents.labelled("gitea", [{**gitea, "type": "comment"}], "plan") is None


def review(state: str, who: dict[str, Any] | None, commit: object = A, **more: Any) -> dict[str, Any]:
    """One review as GitHub and Gitea list it."""
    return {"state": state, "user": who, "commit_id": commit, "submitted_at": NOON, **more}


@pytest.mark.parametrize(
    ("reviews", "heads"),
    [
        ([review("APPROVED", ADA)], {"ada": A}),
        ([review("APPROVED", ADA), review("APPROVED", ADA, B)], {"ada": B}),
        ([review("APPROVED", ADA), review("COMMENTED", ADA, B)], {"ada": A}),
        ([review("APPROVED", ADA), review("CHANGES_REQUESTED", ADA, A)], {}),
        ([review("APPROVED", ADA), review("REQUEST_CHANGES", ADA, A)], {}),
        ([review("DISMISSED", ADA)], {}),
        ([review("APPROVED", ADA, dismissed=True)], {}),
        ([review("APPROVED", ADA, None)], {}),
        ([review("APPROVED", ADA, "main")], {}),
        ([review("PENDING", ADA), review("COMMENTED", EVE)], {}),
        ([review("APPROVED", ADA), review("APPROVED", EVE, B)], {"ada": A, "eve": B}),
        ([review("APPROVED", None), {}], {"": A}),
    ],
)
def test_each_person_s_newest_judgement_counts(reviews: list[dict[str, Any]], heads: dict[str, str]) -> None:
    """For the commit that it names, and for no other."""
    found = consents.reviewed(reviews)
    assert {one.who: one.head for one in found} == heads
    assert {one.how for one in found} <= {APPROVAL}


def test_gitlab_s_approvals_get_their_time_from_itself_or_from_its_notes() -> None:
    """A note that a person wrote in the same words is no note of GitLab's."""
    new = consents.approvals({"approved_by": [{"user": {"username": "ada", "id": 4}, "approved_at": NOON}, 7, {}]})
    assert new[0] == Consent("ada", "4", "", APPROVAL, AT)
    assert [one.person for one in new] == ["4", ""]
    assert consents.approvals({"approved_by": "ada"}) == consents.approvals({}) == []
    old = consents.approvals({"approved_by": [{"user": {"username": "ada", "id": 4}}]})[0]
    note = {"system": True, "body": "approved this merge request", "author": {"username": "ada", "id": 4}}
    assert consents.dated(old, [{**note, "created_at": NOON}]).at == AT
    for wrong in ({"system": False}, {"body": "unapproved this merge request"}, {"author": {"id": 5}}):
        assert consents.dated(old, [{**note, "created_at": NOON, **wrong}]) == old


@pytest.mark.parametrize(
    ("at", "head"),
    [(50.0, ""), (150.0, A), (250.0, B), (200.0, A), (0.0, "")],
)
def test_a_merge_request_s_head_at_a_time_is_that_of_its_versions(at: float, head: str) -> None:
    """What was said between a push and its version counts for the version before: never for code nobody saw."""
    versions: list[dict[str, Any]] = [
        {"created_at": "1970-01-01T00:03:20Z", "head_commit_sha": B},
        {"created_at": "1970-01-01T00:01:40Z", "head_commit_sha": A},
        {"created_at": None, "head_commit_sha": C},
    ]
    assert consents.version(versions, at) == head


def test_bitbucket_s_approvals_name_what_its_reviewers_saw() -> None:
    """The Cloud names no commit."""
    cloud = {"participants": [{"approved": True, "user": {"nickname": "ada", "uuid": "{4}"}, "participated_on": NOON}]}
    assert consents.participants(cloud) == [Consent("ada", "{4}", "", APPROVAL, AT)]
    reviewer = {"user": {"name": "ada", "id": 4}, "approved": True, "lastReviewedCommit": A}
    server = {"fromRef": {}, "reviewers": [reviewer, {**reviewer, "approved": "yes"}], "participants": []}
    assert consents.participants(server) == [Consent("ada", "4", A, APPROVAL, 0.0)]
