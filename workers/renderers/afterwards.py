"""What Kustomize does to manifests that a chart rendered to (Flux's ``postRenderers``): patches and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from workers import documents
from workers.documents import Document
from workers.errors import RenderFailed
from workers.given import Given
from workers.renderers import child, kustomize, scratch

_FILE = "postRenderers"


def changed(
    found: Sequence[Document], steps: Sequence[Mapping[str, Any]], given: Given, *, in_memory: bool
) -> list[Document]:
    """Return the documents after each step; every one still names the template it came from.

    Raises :class:`RenderFailed` with the tool's own words, unless ``in_memory`` says that they may hold a secret.
    """
    for step in steps:
        found = _step(found, step, given, in_memory=in_memory)
    return list(found)


def _step(found: Sequence[Document], step: Mapping[str, Any], given: Given, *, in_memory: bool) -> list[Document]:
    if not found:
        return []
    with scratch.folder(in_memory=in_memory) as root:
        folder = root / "tree"
        folder.mkdir()
        (folder / "all.yaml").write_bytes(b"\n---\n".join(orjson.dumps(one.value) for one in found))
        (folder / "kustomization.yaml").write_bytes(orjson.dumps({"resources": ["all.yaml"], **step}))
        done = child.run("kustomize", _FILE, [*kustomize.command_of(given.kustomize), str(folder)], root)
        if done.code:
            said = " ".join(done.said.replace(f"{folder}/", "").replace(str(folder), ".").split())[-500:]
            raise RenderFailed(f"kustomize refused {_FILE}: {scratch.KEPT_BACK if in_memory else said}")
    files = {_identity(one): one.file for one in found}
    built = documents.read(done.output, _FILE)
    return [replace(one, file=files.get(_identity(one), _FILE), line=0) for one in built]


def _identity(document: Document) -> tuple[str, ...]:
    value: dict[str, Any] = document.value if isinstance(document.value, dict) else {}
    said = value.get("metadata")
    metadata: dict[str, Any] = said if isinstance(said, dict) else {}
    return (str(value.get("kind")), str(metadata.get("namespace")), str(metadata.get("name")))
