"""One document becomes one app, or says with file, line and field why it cannot. Pure."""

from __future__ import annotations

import posixpath
from typing import Any

from pydantic import ValidationError

from workers import apps, documents, options, repositories
from workers.configuration import dotted
from workers.declarations import argo
from workers.errors import BadDeclaration

PATHS_ANNOTATION = "argocd.argoproj.io/manifest-generate-paths"


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
    said = options.read(spec.sync_policy.sync_options)
    if said.problem:
        raise _bad(document, ("spec", "syncPolicy", "syncOptions"), said.problem)
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
        paths=_hinted(document.value, spec.source.path),
        options=said.options,
        warnings=tuple(f"{name} has no effect in Hookline yet" for name in argo.unserved(application, said.unserved)),
    )


def _hinted(value: Any, folder: str) -> tuple[str, ...]:
    """Return the paths of the hint annotation from the repository's root: a relative one begins at the app's folder."""
    text = _text(value, "metadata", "annotations", PATHS_ANNOTATION)
    found = []
    for part in filter(None, text.split(";")):
        path = posixpath.normpath(part.lstrip("/") if part.startswith("/") else posixpath.join(folder, part))
        found.append("" if path == "." else path)
    return () if "" in found else tuple(found)


def _bad(document: documents.Document, place: tuple[str | int, ...], text: str) -> BadDeclaration:
    return BadDeclaration(text, document.file, document.line_of(place), dotted(place))


def _text(value: Any, *path: str) -> str:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
