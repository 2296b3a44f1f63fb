"""Documents into Kubernetes objects: lists expanded, identity required."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from workers.documents.document import Document
from workers.errors import BadDocument


def objects(documents: Iterable[Document]) -> list[Document]:
    """Return every object as a document of its own; a ``List`` (or ``ConfigMapList`` …) gives its items.

    Raises :class:`BadDocument` naming file, line and field when apiVersion, kind or metadata.name is not there.
    """
    return [found for document in documents for found in _expanded(document)]


def _expanded(document: Document) -> Iterator[Document]:
    value = document.value
    if not isinstance(value, dict):
        raise BadDocument("expected an object with apiVersion, kind and metadata", document.file, document.line)
    items = value.get("items")
    if isinstance(items, list) and str(value.get("kind", "")).endswith("List"):
        for index, item in enumerate(items):
            within = (*document.within, "items", index)
            line = document.line_of(("items", index))
            yield from _expanded(replace(document, value=item, line=line, within=within))
        return
    for field, found in (("apiVersion", value.get("apiVersion")), ("kind", value.get("kind"))):
        _require(document, (field,), found)
    metadata = value.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    if named.get("name") or not named.get("generateName"):
        _require(document, ("metadata", "name"), named.get("name"))
    yield document


def _require(document: Document, path: tuple[str, ...], found: Any) -> None:
    if not isinstance(found, str) or not found:
        said = "is missing" if found in (None, "") else "must be text: put quotes around it"
        raise BadDocument(f"{'.'.join(path)} {said}", document.file, document.line_of(path))
