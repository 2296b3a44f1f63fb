"""Finds what a kustomization reads, so that a change elsewhere renders nothing. Reads trees, writes nothing."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import git

from workers import documents
from workers.errors import BadDocument, SourceMissing
from workers.git import objects, trees
from workers.git.trees import Tree

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
LISTS: Final = (
    "resources",
    "bases",
    "components",
    "generators",
    "transformers",
    "validators",
    "crds",
    "configurations",
)
"""Fields whose entries are files or folders."""
_FIELDS: Final = {
    name.casefold(): name
    for name in (
        *(*LISTS, "patches", "patchesJson6902", "patchesStrategicMerge", "replacements", "openapi", "path", "patch"),
        *("configMapGenerator", "secretGenerator", "files", "envs", "env", "literals", "helmGlobals", "chartHome"),
        *("helmChartInflationGenerator", "helmCharts", "valuesFile", "additionalValuesFiles", "name", "repo"),
        *("version", "releaseName", "namespace", "kubeVersion", "nameTemplate", "apiVersions"),
    )
}
"""The fields that are looked at. Kustomize takes them in any case, as Go's ``encoding/json`` does."""
CHARTS: Final = "charts"
"""Where a kustomization's charts are when it does not say (Kustomize's ``helmGlobals.chartHome``)."""
MOST_FOLDERS: Final = 1_000


def file_of(folder: git.Tree) -> git.Blob | None:
    """Return the kustomization file of a folder, if it has one."""
    return next((blob for blob in folder.blobs if blob.name in NAMES and blob.mode != trees.LINK), None)


def folders(tree: Tree, path: str, more: Iterable[str] = ()) -> list[str]:
    """Return ``path`` and every folder reached from its kustomization: resources, bases, components and the like.

    ``more`` are entries that are put into it.

    Files lie in or below the folder that names them (Kustomize's own rule), so folders are enough. What cannot
    be read is left to the renderer to complain about. Raises :class:`SourceMissing` when ``path`` is missing.
    """
    tree.folder(path)
    start = posixpath.normpath(path)
    found, level = {start}, [start]
    while level and len(found) < MOST_FOLDERS:
        objects.complete(folder for one in level if file_of(folder := tree.folder(one)))
        below: list[str] = []
        for here in level:
            if len(found) >= MOST_FOLDERS:
                break
            for entry in (*entries(read(tree, here)), *(more if here == start else ())):
                place = posixpath.normpath(posixpath.join(here, entry))
                if place not in found and not place.startswith("..") and tree.object_id(place):
                    found.add(place)
                    below.append(place)
        level = below
    return sorted(found)


def read(tree: Tree, path: str) -> Mapping[str, Any]:
    """Return the kustomization of a folder, its fields as Kustomize calls them; nothing where none can be read."""
    try:
        blob = file_of(tree.folder(path))
        found = documents.read(trees.content(blob), str(blob.path)) if blob else []
    except (BadDocument, SourceMissing):
        return {}
    value: Any = found[0].value if found else {}
    return _folded({name: _within(one) for name, one in value.items()}) if isinstance(value, dict) else {}


def _within(value: Any) -> Any:
    if isinstance(value, list):
        return [_within(one) if isinstance(one, dict) else one for one in value]
    return _folded(value) if isinstance(value, dict) else value


def _folded(said: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a mapping with its fields in the case of :data:`_FIELDS`; of one that is there twice, both lists count."""
    found: dict[str, Any] = {}
    for key, value in said.items():
        name = _FIELDS.get(str(key).casefold(), str(key))
        here = found.get(name)
        found[name] = [*here, *value] if isinstance(here, list) and isinstance(value, list) else value
    return found


def entries(kustomization: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files and folders that a kustomization names in its lists. Pure."""
    for field in LISTS:
        said = kustomization.get(field)
        yield from (entry for entry in said if isinstance(entry, str)) if isinstance(said, list) else ()
    if kustomization.get("helmCharts"):
        yield chart_home(kustomization)


def chart_home(kustomization: Mapping[str, Any]) -> str:
    """Return the folder of a kustomization's charts, from its own. Pure."""
    said = kustomization.get("helmGlobals")
    return str((said.get("chartHome") if isinstance(said, dict) else "") or CHARTS)
