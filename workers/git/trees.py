"""Reads folders of a commit straight from the mirror."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import git

from workers import bounds
from workers.errors import AuthorError, HooklineError, SourceMissing, SubmoduleRefused
from workers.git import objects

MOST_FILES: Final = 20_000
MOST_BYTES: Final = 256 * 1024 * 1024
LINK: Final = 0o120000
_NO_NAMES: Final = frozenset({"", ".", "..", ".git"})
POINTER: Final = b"version https://git-lfs.github.com/spec/v1"
"""How a pointer of Git LFS begins (its spec.md); it has less than 1,024 bytes."""
MOST_OF_POINTER: Final = 1024
MANIFESTS: Final = (".yaml", ".yml", ".json", ".jsonnet", ".libsonnet", ".tpl")
"""What is no manifest may well be a pointer, such as a picture beside them."""
_LONGEST: Final = 200
Counts = Callable[[str, bool], bool]
"""Whether what is at a path counts; told whether it is a folder."""


class Tree:
    """The files of one commit of a repository; ``root`` is the tree that stands for them, "" for the commit's own."""

    def __init__(self, repo: git.Repo, url: str, revision: str, root: str = "") -> None:
        whole = git.Tree.tree_id << 12
        self._root = git.Tree(repo, bytes.fromhex(root), whole, "") if root else repo.commit(revision).tree
        self.url = url
        self.revision = revision
        self._submodules: Mapping[str, str] = {}
        self._faults: Mapping[str, HooklineError] = {}
        self._below: dict[str, dict[str, git.Tree]] = {}
        self._files: dict[str, dict[str, git.Blob]] = {}

    def folder(self, path: str) -> git.Tree:
        """Return the folder at ``path`` (``.`` is the root). Raises :class:`SourceMissing` naming path and commit."""
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or ".." in parts:
            raise SourceMissing(
                f"spec.source.path {path!r} must be a folder inside the repository, without `..` or a leading `/`"
            )
        found = self._root
        for part in parts:
            named = self._below.get(found.hexsha)
            if named is None:
                named = self._below[found.hexsha] = {str(item.name): item for item in found.trees}
            below = named.get(part)
            if below is None:
                self._refuse_link(found, part)
                raise SourceMissing(
                    f"there is no folder {path} in {self.url} at {self.revision[:7]}: correct spec.source.path"
                )
            found = below
        return found

    def object_id(self, path: str) -> str:
        """Return the id of the folder at ``path``, or ``""`` when it is not there: equal ids mean equal content."""
        try:
            return str(self.folder(path).hexsha)
        except SubmoduleRefused:
            raise
        except SourceMissing:
            return ""

    def file(self, path: str) -> git.Blob | None:
        """Return the plain file at ``path`` (from the root), ``None`` for none; a link is none."""
        above, _, name = path.rpartition("/")
        try:
            folder = self.folder(above or "." if not path.startswith("/") else path)
        except SourceMissing:
            return None
        named = self._files.get(folder.hexsha)
        if named is None:
            named = self._files[folder.hexsha] = {str(one.name): one for one in folder.blobs if one.mode != LINK}
        return named.get(name)

    def knowing(self, submodules: Mapping[str, str], faults: Mapping[str, HooklineError]) -> Tree:
        """Note which submodules there are, path to URL, and what is wrong with allowed ones; return itself."""
        self._submodules, self._faults = submodules, faults
        return self

    def again(self, repo: git.Repo) -> Tree:
        """Return the same files as another reader of the repository sees them."""
        return Tree(repo, self.url, self.revision, self.object_id(".")).knowing(self._submodules, self._faults)

    def link(self, path: str) -> str:
        """Return the commit of the submodule at ``path``, "" for none."""
        above, _, name = path.rpartition("/")
        here = self.folder(above) if self.object_id(above) else None
        return next((str(one.hexsha) for one in links(here) if named(one) == name), "") if here else ""

    def refuse_links(self, folders: Iterable[git.Tree], counts: Counts = lambda *_: True) -> None:
        """Raise :class:`SubmoduleRefused` when there is a submodule in or below some folders, and it counts."""
        stack = list(folders)
        while stack:
            here = stack.pop()
            for link in links(here):
                if counts(str(link.path), True):
                    self._refuse_link(here, named(link))
            stack += [one for one in here.trees if counts(str(one.path), True)]

    def _refuse_link(self, folder: git.Tree, name: str) -> None:
        """Raise what is wrong with the submodule ``name`` of a folder, if it is one."""
        if not any(named(one) == name for one in links(folder)):
            return
        path = "/".join(filter(None, (str(folder.path), name)))
        shown, fault = _shown(path), self._faults.get(path)
        if isinstance(fault, AuthorError):
            raise SubmoduleRefused(f"{shown} of {self.url} is a submodule that cannot be had: {fault}")
        if fault:
            raise fault
        url = self._submodules.get(path, "")
        raise SubmoduleRefused(
            f"{shown} of {self.url} is a submodule{f' ({_shown(url)})' if url else ''} and not allowed: add the start"
            " of its URL to `mirrors.submodules`, or commit its files"
        )

    def write(self, target: Path) -> None:
        """Write every file below ``target``. Links and submodules are left out, so no path leads outside.

        Raises :class:`SourceMissing` when the commit is larger than we take, or names what no file may be called.
        """
        files, size = 0, 0
        objects.complete([self._root])
        for item in self._root.traverse():
            name = str(getattr(item, "name", ""))
            if name in _NO_NAMES or "/" in name:
                raise SourceMissing(f"{self.url} at {self.revision[:7]} has a file called {name!r}: rename it")
            if not isinstance(item, git.Blob) or item.mode == LINK:
                continue
            files, size = files + 1, size + item.size
            if files > MOST_FILES or size > MOST_BYTES:
                raise SourceMissing(
                    f"{self.url} at {self.revision[:7]} has more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB: "
                    "too large to render"
                )
            place = target / str(item.path)
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content(item))
            except (OSError, ValueError) as error:
                named = f"{str(item.path)[:_LONGEST]!r} of {self.url} at {self.revision[:7]}"
                raise SourceMissing(f"{named} cannot be written out ({type(error).__name__}): rename it") from None


def links(folder: git.Tree) -> Iterator[git.Submodule]:
    """Yield the submodules in a folder."""
    return (item for item in folder if isinstance(item, git.Submodule))


def named(link: git.Submodule) -> str:
    """Return the last part of a submodule's path: GitPython knows a name only where there is a work tree. Pure."""
    return str(link.path).rpartition("/")[2]


def _shown(path: str) -> str:
    """Return a path in one line of bounded length: whoever committed it chose it. Pure."""
    return path[:_LONGEST] if path.isprintable() else repr(path[:_LONGEST])


def content(blob: git.Blob) -> bytes:
    """Return the bytes of a file. Raises :class:`SourceMissing` for one that is too large, and for a pointer of LFS."""
    size = blob.size  # asked before: git's reader would read a stream to its end, whoever wants it
    stored = objects.of(blob)
    limits = stored.limits if stored else objects.Limits()
    name, whose = _shown(str(blob.path)), limits.url or "the repository"
    bounds.current().file(name, size)
    if size > limits.largest:
        raise SourceMissing(
            f"{name} of {whose} has {size} bytes, and {limits.largest} are read at most: make it smaller, take it out"
            " of the folder, or raise `mirrors.largest_file`"
        )
    found: bytes = blob.data_stream.read()
    if size < MOST_OF_POINTER and found.startswith(POINTER) and name.endswith(MANIFESTS):
        raise SourceMissing(
            f"{name} of {whose} is a pointer of Git LFS and not the file itself: commit the file (git lfs untrack, then"
            " git add --renormalize), for LFS is not read"
        )
    return found
