"""Flux's ``HelmRepository`` and ``OCIRepository`` become repositories."""

from __future__ import annotations

from workers import packaged, revisions
from workers.declarations import artifacts
from workers.declaring import faults
from workers.documents import Document
from workers.sources import Repository


def helm(document: Document) -> Repository:
    """Return a chart repository, whose charts the apps name. Raises :class:`workers.errors.BadDeclaration`."""
    read = faults.read(document, artifacts.HELM_REPOSITORY, artifacts.HelmRepository)
    spec, is_oci = read.spec, read.spec.url.startswith(packaged.OCI)
    if is_oci != (spec.type == "oci"):
        words = "expected a URL that begins with oci://" if spec.type == "oci" else "say `type: oci`"
        raise faults.bad(document, ("spec", "url" if spec.type == "oci" else "type"), words)
    url = _address(document, spec.url, "chart")
    warnings = faults.warnings(document, artifacts.HELM_REPOSITORY)
    return Repository(
        name=read.metadata.name,
        namespace=read.metadata.namespace,
        url=url,
        revision="",
        file=document.file,
        line=document.line,
        suspended=spec.suspend,
        warnings=warnings,
        kind="HelmRepository",
        secret=faults.named(document, read.metadata.namespace, spec.secret_ref, url),
    )


def oci(document: Document) -> Repository:
    """Return a repository of a registry. Raises :class:`workers.errors.BadDeclaration`."""
    read = faults.read(document, artifacts.OCI_REPOSITORY, artifacts.OciRepository)
    said = read.spec.ref
    if said.semver and revisions.span(packaged.revision(said.semver)) is None and not said.digest:
        raise faults.bad(document, ("spec", "ref", "semver"), f"{said.semver} is no range of versions")
    url = _address(document, read.spec.url, "")
    return Repository(
        name=read.metadata.name,
        namespace=read.metadata.namespace,
        url=url,
        revision=said.digest or (packaged.revision(said.semver) if said.semver else said.tag or "latest"),
        file=document.file,
        line=document.line,
        suspended=read.spec.suspend,
        warnings=faults.warnings(document, artifacts.OCI_REPOSITORY),
        ignore=read.spec.ignore,
        kind="OCIRepository",
        secret=faults.named(document, read.metadata.namespace, read.spec.secret_ref, url),
    )


def _address(document: Document, url: str, chart: str) -> str:
    try:
        return packaged.address(url, chart)
    except ValueError as error:
        raise faults.bad(document, ("spec", "url"), str(error)) from None
