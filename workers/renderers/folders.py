"""Which files of a folder are manifests: plain folders, as Argo CD's ``directory`` says, and Flux's gathering."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final

import git

from workers import kustomization
from workers.errors import SourceMissing
from workers.git import trees
from workers.policies import Build
from workers.renderers import jsonnet
from workers.renderers.sourceignore import Counts, everything

MOST_DEEP: Final = 100
"""Folders within folders."""
SUFFIXES: Final = (".yaml", ".yml", ".json")


def manifests(folder: git.Tree, build: Build, counts: Counts = everything) -> Iterator[tuple[str, git.Blob]]:
    """Yield the manifests of a folder by their path below it, in a stable order.

    Without ``recurse`` or ``gather`` only the folder's own. Links and (when gathering) hidden files are left out, and
    what does not count (see `workers.renderers.sourceignore`). Jsonnet files are among them unless gathering.
    """
    deep = build.recurse or build.gather
    for path, blob in _files(folder, "", counts, deep=deep, hidden=not build.gather):
        included = not build.include or _glob(build.include).fullmatch(path)
        if included and not (build.exclude and _glob(build.exclude).fullmatch(path)):
            yield path, blob


def has_kustomization(folder: git.Tree) -> bool:
    """Whether a folder or one below it has a kustomization."""
    _shallow(folder)
    return kustomization.file_of(folder) is not None or any(
        has_kustomization(below) for below in folder.trees if not str(below.name).startswith(".")
    )


def gathered(folder: git.Tree, counts: Counts = everything, above: str = "") -> list[str]:
    """Return the resources of a kustomization for a folder that has none (Flux's way).

    Every manifest below it; a folder below that has a kustomization counts as a whole.
    """
    _shallow(folder)
    found = [f"{above}{blob.name}" for blob in _own(folder, counts, hidden=False)]
    for below in sorted(folder.trees, key=lambda item: str(item.name)):
        if str(below.name).startswith(".") or not counts(str(below.path), True):
            continue
        place = f"{above}{below.name}"
        found += [place] if kustomization.file_of(below) else gathered(below, counts, f"{place}/")
    return found


def _files(folder: git.Tree, above: str, counts: Counts, *, deep: bool, hidden: bool) -> Iterator[tuple[str, git.Blob]]:
    _shallow(folder)
    for blob in _own(folder, counts, hidden=hidden):
        yield f"{above}{blob.name}", blob
    for below in sorted(folder.trees, key=lambda item: str(item.name)) if deep else ():
        if (hidden or not str(below.name).startswith(".")) and counts(str(below.path), True):
            yield from _files(below, f"{above}{below.name}/", counts, deep=deep, hidden=hidden)


def _shallow(folder: git.Tree) -> None:
    """Raise :class:`SourceMissing` for a folder so deep that only somebody who means harm made it."""
    if str(folder.path).count("/") >= MOST_DEEP:
        raise SourceMissing(f"folders are nested deeper than {MOST_DEEP} levels: {str(folder.path)[:60]!r}…")


def _own(folder: git.Tree, counts: Counts, *, hidden: bool) -> list[git.Blob]:
    suffixes = (*SUFFIXES, jsonnet.SUFFIX) if hidden else SUFFIXES
    blobs = [blob for blob in folder.blobs if str(blob.name).endswith(suffixes) and blob.mode != trees.LINK]
    blobs = [blob for blob in blobs if counts(str(blob.path), False)]
    return sorted(
        (blob for blob in blobs if hidden or not str(blob.name).startswith(".")), key=lambda item: str(item.name)
    )


@functools.lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    """Read a glob over whole paths: ``*`` crosses folders, ``{a,b}`` is either, ``[a-z]`` a class (as in Argo CD)."""
    parts, depth = [], 0
    for part in re.split(r"(\[[^\]]+\]|[*?{},])", pattern):
        if part == "{":
            depth += 1
        elif part == "}" and depth:
            depth -= 1
        elif part == "," and not depth:
            parts.append(",")
            continue
        known = {"*": ".*", "?": ".", "{": "(?:", "}": ")", ",": "|"}
        parts.append(
            part.replace("[!", "[^") if part[:1] == "[" and part[-1:] == "]" else known.get(part, re.escape(part))
        )
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))
