"""The deciding halves of the stages: pure, so tested with literals."""

from __future__ import annotations

import pytest

from workers import drift, options
from workers.apps import App
from workers.errors import AuthorError
from workers.git import transport
from workers.model import Owned, Ref, Request, Why
from workers.stages import fetch, prune

A, B = "a" * 40, "b" * 40
ONE, TWO = Ref("", "ConfigMap", "x", "one"), Ref("", "ConfigMap", "x", "two")


@pytest.mark.parametrize(
    ("here", "looked", "fetched", "why", "revision", "expected"),
    [
        (None, False, 0.0, Why.PUSH, A, True),  # nothing is here at all
        (None, False, 9.0, Why.DRIFT, "", True),  # not even for drift can nothing be read
        (A, False, 1.0, Why.PUSH, A, False),  # another app's fetch brought it
        (B, False, 1.0, Why.PUSH, A, True),  # the branch may have moved since
        (B, False, 6.0, Why.PUSH, A, True),  # "after the request" is no argument: clocks differ
        (B, True, 1.0, Why.PUSH, A, False),  # B follows A, or the server just said that the branch is at B
        (A, False, 1.0, Why.EMERGENCY, "", True),  # by hand means now
        (A, False, 6.0, Why.EMERGENCY, "", False),
        (A, False, 1.0, Why.DRIFT, "", False),  # drift is about the cluster
    ],
)
def test_when_the_git_server_is_asked(
    here: str | None, looked: bool, fetched: float, why: Why, revision: str, expected: bool
) -> None:
    """As seldom as it is safe."""
    assert fetch.needed(here, looked, fetched, Request("a", 1, why, "me", 5.0, revision=revision)) is expected


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("fatal: Authentication failed for 'https://x'", "AccessDenied"),
        ("remote: HTTP Basic: Access denied. returned error: 403", "AccessDenied"),
        ("fatal: repository 'http://x/y.git/' not found", "SourceMissing"),
        ("fatal: unable to access 'http://x/': Failed to connect to 127.0.0.1 port 1", "GitUnreachable"),
        ("", "GitUnreachable"),
    ],
)
def test_what_git_s_complaints_mean(words: str, kind: str) -> None:
    """Try again, tell the author, or call the operator."""
    assert type(transport.judged("https://x/y", words)).__name__ == kind


def test_git_s_complaints_are_redacted() -> None:
    """A URL with a token may be in them."""
    said = str(transport.judged("https://x/y", "fatal: unable to access 'https://me:ghp_secret123@x/y/': timeout"))
    assert "ghp_secret123" not in said
    assert "me:" not in said


def test_stale_is_owned_and_not_wanted() -> None:
    """What is new is not stale; what is still wanted is not."""
    assert prune.stale({ONE: "v1", TWO: "v1"}, {TWO: "v1"}) == {ONE: "v1"}


@pytest.mark.parametrize(
    ("owned", "wanted", "allow", "refused"),
    [(1, 0, False, True), (1, 0, True, False), (0, 0, False, False), (1, 1, False, False)],
)
def test_an_app_is_not_emptied_by_mistake(owned: int, wanted: int, allow: bool, refused: bool) -> None:
    """Only with allowEmpty."""
    app = App("a", "u", "p", "main", "f", allow_empty=allow)
    arguments = (app, {ONE: "v1"} if owned else {}, {ONE: "v1"} if wanted else {})
    if refused:
        with pytest.raises(AuthorError, match="allowEmpty"):
            prune.guard(*arguments)
    else:
        prune.guard(*arguments)


@pytest.mark.parametrize(
    ("annotations", "kept"),
    [
        ({}, False),
        ({options.SYNC_OPTIONS: "Prune=false"}, True),
        ({options.SYNC_OPTIONS: "Validate=false, Prune=false"}, True),
        ({options.SYNC_OPTIONS: "Prune=falsely"}, True),
        ({f"{options.FLUX}prune": "Disabled"}, True),
        ({f"{options.FLUX}prune": "enabled"}, False),
    ],
)
def test_an_object_can_ask_to_be_kept(annotations: dict[str, str], kept: bool) -> None:
    """In Argo CD's words or in Flux's; what nobody understands keeps it, too."""
    manifest = {"metadata": {"name": "one", "annotations": annotations}}
    assert (prune.consent(App("a", "u", "p", "main", "f"), manifest) == "false") is kept


def test_drift_is_a_changed_digest_or_a_missing_object() -> None:
    """An object never seen applied cannot have drifted; one read in another version cannot be judged."""
    owned = {
        ONE: Owned(ONE, "v1", "r", "accepted"),
        TWO: Owned(TWO, "v1", "r", ""),
    }
    assert drift.differing(owned, {}) == {ONE: "is missing"}
    live = {
        "apiVersion": "v1",
        "metadata": {"managedFields": [{"manager": "kubectl-edit", "time": "2026-01-01T00:00:00Z"}]},
    }
    assert drift.differing(owned, {ONE: live}) == {ONE: "changed by kubectl-edit"}
    assert drift.differing(owned, {ONE: {**live, "apiVersion": "v2"}}) == {}
