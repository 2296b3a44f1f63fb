"""Which apps an event concerns."""

from __future__ import annotations

import pytest

from workers import apps, repositories, revisions
from workers.apps import App


def app(
    name: str, url: str = "https://github.com/your-org/your-repo.git", revision: str = "main", file: str = "f"
) -> App:
    """An app of a repository."""
    return App(name, url, ".", revision, file, line=1)


URL = repositories.canonical("https://github.com/your-org/your-repo.git")


@pytest.mark.parametrize(
    ("revision", "ref", "expected"),
    [
        ("main", "refs/heads/main", True),
        ("main", "refs/heads/main2", False),
        ("main", "refs/heads/x/main", False),
        ("release/1", "refs/heads/release/1", True),
        ("v1", "refs/tags/v1", True),
        ("refs/heads/v1", "refs/tags/v1", False),
        ("refs/tags/v1", "refs/heads/v1", False),
        ("refs/tags/v1", "refs/tags/v1", True),
        ("HEAD", "refs/heads/anything", True),
        ("HEAD", "refs/tags/v1", False),
        ("a" * 40, "refs/heads/main", False),
        ("^1.2", "refs/tags/v1.4.0", True),
        ("1.x", "refs/tags/1.0.3", True),
        (">=1.2, <2", "refs/tags/v2.0.0", False),
        ("^1.2", "refs/heads/1.4.0", False),
        ("^1.2", "refs/tags/v1.4.0-rc.1", False),
    ],
)
def test_a_revision_follows_a_ref_by_its_whole_name(revision: str, ref: str, expected: bool) -> None:
    """Never by a part of it, and a full ref never means the tag of the same name."""
    assert revisions.follows(revision, ref) is expected


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/your-org/your-repo",
        "https://github.com/Your-Org/your-repo.git/",
        "git@github.com:your-org/your-repo.git",
        "ssh://git@github.com/your-org/your-repo",
    ],
)
def test_an_app_is_found_by_any_form_of_its_repository_s_url(url: str) -> None:
    """However people write it."""
    assert [found.name for found in apps.index([app("a", url)]).touched_by([URL], "refs/heads/main")] == ["a"]


def test_other_repositories_are_not_touched() -> None:
    """A name that begins alike is another repository."""
    index = apps.index(
        [app("a", "https://github.com/your-org/your-repo2"), app("b", "https://gitlab.com/your-org/your-repo")]
    )
    assert index.touched_by([URL], "refs/heads/main") == ()


def test_of_two_apps_with_one_name_neither_is_served_and_both_places_are_named() -> None:
    """Serving either would be a guess."""
    index = apps.index([app("a", file="one.yaml"), app("a", file="two.yaml"), app("b")])
    assert "one.yaml:1 and two.yaml:1" in index.apps["a"].fault
    assert index.apps["b"].fault == ""
