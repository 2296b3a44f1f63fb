"""Flux's ``GitRepository`` becomes a repository, its ``Kustomization`` an app of one."""

from __future__ import annotations

from typing import Any, Final

import orjson

from workers import revisions
from workers.apps import App
from workers.declarations import flux as vocabulary
from workers.declarations import git_repository
from workers.declarations.common import seconds
from workers.declaring import faults
from workers.documents import Document
from workers.options import Options
from workers.policies import Build, Check, Retry, pairs
from workers.sources import Repository

HOME: Final = frozenset({"", "flux-system", "default"})
"""Namespaces whose Kustomizations go by their bare names; others are ``<namespace>.<name>``."""


def name_of(namespace: str, name: str) -> str:
    """Return the name of an app that a Kustomization declares. Pure."""
    return name if namespace in HOME else f"{namespace}.{name}"


def repository(document: Document) -> Repository:
    """Return the repository. Raises :class:`workers.errors.BadDeclaration` naming file, line and field."""
    read = faults.read(document, git_repository.REPOSITORY, git_repository.GitRepository)
    faults.repository(document, ("spec", "url"), read.spec.url)
    said = read.spec.ref
    semver = said.semver
    if semver and revisions.span(semver) is None:
        raise faults.bad(document, ("spec", "ref", "semver"), f"{semver} is no range of versions")
    named = {
        said.commit: said.commit,
        said.name: said.name,
        semver: semver,
        said.tag: f"refs/tags/{said.tag}",
        said.branch: f"refs/heads/{said.branch}",
    }
    revision = next((ref for given, ref in named.items() if given), "refs/heads/master")
    return Repository(
        name=read.metadata.name,
        namespace=read.metadata.namespace,
        url=read.spec.url,
        revision=revision,
        file=document.file,
        line=document.line,
        suspended=read.spec.suspend,
        warnings=faults.warnings(document, git_repository.REPOSITORY),
    )


def app(document: Document) -> App:
    """Return the app; its repository is linked later. Raises :class:`workers.errors.BadDeclaration`."""
    read = faults.read(document, vocabulary.KUSTOMIZATION, vocabulary.Kustomization)
    spec, metadata = read.spec, read.metadata
    if spec.source_ref.kind != "GitRepository":
        place = ("spec", "sourceRef", "kind")
        raise faults.bad(document, place, f"{spec.source_ref.kind} is not served yet: expected GitRepository")
    retry = seconds(spec.retry_interval or spec.interval)
    keeps = not spec.prune if spec.deletion_policy == "MirrorPrune" else spec.deletion_policy == "Orphan"
    return App(
        name=name_of(metadata.namespace, metadata.name),
        kind="Kustomization",
        url="",
        source_ref=(spec.source_ref.namespace or metadata.namespace, spec.source_ref.name),
        path=spec.path.removeprefix("./").strip("/") or ".",
        revision="",
        file=document.file,
        line=document.line,
        cluster="in-cluster",
        namespace=spec.target_namespace,
        automated=True,
        prune=spec.prune,
        self_heal=True,
        options=Options(force=spec.force),
        retry=Retry(limit=-1, first=retry, factor=1.0, most=retry),
        timeout=seconds(spec.timeout) if spec.timeout else 0.0,
        depends=tuple(name_of(one.namespace or metadata.namespace, one.name) for one in spec.depends_on),
        finalizer="" if keeps else "Foreground",
        suspended="spec.suspend is set" if spec.suspend else "",
        staged=True,
        build=_build(spec, metadata.namespace or "default"),
        waits=spec.wait,
        checks=tuple(
            Check(*one.api_version.rpartition("/")[::2], one.kind, one.namespace, one.name)
            for one in spec.health_checks
        ),
        warnings=faults.warnings(document, vocabulary.KUSTOMIZATION),
    )


def _build(spec: vocabulary.KustomizationSpec, namespace: str) -> Build:
    edits: dict[str, Any] = {
        "namespace": spec.target_namespace,
        "namePrefix": spec.name_prefix,
        "nameSuffix": spec.name_suffix,
        "patches": [one.model_dump(by_alias=True, exclude_defaults=True) for one in spec.patches],
        "images": [one.model_dump(by_alias=True, exclude_defaults=True) for one in spec.images],
        "components": spec.components,
    }
    if spec.ignore_missing_components:
        edits["ignoreMissingComponents"] = True
    edits = {name: value for name, value in edits.items() if value}
    said = spec.post_build
    return Build(
        gather=True,
        edits=orjson.dumps(edits, option=orjson.OPT_SORT_KEYS).decode() if edits else "",
        labels=pairs(spec.common_metadata.labels),
        annotations=pairs(spec.common_metadata.annotations),
        variables=pairs(said.substitute),
        variables_from=tuple((one.kind, namespace, one.name, one.optional) for one in said.substitute_from),
        always=said.substitute_strategy == "Always",
    )
