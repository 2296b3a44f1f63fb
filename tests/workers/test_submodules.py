"""Submodules are read where the operator allows their URL, at the commit that is recorded; others are named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.forge import Checkout, Forge
from workers import credentials
from workers.apps import App
from workers.errors import GitUnreachable, SubmoduleRefused
from workers.git import merging, submodules
from workers.git.mirror import Mirror
from workers.git.objects import Rules
from workers.git.submodules import Submodules
from workers.given import Given
from workers.policies import Build
from workers.pull import Pull
from workers.renderers import source

MAIN, LIBRARY = "your-org/your-repo", "your-org/library"
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}}}\n"
DEEP = Build(recurse=True)


class Site:
    """Two repositories, one within the other, and what is allowed of them."""

    def __init__(self, folder: Path, forge: Forge) -> None:
        self.folder, self.forge = folder, forge
        forge.create(MAIN)
        forge.create(LIBRARY)
        self.library = forge.checkout(LIBRARY, folder / "library")
        self.library.commit(
            {"base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": OBJECT.format("a")}, "1"
        )
        self.library.push()
        self.main = forge.checkout(MAIN, folder / "main")
        self.pinned = self.library.head
        self.main.commit(
            {
                "overlay/kustomization.yaml": "resources: [../vendor/library/base]\nnamePrefix: x-\n",
                "plain/b.yaml": OBJECT.format("b"),
                ".gitmodules": '[submodule "l"]\n\tpath = vendor/library\n\turl = ../library.git\n',
            },
            "main",
        )
        self.pin(self.pinned)

    def pin(self, commit: str) -> str:
        """Record a commit of the library."""
        self.main.run("update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/library")
        self.main.run("commit", "-q", "-m", "pin")
        self.main.push()
        return self.main.head

    def mirror(self, *allowed: str, partial: bool = False) -> Mirror:
        """Open the mirror of the outer repository, as a worker that was just started."""
        rules = Rules(partial=partial)
        known: dict[str, Mirror] = {}

        def opened(url: str) -> Mirror:
            return known.setdefault(url, Mirror(self.folder / "mirrors", url, url, rules=rules))

        within = Submodules(lambda url: credentials.is_below(allowed, url), opened)
        url = self.forge.clone_url(MAIN)
        return Mirror(self.folder / "mirrors", url, url, rules=replace(rules, put_into=within.put_into))

    def names(self, mirror: Mirror, app: App) -> list[str]:
        mirror.fetch()
        tree = mirror.tree(mirror.resolve("main") or "")
        source.inputs(tree, app, {}, Given())
        return sorted(one.value["metadata"]["name"] for one in source.read(tree, app, {}, Given()))

    @property
    def org(self) -> str:
        return self.forge.clone_url(LIBRARY).rpartition("/")[0]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Site]:
    with Forge(tmp_path / "forge") as forge:
        yield Site(tmp_path, forge)


def app(path: str, build: Build = Build()) -> App:  # noqa: B008
    return App("myapp", "u", path, "main", "myapp.yaml", namespace="default", build=build)


@pytest.mark.parametrize("partial", [False, True])
def test_an_allowed_one_is_read_at_the_recorded_commit(held: Site, partial: bool) -> None:
    """Also when its branch has moved on; a newer pin is another content."""
    held.library.commit({"base/a.yaml": OBJECT.format("newer")}, "2")
    held.library.push()
    mirror = held.mirror(held.org, partial=partial)
    assert held.names(mirror, app("overlay")) == ["x-a"]
    before = mirror.tree(held.main.head).object_id("vendor/library")
    assert held.names(mirror, app("vendor/library/base")) == ["a"]
    held.pin(held.library.head)
    assert held.names(mirror, app("overlay")) == ["x-newer"]
    assert mirror.tree(held.main.head).object_id("vendor/library") != before


def test_one_fetch_serves_all_who_look(held: Site) -> None:
    for _ in range(3):
        assert held.names(held.mirror(held.org), app("overlay")) == ["x-a"]
    assert held.forge.fetches.count(LIBRARY) == 1


def test_a_commit_that_no_branch_has_is_asked_for_by_its_id(held: Site) -> None:
    lost = held.library.commit({"base/a.yaml": OBJECT.format("lost")}, "lost")
    held.library.push("HEAD:refs/other/lost")
    held.pin(lost)
    assert held.names(held.mirror(held.org), app("overlay")) == ["x-lost"]


def test_what_is_not_allowed_is_named_where_it_is_read_and_only_there(held: Site) -> None:
    """By an app that lies in it, one whose kustomization leads there, and one that reads all below its folder."""
    mirror, url = held.mirror("https://git.example.com/other"), held.forge.clone_url(LIBRARY)
    assert held.names(mirror, app("plain")) == ["b"]
    assert held.forge.fetches.count(LIBRARY) == 0
    for one in (app("vendor/library/base"), app("overlay"), app("vendor", DEEP), app(".", DEEP)):
        with pytest.raises(SubmoduleRefused) as said:
            held.names(mirror, one)
        assert str(said.value) == (
            f"vendor/library of {mirror.url} is a submodule ({url}) and not allowed: add the start of its URL to"
            " `mirrors.submodules`, or commit its files"
        )


def test_one_that_cannot_be_had_harms_only_who_reads_it(held: Site) -> None:
    mirror = held.mirror(held.org)
    held.pin("1" * 40)
    assert held.names(mirror, app("plain")) == ["b"]
    with pytest.raises(SubmoduleRefused, match=r"vendor/library of .* is a submodule that cannot be had: "):
        held.names(mirror, app("overlay"))
    held.main.commit({".gitmodules": '[submodule "l"]\n\tpath = vendor/library\n\turl = http://127.0.0.1:1/a/b\n'}, "x")
    held.pin("1" * 40)
    closed = held.mirror("http://127.0.0.1:1/a")
    assert held.names(closed, app("plain")) == ["b"]
    with pytest.raises(GitUnreachable, match="a/b"):
        held.names(closed, app("overlay"))


@pytest.mark.parametrize("named", [False, True])
def test_a_submodule_in_a_submodule_stays_out(held: Site, named: bool) -> None:
    """It harms only who names it."""
    inner: Checkout = held.library
    files: dict[str, str | None] = {".gitmodules": '[submodule "m"]\n\tpath = base/m\n\turl = ../your-repo\n'}
    if named:
        files["base/kustomization.yaml"] = "resources: [a.yaml, m]\n"
    inner.commit(files, "nested")
    inner.run("update-index", "--add", "--cacheinfo", f"160000,{held.main.head},base/m")
    inner.run("commit", "-q", "-m", "nested")
    inner.push()
    held.pin(inner.head)
    mirror = held.mirror(held.org)
    if named:
        with pytest.raises(SubmoduleRefused, match=r"vendor/library/base/m of .* is a submodule and not allowed"):
            held.names(mirror, app("overlay"))
    else:
        assert held.names(mirror, app("overlay")) == ["x-a"]


@pytest.mark.parametrize("partial", [False, True])
def test_a_plan_reads_those_of_both_sides(held: Site, partial: bool) -> None:
    """In the quarantine: a pull request that pins another commit changes what is read of the submodule."""
    base = held.main.head
    newer = held.library.commit({"base/a.yaml": OBJECT.format("newer")}, "2")
    held.library.push()
    held.main.switch("feature")
    held.main.run("update-index", "--add", "--cacheinfo", f"160000,{newer},vendor/library")
    held.main.run("commit", "-q", "-m", "pin")
    held.main.push("HEAD:refs/pull/7/head")
    mirror = held.mirror(held.org, partial=partial)
    mirror.fetch()
    pull = Pull("main", MAIN, "1", 7, "refs/heads/main", base, held.main.head)
    with merging.merged(mirror, "github", pull) as merge:
        assert merge.changes
        with merge.readers() as reader, reader() as (before, after):
            for tree, names in ((before, ["x-a"]), (after, ["x-newer"])):
                read = source.read(tree, app("overlay"), {}, Given())
                assert [one.value["metadata"]["name"] for one in read] == names
    assert list(mirror.path.parent.glob("*.grafts")) == []


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("../library.git", "https://git.example/org/library.git"),
        ("./x", "https://git.example/org/app.git/x"),
        ("../../../../x", "https://git.example/x"),
        ("https://other.example/a/b", "https://other.example/a/b"),
    ],
)
def test_a_relative_url_is_said_from_its_repository_s(said: str, wanted: str) -> None:
    assert submodules.absolute(said, "https://git.example/org/app.git") == wanted
    assert submodules.absolute("../b", "git@git.example:org/app") == "git@git.example:org/b"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://git.example/team/a", True),
        ("https://git.example/team", True),
        ("https://git.example/teams/a", False),
        ("http://git.example/team/a", False),
        ("https://git.example:8443/team/a", False),
        ("https://git.example/team/../other/a", False),
        ("ext::sh -c whoami", False),
        ("--upload-pack=x", False),
        ("file:///etc", False),
    ],
)
def test_only_urls_below_a_listed_start_are_allowed(url: str, allowed: bool) -> None:
    assert credentials.is_below(["https://git.example/team"], url) is allowed
