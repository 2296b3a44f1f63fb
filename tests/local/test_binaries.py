"""Binaries: where from, under which name, and what happens when a build fails. Built for real, with Go."""

from __future__ import annotations

import io
import os
import re
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local import binaries, build, toolchain
from deploy.local.binaries import CLUSTER, Recipe
from deploy.local.progress import Progress
from workers.errors import BadConfiguration

HELLO = 'package main\n\nfunc main() { println(version) }\n\nvar version = "none"\n'


@pytest.fixture
def hello(tmp_path: Path) -> Recipe:
    """A tiny Go module with one command and no dependencies."""
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.test/hello\n\ngo 1.21\n")
    (folder / "go.sum").write_text("")
    (folder / "main.go").write_text(HELLO)
    return Recipe("hello", (("hello", "example.test/hello"),), root=tmp_path)


@pytest.fixture
def said() -> io.StringIO:
    """What was printed."""
    return io.StringIO()


@pytest.fixture
def progress(said: io.StringIO) -> Progress:
    """Progress as a CI system sees it, impatient."""
    return Progress(Console(file=said, width=200), every=0.0)


def test_a_build_is_done_once(hello: Recipe, tmp_path: Path, progress: Progress, said: io.StringIO) -> None:
    """The binary works, the second call builds nothing, and progress was printed as plain lines."""
    folder = build.build(hello, tmp_path / "cache", progress)
    assert subprocess.run([folder / "hello"], capture_output=True, check=True).stderr == b"none\n"
    told = said.getvalue()
    assert re.search(r"hello: building hello with Go .*: \d+ s, \d+ of \d+ packages compiled", told)
    assert build.build(hello, tmp_path / "cache", progress) == folder
    assert said.getvalue() == told


def test_a_terminal_sees_one_moving_line(said: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look replaces the line before it; only the summary stays."""
    monkeypatch.setenv("TERM", "xterm")
    progress = Progress(Console(file=said, force_terminal=True, width=80))
    with progress.step("compiling"):
        progress.tick("7 of 9 packages compiled")
    told = said.getvalue()
    assert "7 of 9 packages compiled" in told
    assert told.endswith("compiling: done in 0 s\n")
    assert told.count("\x1b[2K") >= 1  # "erase the line"


def test_a_recipe_with_tags_and_folders(hello: Recipe, tmp_path: Path, progress: Progress) -> None:
    """Files of the tag count, a folder of the module comes along and can be removed, and each makes another key."""
    (hello.source / "tagged.go").write_text('//go:build sqlite\n\npackage main\n\nfunc init() { version = "tagged" }\n')
    pages = hello.source / "pages" / "deep"
    pages.mkdir(parents=True)
    (pages / "a.html").write_text("hello")
    pages.chmod(0o555)  # as Go keeps modules
    recipe = replace(hello, tags="sqlite", copied="example.test/hello", folders=("pages",))
    folder = build.build(recipe, tmp_path / "cache", progress)
    assert subprocess.run([folder / "hello"], capture_output=True, check=True).stderr == b"tagged\n"
    assert (folder / "pages" / "deep" / "a.html").read_text() == "hello"
    assert (folder / "pages" / "deep").stat().st_mode & 0o777 == 0o755
    keys = {binaries.key(one) for one in (recipe, replace(recipe, tags=""), replace(recipe, folders=()), hello)}
    (hello.source / "pages" / "b.go").write_text("package pages\n")
    assert len(keys | {binaries.key(recipe)}) == 5


def test_gitea_and_vault_are_looked_for_by_themselves(tmp_path: Path) -> None:
    """They are no part of a control plane, and the message says how to build them."""
    assert not {"gitea", "vault"} & {recipe.name for recipe in binaries.wanted({})}
    with pytest.raises(binaries.BinariesMissing, match=r"^gitea: not in .* yet; build it with `make gitea`$"):
        binaries.built(binaries.GITEA, {"HOOKLINE_CACHE": str(tmp_path)})
    with pytest.raises(binaries.BinariesMissing, match=r"^vault: not in .* yet; build it with `make vault`$"):
        binaries.built(binaries.VAULT, {"HOOKLINE_CACHE": str(tmp_path)})
    assert "-tags=sqlite" in binaries.flags(binaries.GITEA)


def test_a_failed_build_says_why_and_leaves_nothing(hello: Recipe, tmp_path: Path, progress: Progress) -> None:
    """The message has the compiler's words; the cache has no half-built folder; repaired, it builds."""
    (hello.source / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(build.BuildFailed, match=r"(?s)^hello cannot be built: .*go build.*undefined: undefined"):
        build.build(hello, tmp_path / "cache", progress)
    assert [path.name for path in (tmp_path / "cache" / "binaries").iterdir()] == ["hello.lock"]
    (hello.source / "main.go").write_text(HELLO)
    assert (build.build(hello, tmp_path / "cache", progress) / "hello").is_file()


def test_go_sum_is_enforced(hello: Recipe, tmp_path: Path, progress: Progress) -> None:
    """A module that go.sum does not know is not built, and the message says what to do."""
    (hello.source / "go.mod").write_text("module example.test/hello\n\ngo 1.21\n\nrequire sigs.k8s.io/yaml v1.6.0\n")
    (hello.source / "main.go").write_text('package main\n\nimport _ "sigs.k8s.io/yaml"\n\nfunc main() {}\n')
    with pytest.raises(build.BuildFailed, match=r"missing go.sum entry|go mod tidy"):
        build.build(hello, tmp_path / "cache", progress)


def test_two_builders_take_turns(hello: Recipe, tmp_path: Path, said: io.StringIO) -> None:
    """The second waits, says so, and uses what the first built; leftovers of a killed builder are swept away."""
    cache, waiting = tmp_path / "cache", threading.Event()
    (cache / "binaries" / ".hello-killed").mkdir(parents=True)

    class Told(Progress):
        def say(self, text: str) -> None:
            super().say(text)
            if "waiting" in text:
                waiting.set()

    second = threading.Thread(target=build.build, args=(hello, cache, Told(Console(file=said, width=200))))
    with build._lock(cache / "binaries" / "hello.lock", "hello", Told(Console(file=said))):
        second.start()
        assert waiting.wait(60)
    second.join(120)
    assert "hello: another process is building it; waiting" in said.getvalue()
    assert sorted(path.name for path in (cache / "binaries").iterdir()) == [
        binaries.folder_of(hello, cache).name,
        "hello.lock",
    ]


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_the_folder_changes_with_what_is_built(hello: Recipe, tmp_path: Path, file: str) -> None:
    """A version bump is a new folder."""
    before = binaries.folder_of(hello, tmp_path)
    with (hello.source / file).open("a") as handle:
        handle.write("// bumped\n")
    assert binaries.folder_of(hello, tmp_path) != before
    assert binaries.key(hello.only(frozenset())) != binaries.key(hello)


def test_the_stamps_follow_the_versions() -> None:
    """Those of go.mod are in the linker flags, each where its program looks; all flags strip machine paths."""
    for recipe in (CLUSTER, binaries.GITEA):
        assert "-trimpath" in binaries.flags(recipe)
    stamps = dict(re.findall(r" -X (\S+)=(\S+)", binaries.flags(CLUSTER)[-1]))
    listed = (CLUSTER.source / "go.mod").read_text()
    version = re.search(r"k8s.io/kubernetes (v1\.(\d+)\.\d+)", listed)
    assert version is not None
    base = "k8s.io/component-base/version.git"
    assert (stamps[f"{base}Version"], stamps[f"{base}Minor"]) == (version[1], version[2])
    for variable, module in {
        "helm.sh/helm/v4/internal/version.version": "helm.sh/helm/v4",
        "sigs.k8s.io/kustomize/api/provenance.version": "sigs.k8s.io/kustomize/kustomize/v5",
    }.items():
        assert f"\t{module} {stamps[variable]} " in listed


def test_several_commands_have_the_names_we_know_them_by(hello: Recipe, tmp_path: Path, progress: Progress) -> None:
    """Go calls a command after its folder, and after the one above a major version's."""
    commands = {"greet": "example.test/hello", "server": "example.test/hello/daemon/v2"}
    (hello.source / "daemon" / "v2").mkdir(parents=True)
    (hello.source / "daemon" / "v2" / "main.go").write_text(HELLO)
    recipe = replace(hello, commands=tuple(commands.items()))
    folder = build.build(recipe, tmp_path / "cache", progress)
    assert sorted(file.name for file in folder.iterdir()) == sorted(commands)


def test_assets_go_before_and_the_rest_is_built(tmp_path: Path) -> None:
    """What $KUBEBUILDER_ASSETS has is not built; kwok always is."""
    environ = {"KUBEBUILDER_ASSETS": str(tmp_path)}
    with pytest.raises(BadConfiguration, match="has no executable etcd"):
        binaries.assets(environ)
    for name in ("etcd", "kube-apiserver"):
        (tmp_path / name).touch(mode=0o755)
    names = [name for recipe in binaries.wanted(environ) for name, _ in recipe.commands]
    assert names == ["helm", "kube-controller-manager", "kube-scheduler", "kustomize", "kwok", "registry"]
    with pytest.raises(
        binaries.BinariesMissing,
        match=r"helm, .*registry: not in .* yet; build them with `make binaries`",
    ):
        binaries.locate({**environ, "HOOKLINE_CACHE": str(tmp_path / "cache")})


def test_the_cache_is_where_the_user_says() -> None:
    """HOOKLINE_CACHE, then XDG_CACHE_HOME, then ~/.cache."""
    home = Path.home()
    assert binaries.cache_folder({"HOOKLINE_CACHE": "~/here", "XDG_CACHE_HOME": "/x"}) == home / "here"
    assert binaries.cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/hookline")
    assert binaries.cache_folder({}) == home / ".cache" / "hookline"


def test_a_go_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    """An old Go on PATH is not used, a newer one elsewhere is; with none, the message names what was found."""
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go1.19.2\n")
    old.chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    assert toolchain.find((1, 19), environ).command == (str(old),)
    assert toolchain.find((1, 20), environ).command != (str(old),)
    with pytest.raises(toolchain.NoToolchain, match=r"Go 99\.1 or newer is needed .*go is 1\.19\.2"):
        toolchain.find((99, 1), environ)


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("write /tmp/x: no space left on device", "free some disk"),
        ("compile: signal: killed", "GOMAXPROCS=1"),
        ("verifying a@v1: checksum mismatch", "do not go on"),
        ("dial tcp: lookup proxy.test: no such host", "module proxy cannot be reached"),
        ("something new", "run the command there"),
    ],
)
def test_the_message_of_a_failure_says_what_to_do(line: str, advice: str) -> None:
    """Known causes have advice of their own; Go's words are always there."""
    message = build.failure(CLUSTER, ["go", "build"], [line])
    assert advice in message
    assert line in message
