"""An Argo CD ``AppProject`` becomes a project."""

from __future__ import annotations

import math

from workers import holds
from workers.declarations import project as vocabulary
from workers.declarations.common import seconds
from workers.declaring import faults
from workers.documents import Document
from workers.projects import Kind, Place, Project
from workers.signed import Mode, Verify
from workers.windows import Window


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
        windows=tuple(_window(one) for one in spec.sync_windows),
        verify=_verify(read.metadata.name, spec.signature_keys),
        longest=_longest(document, read.metadata.annotations.get(holds.LONGEST)),
        warnings=(*faults.warnings(document, vocabulary.VOCABULARY), *_idle(spec.sync_windows)),
    )


def _verify(name: str, keys: list[vocabulary.SignatureKey]) -> Verify | None:
    """Argo CD asks for a signature wherever a key is listed."""
    ids = tuple(one.key_id.lower().removeprefix("0x").upper() for one in keys)
    return Verify(Mode.REVISION, f"spec.signatureKeys of project {name}", ids) if ids else None


def _longest(document: Document, said: str | None) -> float:
    """Return the seconds of the annotation that bounds holds. One that cannot be read breaks the project."""
    try:
        found = math.inf if said is None else seconds(said.strip())
    except ValueError as error:
        raise faults.bad(document, ("metadata", "annotations", holds.LONGEST), str(error)) from None
    if not found > 0:
        raise faults.bad(document, ("metadata", "annotations", holds.LONGEST), "expected more than nothing")
    return found


def _window(said: vocabulary.SyncWindow) -> Window:
    return Window(
        kind=said.kind,
        schedule=said.schedule,
        duration=seconds(said.duration),
        applications=tuple(said.applications),
        namespaces=tuple(said.namespaces),
        clusters=tuple(said.clusters),
        manual=said.manual_sync,
        overrun=said.sync_overrun,
        every=said.and_operator,
        zone=said.time_zone,
        description=said.description,
    )


def _idle(said: list[vocabulary.SyncWindow]) -> list[str]:
    """Name the windows that are for no app: Argo CD takes them, and nobody wants one."""
    return [
        f"spec.syncWindows[{number}] is for no app: name `applications`, `namespaces` or `clusters`"
        for number, one in enumerate(said)
        if not (one.applications or one.namespaces or one.clusters)
    ]


def _kinds(said: list[vocabulary.GroupKind]) -> tuple[Kind, ...]:
    return tuple(Kind(one.group, one.kind, one.name) for one in said)
