"""What of a commit Kustomize reads to build a folder: so much is written out for it, and so much is the app's input.

The files that its kustomizations name, one by one; a folder as a whole only where a kustomization is an open one (see
`workers.renderers.named`). What is not named is not there while it builds, so nothing can change a result unseen.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import git

from workers import kustomization
from workers.git import trees
from workers.git.trees import Tree
from workers.renderers import named


def places(
    tree: Tree, reached: Iterable[str], start: str, own: Sequence[Mapping[str, Any]], *, made: bool
) -> dict[str, str]:
    """Return the files and open folders that are read of the folders ``reached``, by their paths, with their ids.

    ``own`` is what goes into the kustomization of the folder ``start``; it has none of its own where one is ``made``.
    """
    found: dict[str, str] = {}
    for folder in reached:
        here = tree.folder(folder)
        said = [kustomization.read(tree, folder), *(own if folder == start else ())]
        files = [one for one in here.blobs if one.name in kustomization.NAMES and one.mode != trees.LINK]
        # One that we cannot read is left to Kustomize, with all that is there.
        unread = not said[0] and not (made and folder == start)
        if unread or any(map(named.is_open, said)):
            found[folder] = str(here.hexsha)
            continue
        found |= {_joined(folder, str(one.name)): str(one.hexsha) for one in files}
        found |= {path: str(blob.hexsha) for path, blob in _files(tree, folder, said)}
    return found


def _files(tree: Tree, folder: str, said: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, git.Blob]]:
    for one in said:
        for _, entry in named.paths(one):
            path = _joined(folder, entry)
            if (blob := tree.file(path)) is not None:
                yield path, blob


def _joined(folder: str, entry: str) -> str:
    return posixpath.normpath(posixpath.join(folder, entry))
