"""Which files of a folder are manifests: plain folders, as Argo CD's ``directory`` says, and Flux's gathering."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final

import git

from workers import kustomization
from workers.git import trees
from workers.policies import Build

SUFFIXES: Final = (".yaml", ".yml", ".json")


def manifests(folder: git.Tree, build: Build) -> Iterator[tuple[str, git.Blob]]:
    """Yield the manifests of a folder by their path below it, in a stable order.

    Without ``recurse`` or ``gather`` only the folder's own. Links and (when gathering) hidden files are left out.
    """
    deep = build.recurse or build.gather
    for path, blob in _files(folder, "", deep=deep, hidden=not build.gather):
        included = not build.include or _glob(build.include).fullmatch(path)
        if included and not (build.exclude and _glob(build.exclude).fullmatch(path)):
            yield path, blob


def has_kustomization(folder: git.Tree) -> bool:
    """Whether a folder or one below it has a kustomization."""
    return kustomization.file_of(folder) is not None or any(
        has_kustomization(below) for below in folder.trees if not str(below.name).startswith(".")
    )


def gathered(folder: git.Tree, above: str = "") -> list[str]:
    """Return the resources of a kustomization for a folder that has none (Flux's way).

    Every manifest below it; a folder below that has a kustomization counts as a whole.
    """
    found = [f"{above}{blob.name}" for blob in _own(folder, hidden=False)]
    for below in sorted(folder.trees, key=lambda item: str(item.name)):
        if str(below.name).startswith("."):
            continue
        place = f"{above}{below.name}"
        found += [place] if kustomization.file_of(below) else gathered(below, f"{place}/")
    return found


def _files(folder: git.Tree, above: str, *, deep: bool, hidden: bool) -> Iterator[tuple[str, git.Blob]]:
    for blob in _own(folder, hidden=hidden):
        yield f"{above}{blob.name}", blob
    for below in sorted(folder.trees, key=lambda item: str(item.name)) if deep else ():
        if hidden or not str(below.name).startswith("."):
            yield from _files(below, f"{above}{below.name}/", deep=deep, hidden=hidden)


def _own(folder: git.Tree, *, hidden: bool) -> list[git.Blob]:
    blobs = [blob for blob in folder.blobs if str(blob.name).endswith(SUFFIXES) and blob.mode != trees.LINK]
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
