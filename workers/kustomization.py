"""Finds the folders a kustomization reads, so that a change elsewhere renders nothing. Reads trees, writes nothing."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Any, Final

import git

from workers import documents
from workers.errors import BadDocument, SourceMissing
from workers.git import trees
from workers.git.trees import Tree

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MOST_FOLDERS: Final = 1_000


def file_of(folder: git.Tree) -> git.Blob | None:
    """Return the kustomization file of a folder, if it has one."""
    return next((blob for blob in folder.blobs if blob.name in NAMES and blob.mode != trees.LINK), None)


def folders(tree: Tree, path: str, more: Iterable[str] = ()) -> list[str]:
    """Return ``path`` and every folder reached from its kustomization by resources, bases and components.

    ``more`` are components that are put into it.

    Files lie in or below the folder that names them (Kustomize's own rule), so folders are enough. What cannot
    be read is left to the renderer to complain about. Raises :class:`SourceMissing` when ``path`` is missing.
    """
    tree.folder(path)
    start = posixpath.normpath(path)
    found, queue = {start}, [start]
    while queue and len(found) < MOST_FOLDERS:
        here = queue.pop()
        for entry in (*_entries(tree, here), *(more if here == start else ())):
            place = posixpath.normpath(posixpath.join(here, entry))
            if place not in found and not place.startswith("..") and tree.object_id(place):
                found.add(place)
                queue.append(place)
    return sorted(found)


def _entries(tree: Tree, path: str) -> list[str]:
    try:
        blob = file_of(tree.folder(path))
        read = documents.read(trees.content(blob), str(blob.path)) if blob else []
    except (BadDocument, SourceMissing):
        return []
    value: Any = read[0].value if read else {}
    if not isinstance(value, dict):
        return []
    lists = (value.get(field) for field in ("resources", "bases", "components"))
    return [entry for entries in lists if isinstance(entries, list) for entry in entries if isinstance(entry, str)]
