"""Which files of a commit a chart's ``valueFiles`` and ``fileParameters`` mean. Reads trees, writes nothing.

The rules are Argo CD's ("Glob Patterns in Value Files" in its Helm guide): a path begins at the chart, with ``/`` at
the repository's root, with ``$ref/`` at the root of another source. A glob stands for the files it matches, a folder's
own before those below it, without what is named by itself. Nothing leaves the repository: files are looked up in Git's
trees, where ``..`` has nowhere to go and a link is not followed.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import git

from workers.errors import RenderFailed, SourceMissing
from workers.git import trees
from workers.git.trees import Tree

MOST_LOOKS: Final = 20_000
"""Folders that one glob may look at."""
MOST_DEEP: Final = 100


@dataclass(frozen=True, slots=True)
class File:
    """One file: what it is called in messages, and its content as Git has it."""

    shown: str
    blob: git.Blob


def values(
    tree: Tree, chart: str, said: Sequence[str], refs: Mapping[str, Tree], *, ignore_missing: bool
) -> list[File]:
    """Return the value files in the order in which they are read. Raises :class:`RenderFailed` naming the entry."""
    places = [_place(tree, chart, entry, refs, "value file") for entry in said]
    named = {(id(where), path) for where, path in places if not _is_glob(path)}
    found: dict[tuple[int, str], File] = {}
    for entry, (where, path) in zip(said, places, strict=True):
        glob = _is_glob(path)
        meant = [one for one in _matches(where, path, entry) if (id(where), one) not in named] if glob else [path]
        files = [(one, file) for one in meant if (file := _file(where, one, entry, "value file"))]
        for one, file in files:
            found.setdefault((id(where), one), file)
        if not files and not ignore_missing and not (glob and list(_matches(where, path, entry))):
            raise _missing(where, path, entry, "value file", "or set ignoreMissingValueFiles")
    return list(found.values())


def parameter(tree: Tree, chart: str, path: str, refs: Mapping[str, Tree]) -> File:
    """Return the file of a file parameter. Raises :class:`RenderFailed` naming it."""
    where, place = _place(tree, chart, path, refs, "file parameter")
    if file := _file(where, place, path, "file parameter"):
        return file
    raise _missing(where, place, path, "file parameter", "or correct the path")


def _place(tree: Tree, chart: str, entry: str, refs: Mapping[str, Tree], what: str) -> tuple[Tree, str]:
    """Return where an entry is looked for: whose files, and the path from their root."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", entry):
        raise RenderFailed(
            f"{what} {entry}: nothing is fetched while rendering: commit the file, or name its repository in "
            "spec.sources with a ref"
        )
    ref, slash, rest = entry.partition("/")
    if ref.startswith("$"):
        if ref[1:] not in refs:
            raise RenderFailed(f"{what} {entry}: no source has the ref {ref[1:]}: add one to spec.sources")
        if not slash or not rest.strip("/"):
            raise RenderFailed(f"{what} {entry}: expected a path after the ref")
        tree, begin, entry = refs[ref[1:]], "", rest
    else:
        begin = "" if entry.startswith("/") else chart
    path = posixpath.normpath(posixpath.join(begin, entry.lstrip("/")))
    if path.startswith("../") or path in ("..", ".", ""):
        raise RenderFailed(f"{what} {entry}: this leads out of the repository: correct the path")
    return tree, path


def _is_glob(path: str) -> bool:
    return any(sign in path for sign in "*?[")


def _file(tree: Tree, path: str, entry: str, what: str) -> File | None:
    folder, _, name = path.rpartition("/")
    try:
        blob = next((one for one in tree.folder(folder).blobs if one.name == name), None)
    except SourceMissing:
        return None
    if blob is not None and blob.mode == trees.LINK:
        raise RenderFailed(f"{what} {entry}: {path} is a link, and links are not followed: commit the file itself")
    return File(path, blob) if blob is not None else None


def _missing(tree: Tree, path: str, entry: str, what: str, advice: str) -> RenderFailed:
    no = "no file matches" if _is_glob(path) else "there is no file"
    return RenderFailed(f"{what} {entry}: {no} {path} in {tree.url} at {tree.revision[:7]}: commit it, {advice}")


def _matches(tree: Tree, path: str, entry: str) -> Iterator[str]:
    """Yield the paths that a glob means; a path may come twice."""
    parts = [
        part
        for part, after in zip(path.split("/"), [*path.split("/")[1:], ""], strict=True)
        if not part == after == "**"
    ]
    fixed = next(at for at, part in enumerate(parts) if _is_glob(part))
    above = "/".join(parts[:fixed])
    looks = iter(range(MOST_LOOKS))

    def walk(folder: git.Tree, place: str, left: Sequence[str]) -> Iterator[str]:
        if next(looks, None) is None or place.count("/") > MOST_DEEP:
            raise RenderFailed(f"value file {entry}: the glob looks at too many folders: make it narrower")
        head, rest = left[0], left[1:]
        pattern = "*" if head == "**" else head.replace("[^", "[!")
        if head == "**" and rest:
            yield from walk(folder, place, rest)
        elif not rest:
            names = sorted(str(blob.name) for blob in folder.blobs)
            yield from (f"{place}{name}" for name in names if fnmatch.fnmatchcase(name, pattern))
        for below in sorted(folder.trees, key=lambda item: str(item.name)) if rest or head == "**" else ():
            if fnmatch.fnmatchcase(str(below.name), pattern):
                yield from walk(below, f"{place}{below.name}/", left if head == "**" else rest)

    try:
        start = tree.folder(above)
    except SourceMissing:
        return
    yield from walk(start, f"{above}/" if above else "", parts[fixed:])
