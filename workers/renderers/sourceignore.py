"""Which files of a repository count: ``.sourceignore``, a GitRepository's ``ignore``, and Flux's default exclusions.

The patterns are Git's (gitignore). Field facts from Flux's page "Git Repositories", "Excluding files": a
``.sourceignore`` in any folder concerns what is below it, ``spec.ignore`` goes before those and replaces the defaults.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

import git
import pathspec

from workers.git import trees
from workers.git.trees import Tree

NAME: Final = ".sourceignore"
LONGEST: Final = 64 * 1024
"""Bytes of one file that are read: whoever needs more patterns excludes a folder."""
DEFAULTS: Final = (
    ".git/", ".gitignore", ".gitmodules", ".gitattributes",
    "*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip",
    ".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml",
    "codeship-services.yml", "codeship-steps.yml",
    "**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml",
)  # fmt: skip
Counts = Callable[[str, bool], bool]
"""(path from the repository's root, whether it is a folder) to whether it counts."""


def everything(path: str, is_folder: bool) -> bool:
    """Let everything count."""
    del path, is_folder
    return True


def rules(tree: Tree, *, flux: bool, said: str | None = None) -> Counts:
    """Return what counts in a commit; ``said`` is the GitRepository's ``ignore``, ``None`` where it says nothing.

    Outside of Flux only the files ``.sourceignore`` count.
    """
    first = _spec("\n".join(DEFAULTS) if said is None else said) if flux else None

    @lru_cache(maxsize=4096)
    def spec_of(folder: str) -> pathspec.GitIgnoreSpec | None:
        blob = file_of(tree, folder)
        return _spec(trees.content(blob)[:LONGEST].decode(errors="replace")) if blob else None

    @lru_cache(maxsize=4096)
    def counts(path: str, is_folder: bool) -> bool:
        above = posixpath.dirname(path)
        if above and not counts(above, True):
            return False
        word = f"{path}/" if is_folder else path
        decided = first.check_file(word).include if first else None
        if decided is not None:
            return not decided
        here = above
        while True:
            spec = spec_of(here or ".")
            decided = spec.check_file(word[len(here) + 1 if here else 0 :]).include if spec else None
            if decided is not None:
                return not decided
            if not here:
                return True
            here = posixpath.dirname(here)

    return counts


def inputs(tree: Tree, folders: Iterable[str]) -> list[str]:
    """Return the ids of the files that concern some folders from above them, as texts."""
    above: set[str] = {"."}
    for folder in folders:
        parts = [part for part in folder.split("/") if part not in ("", ".")]
        above |= {"/".join(parts[:at]) for at in range(1, len(parts))}
    found = ((place, file_of(tree, place)) for place in sorted(above))
    return [f"{place}/{NAME}={blob.hexsha}" for place, blob in found if blob is not None]


def file_of(tree: Tree, folder: str) -> git.Blob | None:
    """Return the ``.sourceignore`` of a folder, if it has one."""
    return tree.file(NAME if folder in ("", ".") else f"{folder}/{NAME}")


@lru_cache(maxsize=256)
def _spec(text: str) -> pathspec.GitIgnoreSpec:
    """Read patterns; a line that is none is left out, as git does."""
    kept = []
    for line in text.splitlines():
        try:
            pathspec.GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        kept.append(line)
    return pathspec.GitIgnoreSpec.from_lines(kept)
