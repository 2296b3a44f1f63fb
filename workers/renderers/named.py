"""Which files and folders a kustomization names: all that Kustomize opens for it, unless it is an open one. Pure.

Field facts: Kustomize's own reference of a kustomization's fields (API version v1beta1, 5.8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workers import kustomization

_PATCHES: Final = ("patches", "patchesJson6902", "replacements")
_MAKERS: Final = ("configMapGenerator", "secretGenerator")
_LISTING: Final = frozenset(
    {"resources", "bases", "components", "crds", "configurations", "patchesStrategicMerge", *_PATCHES, *_MAKERS}
)
# fmt: off
_TELLING: Final = frozenset((
    "apiVersion", "kind", "metadata", "namePrefix", "nameSuffix", "namespace", "commonLabels", "labels", "images",
    "commonAnnotations", "imageTags", "replicas", "vars", "sortOptions", "openapi", "generatorOptions",
    "buildMetadata", "helmGlobals", "ignoreMissingComponents",
))
"""Fields that name no file, but for ``openapi``; the last one is an app's own word."""
_WITHIN: Final = frozenset((
    "path", "patch", "target", "options", "source", "targets", "name", "namespace", "behavior", "type", "files",
    "literals", "envs", "env", "version",
))
# fmt: on
"""Fields of a patch, a replacement, a generator and a schema."""


def is_open(said: Mapping[str, Any]) -> bool:
    """Whether Kustomize may open more files below the kustomization's folder than :func:`paths` yields.

    Plugins and charts name files in places of their own; a field that is not known is left to Kustomize, which also
    takes some that are written in another case.
    """
    if any(said[field] and field not in _TELLING | _LISTING for field in said):
        return True
    schema = said.get("openapi")
    if isinstance(schema, dict) and not _WITHIN.issuperset(schema):
        return True
    entries = (one for field in (*_PATCHES, *_MAKERS) for one in listed(said, field))
    return any(isinstance(one, dict) and not _WITHIN.issuperset(one) for one in entries)


def paths(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every entry that Kustomize would open, with the field it is in."""
    yield from (("an entry", entry) for entry in kustomization.entries(said))
    for field in _PATCHES:
        for one in listed(said, field):
            if isinstance(one, dict) and isinstance(one.get("path"), str):
                yield f"{field}.path", one["path"]
    yield from (("patchesStrategicMerge", one) for one in listed(said, "patchesStrategicMerge") if _is_line(one))
    for field in _MAKERS:
        for one in listed(said, field):
            if isinstance(one, dict):
                held = [*listed(one, "files"), *listed(one, "envs"), one.get("env")]
                yield from ((f"{field}.files", entry.rpartition("=")[2]) for entry in held if _is_line(entry))
    openapi = said.get("openapi")
    if isinstance(openapi, dict) and isinstance(openapi.get("path"), str):
        yield "openapi.path", openapi["path"]
    for chart in listed(said, "helmCharts"):
        if isinstance(chart, dict):
            files = [chart.get("valuesFile"), *listed(chart, "additionalValuesFiles")]
            yield from (("helmCharts.valuesFile", file) for file in files if _is_line(file))


def listed(said: Mapping[str, Any], field: str) -> list[Any]:
    """Return the list under a field, an empty one for anything else."""
    found = said.get(field)
    return found if isinstance(found, list) else []


def _is_line(entry: Any) -> bool:
    return isinstance(entry, str) and "\n" not in entry
