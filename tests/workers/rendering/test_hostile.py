"""A hostile repository ends in a bounded, clear sentence, reads nothing outside of itself and calls nobody.

Every opening of the canary by any process is heard by the kernel's inotify(7). Landlock is switched off meanwhile, so
that what is shown is what the renderers and our own looking do; that Landlock holds is shown in `test_confined`.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from git import Repo

from deploy.local import binaries
from tests.workers import charts as shared
from tests.workers.charts import application_of, tree_of
from tests.workers.rendering.hostile import CASES, Case
from workers import documents
from workers.apps import App
from workers.declaring import application
from workers.errors import AuthorError, BadDeclaration
from workers.git import trees
from workers.git.trees import Tree
from workers.given import Given
from workers.policies import Build
from workers.renderers import checkout, child, confined, source

_LIBC = ctypes.CDLL(None, use_errno=True)
OPENED, READ = 0x20, 0x01
BUILDS = {"plain": Build(recurse=True), "flux": Build(gather=True)}
SECRET = "canary-of-the-hostile-corpus"


class Audit:
    """Hears of every opening and reading of a file, by whatever process."""

    def __init__(self, file: Path) -> None:
        self._number = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._number >= 0, "inotify is not to be had: this audit cannot be made here"
        assert _LIBC.inotify_add_watch(self._number, os.fsencode(file), OPENED | READ) >= 0

    def heard(self) -> bool:
        """Return whether there was one since the last time."""
        try:
            return bool(os.read(self._number, 1 << 16))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Stop listening."""
        os.close(self._number)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[tuple[Path, Audit]]:
    """A file outside of every repository, and who hears of its opening."""
    file = tmp_path / "canary.yaml"
    file.write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {SECRET}}}\n")
    audit = Audit(file)
    yield file, audit
    audit.close()
    while shared.OPENED:
        shared.OPENED.pop().close()


@pytest.fixture(scope="module")
def server() -> Iterator[socket.socket]:
    """A server that nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@contextlib.contextmanager
def without_landlock(*_: object) -> Iterator[int]:
    """No rules."""
    yield -1


def test_the_audit_hears_a_child(canary: tuple[Path, Audit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Landlock a child can read the file, and then it is heard; with it, neither."""
    file, audit = canary
    (tmp_path / "root").mkdir()
    assert child.run("cat", "x", ["/bin/cat", str(file)], tmp_path / "root").code
    assert not audit.heard()
    monkeypatch.setattr(confined, "rules", without_landlock)
    assert SECRET.encode() in child.run("cat", "x", ["/bin/cat", str(file)], tmp_path / "root").output
    assert audit.heard()


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_repository_ends_in_a_sentence(
    name: str, canary: tuple[Path, Audit], server: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In time, in one line without control characters, without our paths; the canary is not opened."""
    file, audit = canary
    case = CASES[name]
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    monkeypatch.setenv("KUSTOMIZE", str(binaries.locate()["kustomize"]))
    monkeypatch.setattr(confined, "rules", without_landlock)
    monkeypatch.setattr(child, "RENDER_SECONDS", case.seconds)
    monkeypatch.setattr(checkout, "MOST_FILES", 20 if name == "too many files" else trees.MOST_FILES)
    address = f"http://127.0.0.1:{server.getsockname()[1]}"

    def filled(text: str) -> str:
        return text.replace("CANARY", str(file)).replace("SERVER", address)

    files = {path: filled(text) if isinstance(text, str) else text for path, text in case.files.items()}
    (tmp_path / "repository").mkdir()
    tree = tree_of(tmp_path / "repository", files)
    begun = time.monotonic()
    said = ended(tree, case, filled(case.helm))
    # Generous, for a busy machine: without bounds most of these take for ever.
    assert time.monotonic() - begun < 3 * case.seconds + 30
    if case.sentence is not None:
        assert not said.startswith("[")
        assert_clear(said, case.sentence, tmp_path)
    else:
        assert said.startswith("["), said
    assert SECRET not in said
    assert not audit.heard()
    assert select.select([server], [], [], 0) == ([], [], []), "somebody called the server"


def ended(tree: Tree, case: Case, helm: str) -> str:
    """Render; return the sentence that it ends in, or what was made."""
    app = application_of(helm) if case.how == "charts" else App("a", "u", "web", "main", "f", build=BUILDS[case.how])
    try:
        made = repr(
            [one.value for document in [source.read(tree, app, {}, Given())] for one in documents.objects(document)]
        )
    except AuthorError as error:
        return str(error)
    assert case.sentence is None, made
    return made


def assert_clear(said: str, sentence: str, folder: Path) -> None:
    """A sentence that a person can act on."""
    assert re.search(sentence, said), said
    assert said.isprintable(), repr(said)
    assert len(said) < 1200, said
    assert "hookline-render-" not in said
    assert str(folder / "repository") not in said


ENTRIES = {
    "a folder called ..": ("040000 tree {tree}\t..", "no name of a file"),
    "a folder called .": ("040000 tree {tree}\t.", "no name of a file"),
    "a submodule": ("160000 commit {commit}\tsub", "web/sub of u is a submodule and not allowed"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_tree_that_git_itself_would_not_make(name: str, tmp_path: Path) -> None:
    """Nothing is written beside the copy."""
    entry, sentence = ENTRIES[name]
    (tmp_path / "r").mkdir()
    tree_of(tmp_path / "r", {"x/evil.yaml": "a: b"})
    repo = shared.OPENED[-1]
    base = git(repo, "resources: [sub]", "hash-object", "-w", "--stdin")
    made = entry.format(tree=repo.git.rev_parse("HEAD:x"), commit=repo.head.commit.hexsha)
    web = git(repo, f"100644 blob {base}\tkustomization.yaml\n{made}\n", "mktree", "--missing")
    root = git(repo, f"040000 tree {web}\tweb\n", "mktree")
    commit = git(repo, "", "-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", root, "-m", "x")
    with pytest.raises(AuthorError, match=sentence):
        source.read(Tree(repo, "u", commit), App("a", "u", "web", "main", "f"), {}, Given())
    shared.OPENED.pop().close()


def git(repo: Repo, text: str, *command: str) -> str:
    """Run git with a text as its input; return its output."""
    done = subprocess.run(
        ["git", *command], cwd=repo.working_dir, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


URLS = [
    "ext::sh -c 'touch x'", "--upload-pack=touch", "-oProxyCommand=x", "file:///etc", "/etc", "../other", "fd::17",
    "ssh://-oProxyCommand=touch/x", "git@-oProxyCommand=touch:x", "https://git.example.com/a\nb", "https://",
    "gopher://example.com/a/b",
]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_an_address_that_is_none(url: str) -> None:
    """It is refused where it is declared, before any of Git's programs sees it."""
    spec = {"destination": {"server": "https://x", "namespace": "n"}, "source": {"repoURL": url, "path": "web"}}
    text = json.dumps(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "a"}, "spec": spec}
    )
    [document] = documents.read(text.encode(), "app.yaml")
    with pytest.raises(BadDeclaration, match=r"app\.yaml.*repoURL"):
        application.app(document)


def test_there_are_sixty_repositories() -> None:
    """No two the same."""
    assert len({repr(case) for case in CASES.values()}) == len(CASES) >= 60
