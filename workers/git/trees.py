"""Reads folders of a commit straight from the mirror."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import git

from workers import bounds
from workers.errors import SourceMissing

MOST_FILES: Final = 20_000
MOST_BYTES: Final = 256 * 1024 * 1024
LINK: Final = 0o120000
_NO_NAMES: Final = frozenset({"", ".", "..", ".git"})
_LONGEST: Final = 200


class Tree:
    """The files of one commit of a repository; ``root`` is the tree that stands for them, "" for the commit's own."""

    def __init__(self, repo: git.Repo, url: str, revision: str, root: str = "") -> None:
        whole = git.Tree.tree_id << 12
        self._root = git.Tree(repo, bytes.fromhex(root), whole, "") if root else repo.commit(revision).tree
        self.url = url
        self.revision = revision
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
                raise SourceMissing(
                    f"there is no folder {path} in {self.url} at {self.revision[:7]}: correct spec.source.path"
                )
            found = below
        return found

    def object_id(self, path: str) -> str:
        """Return the id of the folder at ``path``, or ``""`` when it is not there: equal ids mean equal content."""
        try:
            return str(self.folder(path).hexsha)
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

    def write(self, target: Path) -> None:
        """Write every file below ``target``. Links and submodules are left out, so no path leads outside.

        Raises :class:`SourceMissing` when the commit is larger than we take, or names what no file may be called.
        """
        files, size = 0, 0
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


def content(blob: git.Blob) -> bytes:
    """Return the bytes of a file. Raises :class:`SourceMissing` for one of more than :data:`MOST_BYTES`."""
    size = blob.size  # asked before: git's reader would read a stream to its end, whoever wants it
    if size > MOST_BYTES:
        raise SourceMissing(f"{str(blob.path)[:_LONGEST]!r} has more than {MOST_BYTES >> 20} MiB: too large to read")
    bounds.current().file(str(blob.path)[:_LONGEST], size)
    found: bytes = blob.data_stream.read()
    return found
