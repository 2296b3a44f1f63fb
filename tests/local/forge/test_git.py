"""Real Git through the stand-in: clone, push, fetch, and what a push is said to have changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.forge import Checkout, Forge
from deploy.local.forge.changes import moves
from deploy.local.forge.repository import ZERO, GitFailed, git

REPOSITORY = "your-org/your-repo"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """A GitHub stand-in that records deliveries and sends none."""
    with Forge(tmp_path / "forge", webhooks=["http://127.0.0.1:9/"]) as forge:
        forge.silence()
        forge.create(REPOSITORY)
        yield forge


@pytest.fixture
def work(forge: Forge, tmp_path: Path) -> Checkout:
    """A clone with one commit pushed."""
    checkout = forge.checkout(REPOSITORY, tmp_path / "work")
    checkout.commit({"myapp/a.yaml": "a: 1\n", "myapp/b.yaml": "b: 1\n"}, "first")
    checkout.push()
    return checkout


def last(forge: Forge) -> Any:
    """The payload of the newest delivery."""
    return forge.deliveries[-1].payload


def test_what_is_pushed_can_be_cloned(forge: Forge, work: Checkout, tmp_path: Path) -> None:
    """Another clone has the same commit and files."""
    other = forge.checkout(REPOSITORY, tmp_path / "other")
    assert other.head == work.head
    assert (other.folder / "myapp" / "a.yaml").read_text() == "a: 1\n"


def test_a_push_too_large_for_one_piece_arrives(forge: Forge, work: Checkout, tmp_path: Path) -> None:
    """Above ``http.postBuffer`` (1 MB) git sends its push in chunks."""
    (work.folder / "noise").write_bytes(bytes((i * i * 31 + i // 7) % 251 for i in range(3_000_000)))
    work.run("config", "core.compression", "0")
    work.commit({}, "large")
    work.push()
    assert forge.checkout(REPOSITORY, tmp_path / "other").head == work.head


def test_a_commit_can_be_fetched_by_id(forge: Forge, work: Checkout, tmp_path: Path) -> None:
    """As at GitHub, also one that no branch has any more."""
    orphan = work.commit({"c": "c"}, "soon gone")
    work.push()
    work.run("reset", "-q", "--hard", "HEAD~1")
    work.push(force=True)
    mirror = tmp_path / "mirror.git"
    git(tmp_path, "init", "-q", "--bare", str(mirror))
    git(mirror, "fetch", "-q", "--depth=1", forge.clone_url(REPOSITORY), orphan)
    assert git(mirror, "rev-parse", "FETCH_HEAD") == orphan


def test_a_repository_outlives_its_forge(work: Checkout, tmp_path: Path) -> None:
    """Another process on the same data folder serves the same commits."""
    with Forge(tmp_path / "forge") as again:
        again.create(REPOSITORY)
        assert again.checkout(REPOSITORY, tmp_path / "other").head == work.head


@pytest.mark.parametrize("name", ["nobody/nothing", "your-org/..", "your-org/your-repo.git/more"])
def test_what_is_no_repository_is_not_found(forge: Forge, tmp_path: Path, name: str) -> None:
    """Only repositories that were made are served."""
    with pytest.raises(GitFailed, match="not found"):
        git(tmp_path, "ls-remote", f"{forge.url}/{name}.git")


def test_a_new_branch(forge: Forge, work: Checkout) -> None:
    """The first push of all: created, nothing before, every commit listed with its files."""
    payload = last(forge)
    assert (payload["ref"], payload["before"], payload["after"]) == ("refs/heads/main", ZERO, work.head)
    assert (payload["created"], payload["deleted"], payload["forced"]) == (True, False, False)
    [commit] = payload["commits"]
    assert (commit["id"], commit["message"]) == (work.head, "first")
    assert commit["added"] == ["myapp/a.yaml", "myapp/b.yaml"]
    assert payload["head_commit"]["id"] == work.head


def test_a_push_of_two_commits(forge: Forge, work: Checkout) -> None:
    """Both are listed, oldest first, with what each added, modified and removed."""
    before = work.head
    first = work.commit({"myapp/a.yaml": "a: 2\n", "myapp/ä b.yaml": "new\n"}, "second")
    second = work.commit({"myapp/b.yaml": None}, "third")
    work.push()
    payload = last(forge)
    assert (payload["before"], payload["after"]) == (before, second)
    assert [(one["id"], one["added"], one["modified"], one["removed"]) for one in payload["commits"]] == [
        (first, ["myapp/ä b.yaml"], ["myapp/a.yaml"], []),
        (second, [], [], ["myapp/b.yaml"]),
    ]


def test_a_branch_without_new_commits(forge: Forge, work: Checkout) -> None:
    """Has a head and lists nothing."""
    work.push("HEAD:refs/heads/copy")
    payload = last(forge)
    assert (payload["ref"], payload["created"], payload["commits"]) == ("refs/heads/copy", True, [])
    assert payload["head_commit"]["id"] == work.head


def test_a_forced_push_backwards(forge: Forge, work: Checkout) -> None:
    """Says that it was forced and lists nothing."""
    first = work.head
    second = work.commit({"myapp/a.yaml": "a: 2\n"}, "second")
    work.push()
    work.run("reset", "-q", "--hard", first)
    work.push(force=True)
    payload = last(forge)
    assert (payload["before"], payload["after"]) == (second, first)
    assert (payload["forced"], payload["commits"]) == (True, [])


def test_a_deleted_branch(forge: Forge, work: Checkout) -> None:
    """Has zeros after it and no head."""
    work.push("HEAD:refs/heads/copy")
    work.push(":refs/heads/copy")
    payload = last(forge)
    assert (payload["deleted"], payload["after"], payload["head_commit"]) == (True, ZERO, None)


def test_an_annotated_tag(forge: Forge, work: Checkout) -> None:
    """``after`` is the tag object, the head is the commit."""
    work.run("tag", "-a", "v1", "-m", "one")
    work.push("v1")
    payload = last(forge)
    assert payload["ref"] == "refs/tags/v1"
    assert payload["after"] == work.run("rev-parse", "v1") != work.head
    assert payload["head_commit"]["id"] == work.head


def test_a_push_that_changes_nothing_is_no_event(forge: Forge, work: Checkout) -> None:
    """Neither an up-to-date push nor a refused one is told of."""
    count = len(forge.deliveries)
    work.push()
    stale = Checkout(forge.clone_url(REPOSITORY), work.folder.parent / "stale")
    work.commit({"c": "c"}, "newer")
    work.push()
    stale.commit({"d": "d"}, "older")
    with pytest.raises(GitFailed, match="rejected"):
        stale.push()
    assert len(forge.deliveries) == count + 1


@pytest.mark.parametrize(("tags", "events"), [(3, 3), (4, 0)])
def test_more_than_three_tags_at_once_are_not_told_of(forge: Forge, work: Checkout, tags: int, events: int) -> None:
    """GitHub sends nothing for them."""
    count = len(forge.deliveries)
    names = [f"v{number}" for number in range(tags)]
    for name in names:
        work.run("tag", name)
    work.push(*names)
    assert len(forge.deliveries) - count == events


def test_moves_are_what_differs() -> None:
    """New, moved and deleted refs, by name; the rest is left out."""
    before = {"refs/heads/a": "1", "refs/heads/b": "2", "refs/heads/c": "3"}
    after = {"refs/heads/b": "9", "refs/heads/c": "3", "refs/tags/d": "4"}
    assert moves(before, after) == [
        ("refs/heads/a", "1", ZERO),
        ("refs/heads/b", "2", "9"),
        ("refs/tags/d", ZERO, "4"),
    ]


def test_a_checkout_reverts_and_switches(forge: Forge, work: Checkout) -> None:
    """The moves the demo makes: a branch, a merge pulled back, a revert."""
    work.switch("scale")
    changed = work.commit({"myapp/a.yaml": "a: 5\n"}, "scale")
    work.push()
    work.switch("main")
    merged = forge.merge(REPOSITORY, forge.open_pull(REPOSITORY, "scale").number)
    assert work.pull() == merged
    assert (work.folder / "myapp" / "a.yaml").read_text() == "a: 5\n"
    work.revert(changed)
    work.push()
    assert (work.folder / "myapp" / "a.yaml").read_text() == "a: 1\n"
    assert last(forge)["after"] == work.head


def test_fetches_are_counted_and_listings_are_not(forge: Forge, work: Checkout) -> None:
    """A clone and a fetch ask for objects; ``ls-remote``, and a fetch of what is there, do not."""
    before = len(forge.fetches)
    work.run("ls-remote", "origin")
    work.run("fetch", "origin")
    assert len(forge.fetches) == before
    forge.checkout(REPOSITORY, work.folder.parent / "other").commit({"c": "c"}, "theirs")
    assert forge.fetches[before:] == [REPOSITORY]
