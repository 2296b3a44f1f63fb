"""One document becomes what it declares, or says with file, line and field why it cannot. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from workers import apps
from workers.declarations.common import NAME_LIMIT
from workers.declaring import application, artifacts, flux, helm_release, project
from workers.declaring.faults import bad, text
from workers.documents import Document
from workers.errors import BadDeclaration
from workers.projects import Project
from workers.sources import Repository

Declared = apps.App | Project | Repository

KINDS: Final = (
    "argoproj.io/v1alpha1 Application",
    "argoproj.io/v1alpha1 AppProject",
    "kustomize.toolkit.fluxcd.io/v1 Kustomization",
    "source.toolkit.fluxcd.io/v1 GitRepository",
    "helm.toolkit.fluxcd.io/v2 HelmRelease",
    "source.toolkit.fluxcd.io/v1 HelmRepository",
    "source.toolkit.fluxcd.io/v1 OCIRepository",
)
"""What a catalog may hold."""
GROUPS: Final = frozenset((kind.partition("/")[0], kind.rpartition(" ")[2]) for kind in KINDS)
"""The same, as (group, kind): among an app's manifests these are declarations and not objects."""


_READERS: Final[dict[str, Callable[[Document], Declared]]] = dict(
    zip(
        KINDS,
        (application.app, project.project, flux.app, flux.repository, helm_release.app, artifacts.helm, artifacts.oci),
        strict=True,
    )
)


def sorted_out(read: Iterable[Document]) -> tuple[list[Document], list[Document]]:
    """Return (objects, declarations) of what was rendered."""
    objects: list[Document] = []
    declarations: list[Document] = []
    for document in read:
        group = str(document.value.get("apiVersion", "")).rpartition("/")[0]
        (declarations if (group, document.value.get("kind")) in GROUPS else objects).append(document)
    return objects, declarations


def declared(document: Document) -> Declared:
    """Turn one document into what it declares.

    One that names an app, project or repository but is wrong otherwise becomes one with a ``fault``, so that the
    commits of its repository get a failed status. Raises :class:`BadDeclaration` when not even that can be read.
    """
    try:
        return _read(document)
    except BadDeclaration as error:
        broken = _broken(document, str(error))
        if broken is None:
            raise
        return broken


def _read(document: Document) -> Declared:
    value = document.value
    kind = f"{text(value, 'apiVersion') or '(no apiVersion)'} {text(value, 'kind') or '(no kind)'}"
    if kind in _READERS:
        return _READERS[kind](document)
    raise bad(document, ("kind",), f"unknown kind {kind}: expected {', '.join(KINDS[:-1])} or {KINDS[-1]}")


def _broken(document: Document, fault: str) -> Declared | None:
    """Return what a wrong document is about, as well as it can be read."""
    value, file, line = document.value, document.file, document.line
    name, namespace = text(value, "metadata", "name"), text(value, "metadata", "namespace")
    if not name or len(name) > NAME_LIMIT:
        return None
    kind = text(value, "kind")
    if kind == "AppProject":
        return Project(name, file, line, fault=fault)
    if kind in ("GitRepository", "HelmRepository", "OCIRepository"):
        url = text(value, "spec", "url")
        return Repository(name, namespace, url, "refs/heads/master", file, line, fault=fault, kind=kind)
    if kind == "Kustomization":
        reference = (
            text(value, "spec", "sourceRef", "namespace") or namespace,
            text(value, "spec", "sourceRef", "name"),
        )
        return apps.App(
            flux.name_of(namespace, name), "", ".", "", file, line, kind=kind, source_ref=reference, fault=fault
        )
    if kind == helm_release.KIND:
        return apps.App(helm_release.name_of(namespace, name), "", ".", "", file, line, kind=kind, fault=fault)
    spec = value.get("spec") if isinstance(value, dict) else None
    sources = spec.get("sources") if isinstance(spec, dict) else None
    source = (
        sources[0] if isinstance(sources, list) and sources else spec.get("source") if isinstance(spec, dict) else {}
    )
    return apps.App(
        name=name,
        url=text(source, "repoURL"),
        path=text(source, "path") or ".",
        revision=text(source, "targetRevision") or "HEAD",
        file=file,
        line=line,
        fault=fault,
    )
