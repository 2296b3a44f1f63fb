"""An Argo CD ``AppProject`` becomes a project."""

from __future__ import annotations

from workers.declarations import project as vocabulary
from workers.declaring import faults
from workers.documents import Document
from workers.projects import Kind, Place, Project


def project(document: Document) -> Project:
    """Return the project. Raises :class:`workers.errors.BadDeclaration` naming file, line and field."""
    read = faults.read(document, vocabulary.VOCABULARY, vocabulary.AppProject)
    spec = read.spec
    return Project(
        name=read.metadata.name,
        file=document.file,
        line=document.line,
        sources=tuple(spec.source_repos),
        places=tuple(Place(one.server, one.name, one.namespace) for one in spec.destinations),
        kinds=None if spec.namespace_resource_whitelist is None else _kinds(spec.namespace_resource_whitelist),
        denied_kinds=_kinds(spec.namespace_resource_blacklist),
        cluster_kinds=_kinds(spec.cluster_resource_whitelist),
        denied_cluster_kinds=_kinds(spec.cluster_resource_blacklist),
        warnings=faults.warnings(document, vocabulary.VOCABULARY),
    )


def _kinds(said: list[vocabulary.GroupKind]) -> tuple[Kind, ...]:
    return tuple(Kind(one.group, one.kind, one.name) for one in said)
