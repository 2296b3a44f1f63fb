"""Clones without files: what is read comes in few requests, nothing is taken for damage, and all else is as before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from deploy.local.forge import Checkout, Forge, site
from deploy.local.forge.repository import git
from deploy.local.forge.web import Server
from tests.workers.test_mirrors_broken import HARM
from workers.apps import App
from workers.errors import GitUnreachable, MirrorDamaged, SourceMissing
from workers.git import lacking, merging, packing, pins
from workers.git.mirror import Mirror
from workers.git.objects import Rules, together
from workers.git.trees import content
from workers.given import Given
from workers.model import Request, Why
from workers.policies import Build, Helm
from workers.pull import Pull
from workers.renderers import source
from workers.stages import fetch

REPOSITORY = "your-org/your-repo"
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}}}\n"
FILES = {
    **{f"plain/{name}.yaml": OBJECT.format(name) for name in "abcdefgh"},
    "overlay/kustomization.yaml": "resources: [../base]\ncomponents: [../component]\n",
    "base/kustomization.yaml": "resources: [a.yaml, deep/b.yaml]\n",
    "base/a.yaml": OBJECT.format("a"),
    "base/deep/b.yaml": OBJECT.format("b"),
    "component/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: x-\n",
    ".gitmodules": '[submodule "none"]\n\tpath = none\n\turl = https://git.example/none.git\n',
}
MANY = {f"elsewhere/{number}/{name}.txt": f"{name} {number}\n" for number in range(50) for name in "ab"}


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY)
        yield forge


@pytest.fixture
def work(forge: Forge, tmp_path: Path) -> Checkout:
    work = forge.checkout(REPOSITORY, tmp_path / "work")
    for number in range(3):
        work.commit({**FILES, **MANY, "plain/a.yaml": OBJECT.format(f"a{number}")}, f"change {number}")
    work.push()
    return work


@pytest.fixture
def mirror(forge: Forge, work: Checkout, tmp_path: Path) -> Mirror:
    return made(tmp_path, forge)


def made(folder: Path, forge: Forge, rules: Rules = Rules(partial=True)) -> Mirror:  # noqa: B008
    url = forge.clone_url(REPOSITORY)
    return Mirror(folder / "mirrors", url, url, rules=rules)


def app(path: str, build: Build = Build()) -> App:  # noqa: B008
    return App("myapp", "u", path, "main", "myapp.yaml", namespace="default", build=build)


def fetched(mirror: Mirror) -> str:
    mirror.fetch()
    return mirror.resolve("main") or ""


def names(mirror: Mirror, revision: str, one: App) -> list[str]:
    return sorted(found.value["metadata"]["name"] for found in source.read(mirror.tree(revision), one, {}, Given()))


def is_here(mirror: Mirror, revision: str, path: str) -> bool:
    name = git(mirror.path, "rev-parse", f"{revision}:{path}")
    return name in git(mirror.path, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()


def test_a_plain_folder_comes_with_one_request_and_nothing_else(mirror: Mirror, forge: Forge) -> None:
    revision = fetched(mirror)
    assert (len(forge.fetches), lacking.is_partial(mirror.path)) == (1, True)
    assert not is_here(mirror, revision, "plain/b.yaml")
    assert names(mirror, revision, app("plain")) == ["a2", *"bcdefgh"]
    assert len(forge.fetches) == 2
    assert not is_here(mirror, revision, "elsewhere/7/a.txt")
    assert not is_here(mirror, f"{revision}^", "plain/a.yaml")
    assert names(mirror, revision, app("plain")) == ["a2", *"bcdefgh"]
    assert names(made(mirror.path.parents[1], forge), revision, app("plain")) == ["a2", *"bcdefgh"]
    assert len(forge.fetches) == 2


def test_a_kustomization_comes_with_a_request_for_each_step_it_takes_to_know_more(mirror: Mirror, forge: Forge) -> None:
    revision = fetched(mirror)
    tree = mirror.tree(revision)
    source.inputs(tree, app("overlay"), {}, Given())
    assert names(mirror, revision, app("overlay")) == ["x-a", "x-b"]
    assert len(forge.fetches) == 3


def test_only_what_is_new_comes_later(mirror: Mirror, forge: Forge, work: Checkout) -> None:
    names(mirror, fetched(mirror), app("plain"))
    work.commit({"plain/b.yaml": OBJECT.format("new"), "elsewhere/1/a.txt": "new\n"}, "later")
    work.push()
    before = len(forge.fetches)
    revision = fetched(mirror)
    assert names(mirror, revision, app("plain")) == ["a2", *"cdefgh", "new"]
    assert len(forge.fetches) - before == 2
    assert not is_here(mirror, revision, "elsewhere/1/a.txt")


def test_a_push_to_folders_that_were_read_costs_one_request_more_however_many(
    mirror: Mirror, forge: Forge, work: Checkout
) -> None:
    revision = fetched(mirror)
    for number in range(20):
        together(mirror.tree(revision).folder(f"elsewhere/{number}").blobs)
    work.commit({f"elsewhere/{number}/a.txt": f"new {number}\n" for number in range(50)}, "many")
    work.push()
    before = len(forge.fetches)
    tree = mirror.tree(fetched(mirror))
    assert [content(tree.folder(f"elsewhere/{number}").blobs[0]) for number in range(20)] == [
        f"new {number}\n".encode() for number in range(20)
    ]
    assert len(forge.fetches) - before == 2
    assert not is_here(mirror, tree.revision, "elsewhere/30/a.txt")


def test_a_file_that_nobody_said_is_brought_when_it_is_read(mirror: Mirror, forge: Forge) -> None:
    revision = fetched(mirror)
    folder = mirror.tree(revision).folder("elsewhere/3")
    assert [content(blob) for blob in folder.blobs] == [b"a 3\n", b"b 3\n"]
    assert len(forge.fetches) == 3
    assert mirror.fetched_at()


def test_a_server_that_is_gone_is_no_damage(forge: Forge, work: Checkout, tmp_path: Path) -> None:
    server = Server(lambda call: site.answer(forge.state, call))
    server.start()
    url = forge.clone_url(REPOSITORY)
    clone = f"http://127.0.0.1:{server.port}/{REPOSITORY}.git"
    mirror = Mirror(tmp_path / "mirrors", url, clone, rules=Rules(partial=True))
    revision = fetched(mirror)
    server.stop()
    with pytest.raises(GitUnreachable, match="did not answer as expected"):
        names(mirror, revision, app("plain"))
    assert mirror.fetched_at()
    again = Mirror(tmp_path / "mirrors", url, url, rules=Rules(partial=True))
    assert names(again, revision, app("plain"))[0] == "a2"


def test_a_server_that_leaves_nothing_out_gives_a_whole_clone(forge: Forge, work: Checkout, mirror: Mirror) -> None:
    git(forge.state.repositories[REPOSITORY].path, "config", "uploadpack.allowFilter", "false")
    revision = fetched(mirror)
    assert not lacking.is_partial(mirror.path)
    assert is_here(mirror, f"{revision}^", "plain/a.yaml")
    assert "promisor" not in (mirror.path / "config").read_text()
    work.commit({"plain/b.yaml": OBJECT.format("new")}, "later")
    work.push()
    assert names(mirror, fetched(mirror), app("plain")) == ["a2", *"cdefgh", "new"]
    assert len(forge.fetches) == 2


def test_a_mirror_that_is_whole_stays_so_and_one_that_is_partial_works_without_the_setting(
    forge: Forge, work: Checkout, tmp_path: Path
) -> None:
    fetched(made(tmp_path / "whole", forge, Rules()))
    work.commit({"plain/b.yaml": OBJECT.format("new")}, "later")
    fetched(made(tmp_path / "partial", forge))
    work.push()
    whole, partial = made(tmp_path / "whole", forge), made(tmp_path / "partial", forge, Rules())
    revision = fetched(whole)
    assert not lacking.is_partial(whole.path)
    assert is_here(whole, revision, "plain/b.yaml")
    assert fetched(partial) == revision
    assert not is_here(partial, revision, "plain/b.yaml")
    assert names(partial, revision, app("plain")) == ["a2", *"cdefgh", "new"]


def test_packing_keeps_what_is_here_and_what_is_not(mirror: Mirror, forge: Forge, work: Checkout) -> None:
    revision = fetched(mirror)
    names(mirror, revision, app("plain"))
    with mirror.place.locked(".upkeep") as lock:
        packing.Packing(mirror.path, lock, 60).join(partial=True)
    assert len(list(mirror.path.glob("objects/pack/*.pack"))) == 1
    assert git(mirror.path, "fsck", "--strict") == ""
    before = len(forge.fetches)
    assert names(mirror, revision, app("plain"))[0] == "a2"
    assert len(forge.fetches) == before
    work.commit({"plain/b.yaml": OBJECT.format("new")}, "later")
    work.push()
    assert names(mirror, fetched(mirror), app("plain"))[-1] == "new"


def test_a_way_back_to_a_commit_that_no_branch_has_works(mirror: Mirror, forge: Forge, work: Checkout) -> None:
    fetched(mirror)
    lost = work.commit({"plain/b.yaml": OBJECT.format("lost")}, "lost")
    work.push("HEAD:refs/pull/9/head")
    pins.bring(mirror, lost)
    assert names(mirror, lost, app("plain"))[-1] == "lost"


@pytest.mark.parametrize("harm", ["pack flipped", "pack gone", "index cut short", "all objects gone", "leftovers"])
def test_a_broken_mirror_is_made_anew_by_itself(mirror: Mirror, forge: Forge, work: Checkout, harm: str) -> None:
    """What is broken is told from what was left out, and comes again as a partial clone."""
    revision = fetched(mirror)
    assert names(mirror, revision, app("plain"))
    HARM[harm](mirror.path)
    born = mirror.place.made()
    again, request = made(mirror.path.parents[1], forge), Request("myapp", 1, Why.PUSH, "ada", 0.0, "", revision)
    for _ in range(3):
        try:
            _, tree = fetch.tree(again, app("plain"), request)
            read = source.read(tree, app("plain"), {}, Given())
            break
        except MirrorDamaged:
            continue
    assert len(read) == 8
    assert lacking.is_partial(again.path)
    if again.place.made() != born:
        assert git(again.path, "fsck", "--strict") == ""


LINES = "".join(f"line {number}\n" for number in range(20))


def merge(mirror: Mirror, work: Checkout, ours: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> Pull:
    """Make a pull request of ``theirs`` for a branch that got ``ours`` meanwhile."""
    base = work.commit({"m/a.txt": LINES, "m/b.txt": LINES * 2, "m/c.txt": "c\n"}, "begin")
    work.push()
    mirror.fetch()
    work.switch("feature")
    head = work.commit(theirs, "theirs")
    work.push("HEAD:refs/pull/7/head", force=True)
    work.switch("main")
    work.commit(ours, "ours")
    work.push()
    return Pull("main", REPOSITORY, "1", 7, "refs/heads/main", base, head)


def test_both_sides_of_a_file_are_merged_and_renames_followed(mirror: Mirror, work: Checkout, forge: Forge) -> None:
    """The branch, the pull request, what the merge reads, what its reader reads: a request each."""
    theirs = {"m/a.txt": LINES.replace("line 1\n", "one\n"), "m/b.txt": None, "m/moved.txt": LINES * 2 + "more\n"}
    ours = {"m/a.txt": LINES.replace("line 18\n", "eighteen\n"), "m/b.txt": "first\n" + LINES * 2}
    pull = merge(mirror, work, ours, theirs)
    before = len(forge.fetches)
    with merging.merged(mirror, "github", pull) as found:
        assert found.after is not None
        files = {str(one.name): content(one).decode() for one in found.after.folder("m").blobs}
        with found.readers() as reader, reader() as (_, after):
            assert content(after.folder("plain").blobs[2]).decode() == OBJECT.format("c")
    assert set(files) == {"a.txt", "moved.txt", "c.txt"}
    assert "one\n" in files["a.txt"]
    assert "eighteen\n" in files["a.txt"]
    assert files["moved.txt"] == "first\n" + LINES * 2 + "more\n"
    assert len(forge.fetches) - before == 4
    assert not is_here(mirror, pull.base, "plain/c.yaml")


def test_a_conflict_is_named(mirror: Mirror, work: Checkout) -> None:
    pull = merge(mirror, work, {"m/c.txt": "ours\n"}, {"m/c.txt": "theirs\n"})
    with merging.merged(mirror, "github", pull) as found:
        assert "conflicts with main" in found.problem
        assert "m/c.txt" in found.problem


def test_what_was_taken_back_long_ago_and_comes_again_is_merged(mirror: Mirror, work: Checkout) -> None:
    """A file of the history that is in neither side's last commit: its server takes it that it is here."""
    old = work.commit({"m/old.txt": "old\n" * 50}, "old")
    work.commit({"m/old.txt": None}, "gone")
    work.commit({"m/old.txt": "old\n" * 50}, "back")
    pull = merge(mirror, work, {"m/c.txt": "ours\n"}, {"m/old.txt": "old\n" * 50, "m/new.txt": "old\n" * 50})
    with merging.merged(mirror, "github", pull) as found:
        assert found.after is not None
        assert content(found.after.folder("m").blobs[-1]) == b"old\n" * 50
    assert old


def test_sides_that_have_two_commits_in_common_are_merged(mirror: Mirror, work: Checkout) -> None:
    """Git merges those first, and needs what they differ in."""
    work.commit({"x/a.txt": LINES}, "root")
    root = work.head
    left = work.commit({"x/a.txt": LINES.replace("line 2\n", "two\n")}, "left")
    work.run("reset", "-q", "--hard", root)
    right = work.commit({"x/a.txt": LINES.replace("line 12\n", "twelve\n")}, "right")
    work.run("merge", "-q", "--no-ff", "-m", "one", left)
    one = work.head
    work.run("reset", "-q", "--hard", left)
    work.run("merge", "-q", "--no-ff", "-m", "other", right)
    work.push("HEAD:refs/heads/main", force=True)
    mirror.fetch()
    work.run("reset", "-q", "--hard", one)
    head = work.commit({"x/a.txt": LINES.replace("line 2\n", "two\n").replace("line 12\n", "twelve\n") + "end\n"}, "z")
    work.push("HEAD:refs/pull/7/head")
    pull = Pull("main", REPOSITORY, "1", 7, "refs/heads/main", root, head)
    with merging.merged(mirror, "github", pull) as found:
        assert found.after is not None
        assert content(found.after.folder("x").blobs[0]).endswith(b"end\n")


def test_a_chart_comes_with_one_request(mirror: Mirror, forge: Forge, work: Checkout) -> None:
    files = {f"chart/templates/{name}.yaml": OBJECT.format(name) for name in "abc"}
    work.commit({**files, "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n"}, "chart")
    work.push()
    revision = fetched(mirror)
    source.inputs(mirror.tree(revision), app("chart", Build(helm=Helm())), {}, Given(helm="true"))
    assert len(forge.fetches) == 2


def test_a_look_at_an_app_costs_two_requests(mirror: Mirror, forge: Forge, work: Checkout) -> None:
    request = Request("myapp", 1, Why.PUSH, "ada", 0.0, "", work.head)
    _, tree = fetch.tree(mirror, app("plain"), request)
    assert source.read(tree, app("plain"), {}, Given())
    assert len(forge.fetches) == 2


def test_a_file_may_have_so_many_bytes_and_others_may_have_any(forge: Forge, work: Checkout, tmp_path: Path) -> None:
    work.commit({"plain/b.yaml": "# " + "x" * 2000, "plain/c.bin": "x" * 2000, "elsewhere/d.yaml": "x" * 2000}, "large")
    work.push()
    for place, rules in (("whole", Rules(largest=1500)), ("partial", Rules(partial=True, largest=1500))):
        mirror = made(tmp_path / place, forge, rules)
        with pytest.raises(SourceMissing) as said:
            names(mirror, fetched(mirror), app("plain"))
        assert str(said.value) == (
            f"plain/b.yaml of {mirror.url} has 2002 bytes, and 1500 are read at most: make it smaller, take it out of"
            " the folder, or raise `mirrors.largest_file`"
        )
    work.commit({"plain/b.yaml": OBJECT.format("b")}, "small")
    work.push()
    assert len(names(mirror, fetched(mirror), app("plain"))) == 8


def test_a_pointer_of_lfs_among_manifests_is_named_and_one_beside_them_is_nothing(
    forge: Forge, work: Checkout, tmp_path: Path
) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    mirror = made(tmp_path, forge, Rules())
    work.commit({"base/picture.png": pointer, "plain/picture.png": pointer}, "picture")
    work.push()
    revision = fetched(mirror)
    assert len(names(mirror, revision, app("plain"))) == 8
    assert names(mirror, revision, app("overlay")) == ["x-a", "x-b"]
    work.commit({"base/deep/b.yaml": pointer, "plain/b.yaml": pointer}, "manifest")
    work.push()
    revision = fetched(mirror)
    for path, file in (("plain", "plain/b.yaml"), ("overlay", "base/deep/b.yaml")):
        with pytest.raises(SourceMissing, match=f"{file} of {mirror.url} is a pointer of Git LFS"):
            names(mirror, revision, app(path))
