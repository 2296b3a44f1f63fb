"""Submodules: which a commit has, and the files of those that are allowed put in their place.

A submodule's commit comes from a mirror of its own, at the id that is recorded. What is read then is one folder, made
in a repository beside the mirror that borrows the objects of both; neither mirror learns of the other. A submodule
within a submodule stays out. Field facts: gitmodules(5), gitsubmodules(7).
"""

from __future__ import annotations

import functools
import os
import posixpath
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import git

from workers.errors import GitUnreachable, HooklineError, SourceMissing
from workers.git import objects, transport
from workers.git.checked import Checked
from workers.git.lacking import plain
from workers.git.mirror import Mirror
from workers.git.objects import Limits
from workers.git.quarantine import Quarantine
from workers.git.trees import Tree, content

FILE: Final = ".gitmodules"
MOST: Final = 20
"""Submodules of one commit that are brought."""
MOST_KNOWN: Final = 500
MOST_BYTES: Final = 64 * 1024
SECONDS: Final = 60
GRAFTS: Final = ".grafts"
_ENTRY: Final = re.compile(r"submodule\.(?P<name>.*)\.(?P<field>path|url)\n(?P<value>.*)", re.DOTALL)
_REFS: Final = "refs/hookline-submodules"


@dataclass(frozen=True, slots=True)
class Link:
    """A submodule of a commit: where it is, the repository, and the commit of that."""

    path: str
    url: str
    commit: str


def declared(tree: Tree) -> dict[str, str]:
    """Return path and URL of the submodules that a commit's `.gitmodules` declares. Raises as a fetch does."""
    blob = next((one for one in tree.folder(".").blobs if one.name == FILE), None)
    if blob is None or blob.mode == 0o120000 or blob.size > MOST_BYTES:
        return {}
    said = _git(Path.cwd(), ["config", "--file", "-", "--null", "--no-includes", "--list"], content(blob))
    return read(said, tree.url)


def read(said: str, url: str) -> dict[str, str]:
    """Return path and URL of what ``git config --null --list`` says of the repository ``url``'s `.gitmodules`. Pure."""
    found: dict[str, dict[str, str]] = {}
    for entry in said.split("\0"):
        if match := _ENTRY.fullmatch(entry):
            found.setdefault(match["name"], {})[match["field"]] = match["value"]
    pairs = [(one.get("path", "").strip("/"), one.get("url", "")) for one in found.values()]
    return {path: absolute(other, url) for path, other in pairs if path and other}


def absolute(said: str, url: str) -> str:
    """Return the URL of a submodule; one that begins with ``./`` or ``../`` is said from its repository's. Pure."""
    if not said.startswith(("./", "../")):
        return said
    start, slash, path = url.rstrip("/").partition("://")
    if slash:
        host, _, path = path.partition("/")
        return f"{start}://{host}{posixpath.normpath(f'/{path}/{said}')}"
    host, _, path = start.partition(":")
    return f"{host}:{posixpath.normpath(f'{path}/{said}')}"


class Submodules:
    """Puts the submodules that are ``allowed``, by their URL, into trees; ``mirror_of`` opens the mirror of a URL."""

    def __init__(self, allowed: Callable[[str], bool], mirror_of: Callable[[str], Mirror]) -> None:
        self._allowed, self._mirror_of = allowed, functools.cache(mirror_of)
        self._known: dict[tuple[str, tuple[Link, ...]], Tree] = {}
        self._without: set[str] = set()

    def put_into(self, mirror: Mirror, tree: Tree, made: Quarantine | None = None) -> Tree:
        """Return the tree of a mirror, or of a quarantine, with the files of its submodules, as far as they can be had.

        Of one that cannot, the tree says why when it is read.
        """
        root = str(tree.folder(".").hexsha)
        paths = {} if root in self._without else declared(tree)
        if not paths:
            self._without = {*list(self._without)[-MOST_KNOWN:], root}
            return tree
        links = [Link(path, url, commit) for path, url in paths.items() if (commit := tree.link(path))]
        found, faults, sources = list[Link](), dict[str, HooklineError](), list[Mirror]()
        for link in links[:MOST]:
            if not self._allowed(link.url):
                continue
            try:
                sources.append(self._brought(link))
                found.append(link)
            except HooklineError as error:
                faults[link.path] = error
        whole = tree
        try:
            if found and made is None:
                whole = self._beside(mirror, tree, tuple(found), sources)
            elif found and made is not None:
                whole = Tree(made.reopened(), tree.url, tree.revision, joined(made.folder, tree, found, sources))
        except HooklineError as error:
            faults |= dict.fromkeys([link.path for link in found], error)
        return whole.knowing({link.path: link.url for link in links}, faults)

    def _brought(self, link: Link) -> Mirror:
        source = self._mirror_of(link.url)
        source.place.use()
        if not source.has(link.commit):
            source.fetch(lambda: not source.has(link.commit))
        if not source.has(link.commit):
            source.bring(link.commit, f"{_REFS}/{link.commit}")
        objects.complete([source.repo.commit(link.commit).tree])
        return source

    def _beside(self, mirror: Mirror, tree: Tree, links: tuple[Link, ...], sources: list[Mirror]) -> Tree:
        """Return the tree in the repository beside the mirror, which is made when it is not there."""
        place = mirror.path.with_suffix(GRAFTS)
        with mirror.place.locked(".making"):
            if not (place / "HEAD").exists():
                git.Repo.init(place, bare=True, mkdir=True)
            key = (f"{mirror.place.made()} {(place / 'HEAD').stat().st_mtime_ns} {tree.revision}", links)
            if key in self._known:
                return self._known[key]
            root = joined(place, tree, links, [mirror, *sources])
        limits = Limits(mirror.url, mirror.rules.largest)
        repo = objects.opened(place, limits, mirror.lacking(place), Checked)
        repo.git.update_environment(**transport.environment())
        if len(self._known) >= MOST:
            self._known.clear()
        return self._known.setdefault(key, Tree(repo, mirror.url, tree.revision, root))


def joined(place: Path, tree: Tree, links: Sequence[Link], sources: Sequence[Mirror]) -> str:
    """Put the files of some submodules into a tree; return its id in the repository ``place``.

    That borrows the objects of ``sources``, the last of which are the submodules' mirrors.
    """
    lines = place / "objects/info/alternates"
    known = [one for one in lines.read_text().split("\n") if Path(one).is_dir()] if lines.exists() else []
    wanted = [str((one.path / "objects").resolve()) for one in sources]
    fresh = lines.with_suffix(".new")
    fresh.write_text("".join(f"{one}\n" for one in dict.fromkeys([*filter(None, known), *wanted])))
    fresh.replace(lines)
    with tempfile.TemporaryDirectory(prefix="hookline-index-") as folder:
        # Git would fetch what a partial clone left out, and needs none of it here.
        index = {**plain(place, sources[0].path.parent), "GIT_INDEX_FILE": f"{folder}/index", "GIT_WORK_TREE": folder}
        _git(place, ["read-tree", str(tree.folder(".").hexsha)], b"", index)
        for link, source in zip(links, sources[-len(links) :], strict=True):
            below = str(source.repo.commit(link.commit).tree.hexsha)
            _git(place, ["update-index", "-z", "--index-info"], f"0 {'0' * 40}\t{link.path}\0".encode(), index)
            _git(place, ["read-tree", f"--prefix={link.path}/", below], b"", index)
        return _git(place, ["write-tree", "--missing-ok"], b"", index).strip()


def _git(folder: Path, arguments: list[str], given: bytes, environment: dict[str, str] | None = None) -> str:
    known = {**os.environ, **transport.environment(), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, input=given, capture_output=True, timeout=SECONDS, check=False,
            env={**known, **(environment or {})},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise GitUnreachable(f"git {arguments[0]} took more than {SECONDS} s for a submodule") from None
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[-200:]
        raise SourceMissing(f"a submodule cannot be put in its place (git {arguments[0]}: {said})")
    return done.stdout.decode(errors="replace")
