"""Flux's ``GitRepository`` becomes a repository, its ``Kustomization`` an app of one."""

from __future__ import annotations

from typing import Any, Final

import orjson

from workers import revisions
from workers.apps import App
from workers.declarations import common, git_repository
from workers.declarations import flux as vocabulary
from workers.declarations.common import seconds
from workers.declaring import drifting, environments, failing, faults, holds, ignoring
from workers.documents import Document
from workers.health import expressions
from workers.options import Options
from workers.policies import Build, Check, Expressions, Retry, pairs
from workers.signed import Mode, Verify
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
        verify=_verify(read),
        warnings=(*faults.warnings(document, git_repository.REPOSITORY), *_elsewhere(read.spec.provider)),
        ignore=read.spec.ignore,
        secret=faults.named(document, read.metadata.namespace, read.spec.secret_ref, read.spec.url, read.spec.provider),
    )


def _elsewhere(provider: str) -> tuple[str, ...]:
    if provider in ("", "generic", "github"):
        return ()
    return (f"spec.provider: {provider} is not served: name a Secret with a token in `secretRef`, and no provider",)


def _verify(read: git_repository.GitRepository) -> Verify | None:
    said, by = read.spec.verify, f"spec.verify of GitRepository {read.metadata.name}"
    if said is None:
        return None
    mode = Mode.HEAD if said.mode == "head" else Mode(said.mode)
    return Verify(mode, by, secret=(read.metadata.namespace or "default", said.secret_ref.name))


def app(document: Document) -> App:
    """Return the app; its repository is linked later. Raises :class:`workers.errors.BadDeclaration`."""
    read = faults.read(document, vocabulary.KUSTOMIZATION, vocabulary.Kustomization)
    spec, metadata = read.spec, read.metadata
    if spec.source_ref.kind not in ("GitRepository", "OCIRepository"):
        place, kinds = ("spec", "sourceRef", "kind"), "GitRepository or OCIRepository"
        raise faults.bad(document, place, f"{spec.source_ref.kind} is not served: expected {kinds}")
    retry = seconds(spec.retry_interval or spec.interval)
    keeps = not spec.prune if spec.deletion_policy == "MirrorPrune" else spec.deletion_policy == "Orphan"
    return App(
        name=name_of(metadata.namespace, metadata.name),
        kind="Kustomization",
        url="",
        source_ref=_referred(spec.source_ref, metadata.namespace),
        path=spec.path.removeprefix("./").strip("/") or ".",
        revision="",
        file=document.file,
        line=document.line,
        cluster="in-cluster",
        namespace=spec.target_namespace,
        automated=True,
        prune=spec.prune,
        drift=drifting.mode(document, metadata.annotations, heals=True),
        drift_quiet=drifting.quiet(document, metadata.annotations),
        interval=seconds(spec.interval),
        options=Options(force=spec.force, respect_ignored=True),
        retry=Retry(limit=-1, first=retry, factor=1.0, most=retry),
        timeout=seconds(spec.timeout) if spec.timeout else 0.0,
        depends=tuple(name_of(one.namespace or metadata.namespace, one.name) for one in spec.depends_on),
        finalizer="" if keeps else "Foreground",
        suspended="spec.suspend is set" if spec.suspend else "",
        alerts=common.listed(metadata.annotations.get(common.ALERTS, "")),
        staged=True,
        build=_build(spec, metadata.namespace or "default"),
        ignored=ignoring.rules(document, spec.ignore, name_of(metadata.namespace, metadata.name)),
        waits=spec.wait,
        hold=holds.declared(document, metadata.annotations),
        environment=environments.environment(document, metadata.annotations),
        rollback=failing.on_failure(document, metadata.annotations),
        checks=tuple(
            Check(*one.api_version.rpartition("/")[::2], one.kind, one.namespace, one.name)
            for one in spec.health_checks
        ),
        expressions=_expressions(document, spec),
        warnings=faults.warnings(document, vocabulary.KUSTOMIZATION),
    )


def _referred(said: vocabulary.SourceRef, namespace: str) -> tuple[str, ...]:
    place = (said.namespace or namespace, said.name)
    return place if said.kind == "GitRepository" else (*place, said.kind)


def _expressions(document: Document, spec: vocabulary.KustomizationSpec) -> tuple[Expressions, ...]:
    found = []
    for number, one in enumerate(spec.health_check_exprs):
        for field, text in (("current", one.current), ("inProgress", one.in_progress), ("failed", one.failed)):
            wrong = expressions.fault(text) if text else ""
            if wrong:
                place = ("spec", "healthCheckExprs", number, field)
                raise faults.bad(document, place, f"this is no CEL expression: {wrong}")
        group = one.api_version.rpartition("/")[0]
        found.append(Expressions(group, one.kind, one.current, one.in_progress, one.failed))
    return tuple(found)


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
    secret = spec.decryption.secret_ref if spec.decryption else None
    return Build(
        gather=True,
        edits=orjson.dumps(edits, option=orjson.OPT_SORT_KEYS).decode() if edits else "",
        labels=pairs(spec.common_metadata.labels),
        annotations=pairs(spec.common_metadata.annotations),
        variables=pairs(said.substitute),
        variables_from=tuple((one.kind, namespace, one.name, one.optional) for one in said.substitute_from),
        always=said.substitute_strategy == "Always",
        keys_from=(namespace, secret.name) if secret else None,
    )
