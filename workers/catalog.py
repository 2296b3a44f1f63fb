"""Reads app declarations from the catalog's folders. One broken document harms itself only."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import structlog
from pydantic import ValidationError

from workers import apps, documents, repositories
from workers.configuration import dotted
from workers.declarations import argo
from workers.errors import BadDeclaration, BadDocument

log = structlog.get_logger()

SUFFIXES = (".yaml", ".yml", ".json")
Signature = tuple[tuple[str, int, int], ...]


class Catalog:
    """The apps of some folders, read again when a file in them changed. Safe to share between threads."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._lock = threading.Lock()
        self._signature: Signature | None = None
        self._index = apps.index(())

    def index(self) -> apps.Index:
        """Return the present index. Costs one directory walk; files are read only when one changed."""
        signature = _signature(self._folders)
        with self._lock:
            if signature != self._signature:
                self._index = load(self._folders)
                self._signature = signature
            return self._index


def load(folders: Sequence[Path]) -> apps.Index:
    """Read every document of every folder. Never raises for a document: its app carries the fault."""
    found: list[apps.App] = []
    faults: list[str] = []
    for path, shown in _files(folders):
        try:
            read = documents.read(path.read_bytes(), shown)
        except OSError as error:
            faults.append(f"{shown}: cannot be read ({error.strerror})")
            continue
        except BadDocument as error:
            faults.append(str(error))
            continue
        for document in read:
            try:
                found.append(declared(document))
            except BadDeclaration as error:
                faults.append(str(error))
    faults += [
        f"{folder}: the catalog folder does not exist: create it, or correct catalog.folders"
        for folder in folders
        if not folder.is_dir()
    ]
    for fault in faults:
        log.warning("catalog fault", fault=fault)
    return apps.index(found, faults)


def declared(document: documents.Document) -> apps.App:
    """Turn one document into an app.

    A document that names an app but is wrong otherwise becomes an app with a ``fault``, so that the commits of
    its repository get a failed status. Raises :class:`BadDeclaration` when not even a name can be read.
    """
    value = document.value
    try:
        return _application(document)
    except BadDeclaration as error:
        name, url, path, revision = (_text(value, *where) for where in _BEST_EFFORT)
        if not name or len(name) > argo.NAME_LIMIT:
            raise
        return apps.App(
            name=name,
            url=url,
            path=path or ".",
            revision=revision or "HEAD",
            file=document.file,
            line=document.line,
            fault=str(error),
        )


_BEST_EFFORT = (
    ("metadata", "name"),
    ("spec", "source", "repoURL"),
    ("spec", "source", "path"),
    ("spec", "source", "targetRevision"),
)


def _application(document: documents.Document) -> apps.App:
    value = document.value
    kind = f"{_text(value, 'apiVersion') or '(no apiVersion)'} {_text(value, 'kind') or '(no kind)'}"
    if kind != "argoproj.io/v1alpha1 Application":
        raise _bad(document, ("kind",), f"unknown kind {kind}: expected argoproj.io/v1alpha1 Application")
    if refusal := argo.refused(value):
        raise _bad(document, *refusal)
    try:
        application = argo.Application.model_validate(value)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        text = "this field is not known: check the spelling" if detail["type"] == "extra_forbidden" else detail["msg"]
        raise _bad(document, detail["loc"], text.removeprefix("Value error, ")) from None
    return _app(application, document)


def _app(application: argo.Application, document: documents.Document) -> apps.App:
    spec = application.spec
    assert spec.source is not None  # noqa: S101 -- the model requires it
    try:
        repositories.canonical(spec.source.repo_url)
    except ValueError as error:
        raise _bad(document, ("spec", "source", "repoURL"), str(error)) from None
    automated = spec.sync_policy.automated
    options = dict(option.split("=", 1) for option in spec.sync_policy.sync_options if "=" in option)
    return apps.App(
        name=application.metadata.name,
        url=spec.source.repo_url,
        path=spec.source.path,
        revision=spec.source.target_revision or "HEAD",
        file=document.file,
        line=document.line,
        server=spec.destination.server,
        cluster=spec.destination.name,
        namespace=spec.destination.namespace,
        project=spec.project,
        automated=automated is not None and automated.enabled,
        prune=automated is not None and automated.prune,
        self_heal=automated is not None and automated.enabled and automated.self_heal,
        allow_empty=automated is not None and automated.allow_empty,
        create_namespace=options.get("CreateNamespace") == "true",
        propagation=_PROPAGATION.get(options.get("PrunePropagationPolicy", ""), "Foreground"),
        warnings=tuple(f"{name} has no effect in Hookline yet" for name in argo.unserved(application)),
    )


_PROPAGATION: dict[str, Literal["Foreground", "Background", "Orphan"]] = {
    "foreground": "Foreground",
    "background": "Background",
    "orphan": "Orphan",
}


def _bad(document: documents.Document, place: tuple[str | int, ...], text: str) -> BadDeclaration:
    return BadDeclaration(text, document.file, document.line_of(place), dotted(place))


def _text(value: Any, *path: str) -> str:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _files(folders: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return every file with the name it goes by in statuses: from its catalog folder's name on, no machine's path."""
    return sorted(
        (path, str(path.relative_to(folder.parent)))
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in SUFFIXES and path.is_file()
    )


def _signature(folders: Sequence[Path]) -> Signature:
    found = []
    for path, _ in _files(folders):
        try:
            status = path.stat()
        except OSError:
            continue
        found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)
