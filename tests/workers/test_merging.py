"""What a merge would make, on real Git over HTTP: the right commits, nothing run, and nothing of a stranger stays."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.forge import Checkout, Forge
from deploy.local.forge.repository import git
from workers.errors import CommitGone, SourceMissing
from workers.git import merging, quarantine
from workers.git.mirror import Mirror
from workers.git.trees import content
from workers.pull import Pull

URL = "https://git.example/your-org/your-repo"
LINES = "".join(f"line {number}\n" for number in range(20))


class Place:
    """A repository with a pull request, and its mirror."""

    def __init__(self, folder: Path, forge: Forge) -> None:
        forge.create("your-org/your-repo")
        self.checkout = forge.checkout("your-org/your-repo", folder / "checkout")
        self.base = self.checkout.commit({"a.txt": LINES, "b.txt": "b\n", ".gitattributes": "* text\n"}, "begin")
        self.checkout.push("HEAD:refs/heads/main")
        self.mirror = Mirror(folder / "mirrors", URL, forge.clone_url("your-org/your-repo"))
        self.mirror.fetch()
        self.checkout.switch("feature")

    def pushed(self, files: dict[str, str | None], message: str = "change", ref: str = "refs/pull/7/head") -> Pull:
        """Commit to the pull request; return it as its forge would tell it."""
        head = self.checkout.commit(files, message)
        self.checkout.push(f"HEAD:{ref}", force=True)
        return Pull("main", "your-org/your-repo", "1", 7, "refs/heads/main", self.base, head)

    def onto_main(self, files: dict[str, str | None]) -> str:
        """Commit to the branch that the pull request is for."""
        self.checkout.switch("main")
        head = self.checkout.commit(files, "meanwhile")
        self.checkout.push("HEAD:refs/heads/main")
        self.checkout.switch("feature")
        return head

    def read(self, pull: Pull, kind: str = "github") -> tuple[str, dict[str, str], str]:
        """The base, every file of the merge, and why there is none."""
        with merging.merged(self.mirror, kind, pull) as merge:
            files = merge.after.folder(".").blobs if merge.after else []
            return merge.base, {str(one.name): content(one).decode() for one in files}, merge.problem


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Forge(tmp_path / "forge") as forge:
        yield Place(tmp_path, forge)


def test_the_tip_of_the_branch_and_the_named_commit_are_merged(place: Place) -> None:
    """What came to the branch since counts, also where the mirror has not seen it; both sides of a file are kept."""
    pull = place.pushed({"a.txt": LINES.replace("line 1\n", "line one\n"), "b.txt": None, "c.txt": "c\n"})
    tip = place.onto_main({"a.txt": LINES.replace("line 18\n", "line eighteen\n"), "d.txt": "d\n"})
    base, files, problem = place.read(pull)
    assert (base, problem) == (tip, "")
    assert set(files) == {"a.txt", "c.txt", "d.txt", ".gitattributes"}
    assert "line one\n" in files["a.txt"]
    assert "line eighteen\n" in files["a.txt"]


def test_a_later_commit_of_the_pull_request_does_not_count_and_a_lost_one_is_told(place: Place) -> None:
    """The forge named a commit: no other is planned."""
    first = place.pushed({"c.txt": "first\n"})
    second = place.pushed({"c.txt": "second\n"})
    assert place.read(first)[1]["c.txt"] == "first\n"
    assert place.read(second)[1]["c.txt"] == "second\n"
    assert place.read(replace(second, head=""))[1]["c.txt"] == "second\n"
    with pytest.raises(CommitGone, match="has moved on from 1111111"):
        place.read(replace(first, head="1" * 40))


@pytest.mark.parametrize(
    ("kind", "ref", "source"),
    [
        ("gitea", "refs/pull/7/head", ""),
        ("gitlab", "refs/merge-requests/7/head", ""),
        ("bitbucket-data-center", "refs/pull-requests/7/from", ""),
        ("bitbucket", "refs/heads/topic/one", "topic/one"),
    ],
)
def test_every_forge_keeps_a_pull_requests_commits_where_its_own_pages_say(
    place: Place, kind: str, ref: str, source: str
) -> None:
    pull = place.pushed({"c.txt": "c\n"}, ref=ref)
    assert place.read(replace(pull, head="", source=source), kind)[1]["c.txt"] == "c\n"


def test_a_conflict_names_the_files_and_no_more_than_a_few(place: Place) -> None:
    names = [f"f{number}.txt" for number in range(7)] + ["\x1b[31m\u202e.txt"]
    place.onto_main(dict.fromkeys(names, "ours\n"))
    problem = place.read(place.pushed(dict.fromkeys(names, "theirs\n")))[2]
    assert "conflicts with main at" in problem
    assert "f0.txt" in problem
    assert problem.endswith("and 3 more: merge main into it")
    assert problem.isprintable()


def test_nothing_of_a_pull_request_is_left_in_the_mirror_or_on_the_disk(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit of a stranger must not be one that a sync, an exception or a rollback could name."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    pull = place.pushed({"c.txt": "stranger\n"})
    objects = {one for one in place.mirror.path.rglob("*") if one.is_file()}
    with merging.merged(place.mirror, "github", pull) as merge:
        assert merge.head == pull.head
        assert list((tmp_path / "scratch").iterdir()) != []
        assert not place.mirror.has(pull.head)
        assert place.mirror.resolve(pull.head) is None
    assert list((tmp_path / "scratch").iterdir()) == []
    assert {one for one in place.mirror.path.rglob("*") if one.is_file()} == objects
    place.mirror.fetch()
    assert not place.mirror.has(pull.head)


def test_attributes_of_a_commit_start_no_driver_filter_or_textconv_of_this_machine(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drivers are named by commits and defined by configuration: none but ours is read, not even the worker's own."""
    canary = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho x >> {canary}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    keys = ("merge.evil.driver", "filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor")
    monkeypatch.setenv("HOME", str(tmp_path))
    for key in keys:
        git(tmp_path, "config", "--file", str(tmp_path / ".gitconfig"), key, str(program))
    hooks = place.mirror.path / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-merge", "reference-transaction", "post-checkout", "pre-merge-commit"):
        (hooks / name).write_text(program.read_text())
        (hooks / name).chmod(0o700)
    attributes = "* merge=evil filter=evil diff=evil\n"
    place.onto_main({".gitattributes": attributes, "a.txt": LINES.replace("line 1\n", "ours\n")})
    pull = place.pushed({".gitattributes": attributes, "a.txt": LINES.replace("line 1\n", "theirs\n")})
    assert "a.txt" in place.read(pull)[2]
    assert not canary.exists()


def test_a_tree_that_names_what_no_file_may_be_called_is_refused(place: Place) -> None:
    """Made by hand, for git itself adds no such thing: ``..``, ``.git`` and its look-alikes."""
    place.checkout.commit({"c.txt": "c\n"}, "one")
    blob = place.checkout.run("rev-parse", "HEAD:c.txt")
    for name in ("..", ".git", ".GIT", "git~1"):
        raw = f"100644 {name}\0".encode() + bytes.fromhex(blob)
        tree = _object(place.checkout, "tree", raw)
        head = place.checkout.run("commit-tree", tree, "-p", "HEAD", "-m", "evil")
        place.checkout.push(f"{head}:refs/pull/7/head", force=True)
        pull = Pull("main", "your-org/your-repo", "1", 7, "refs/heads/main", "", head)
        with pytest.raises(SourceMissing, match="unsafe or damaged"):
            place.read(pull)


def test_more_than_a_fetch_may_bring_is_stopped(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text that no compression makes small."""
    monkeypatch.setattr(quarantine, "MOST_BYTES", 1 << 20)
    noise = "".join(
        f"{(number * 2654435761) % 2**64:016x}{hash((number, 7)) % 2**64:016x}" for number in range(120_000)
    )
    pull = place.pushed({"noise.txt": noise})
    with pytest.raises(SourceMissing, match="larger than 1 MiB"):
        place.read(pull)


@pytest.mark.parametrize("ref", ["refs/heads/a:b", "refs/heads/*", "refs/tags/v1", "-u", "refs/heads/../x", "HEAD"])
def test_a_ref_that_is_no_branch_is_not_handed_to_git(place: Place, ref: str) -> None:
    pull = place.pushed({"c.txt": "c\n"})
    with pytest.raises(SourceMissing, match="is no branch"):
        place.read(replace(pull, ref=ref))
    with pytest.raises(SourceMissing, match="no head commit"):
        place.read(replace(pull, head="refs/heads/main"))


def test_what_cannot_be_merged_is_told(place: Place) -> None:
    """Another beginning, a branch that is gone, a fork where the forge has no refs."""
    place.checkout.run("switch", "-q", "--orphan", "other")
    pull = place.pushed({"z.txt": "z\n"})
    assert "no commit in common" in place.read(pull)[2]
    with pytest.raises(SourceMissing, match="would be merged into refs/heads/gone"):
        place.read(replace(pull, ref="refs/heads/gone"))
    with pytest.raises(SourceMissing, match="comes from another repository"):
        place.read(replace(pull, fork=True), "bitbucket")


def _object(checkout: Checkout, kind: str, raw: bytes) -> str:
    file = checkout.folder / ".git" / "raw"
    file.write_bytes(raw)
    return checkout.run("hash-object", "-w", "--literally", "-t", kind, str(file))


def test_a_reader_is_given_to_one_at_a_time_and_again_unless_it_met_an_error(place: Place) -> None:
    """Each has child processes of git: a pull request of many apps starts no more of them than it plans at once."""
    pull = place.pushed({"c.txt": "c\n"})
    with merging.merged(place.mirror, "github", pull) as merge, merge.readers() as reader:
        with reader() as first, reader() as beside:
            assert merge.after
            assert first[1].object_id(".") == beside[1].object_id(".") == merge.after.object_id(".")
            assert first is not beside
        with reader() as again:
            assert again in (first, beside)
        with pytest.raises(SourceMissing), reader() as broken:
            broken[1].folder("nowhere")
        with reader() as left, reader() as new:
            assert left in (first, beside)
            assert broken not in (left, new)
