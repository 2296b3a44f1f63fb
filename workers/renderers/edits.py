"""What an app puts into a kustomization: names, images, patches and the like. Pure.

The result is what ``kustomize edit`` would have written: a name given by the app goes before the file's, lists grow,
and an image is replaced by name (Argo CD's ``source.kustomize``, Flux's ``spec`` of a Kustomization).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

REPLACED: Final = ("namespace", "namePrefix", "nameSuffix")
MERGED: Final = ("commonAnnotations",)
NAMED: Final = ("images", "replicas")
APPENDED: Final = ("patches", "components", "labels", "resources")


def merged(kustomization: Mapping[str, Any], edits: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kustomization with ``edits`` put in; neither is changed.

    Raises :class:`ValueError` with one sentence when a field of the file is not what the edit needs.
    """
    found = dict(kustomization)
    for name, value in edits.items():
        here = found.get(name)
        if name in REPLACED or here is None:
            found[name] = value
        elif name in MERGED:
            found[name] = {**_a(here, dict, name), **value}
        elif name in NAMED:
            ours = {item["name"] for item in value}
            kept = [item for item in _a(here, list, name) if not isinstance(item, dict) or item.get("name") not in ours]
            found[name] = [*kept, *value]
        elif name in APPENDED:
            found[name] = [*_a(here, list, name), *value]
    return found


def _a(value: Any, kind: type, name: str) -> Any:
    if isinstance(value, kind):
        return value
    raise ValueError(f"{name}: expected a {'list' if kind is list else 'mapping'}")


WORDS: Final = ("version", "kubeVersion", "apiVersions", "commonAnnotationsEnvsubst")
"""What an app says to Kustomize itself, beside what is put into the kustomization."""


def split(edits: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is put into a kustomization, and the rest."""
    said = {name: value for name, value in edits.items() if name in WORDS}
    return {name: value for name, value in edits.items() if name not in WORDS}, said


def existing(edits: Mapping[str, Any], has: Any) -> dict[str, Any]:
    """Return the edits without components that are not there, if they say not to mind. ``has`` tells of a path."""
    found = {name: value for name, value in edits.items() if name != "ignoreMissingComponents"}
    if edits.get("ignoreMissingComponents") and "components" in found:
        found["components"] = [path for path in found["components"] if "://" in path or has(path)]
    return found
