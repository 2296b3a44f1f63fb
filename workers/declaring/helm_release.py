"""Flux's ``HelmRelease`` becomes an app: what its chart renders to is synced, and there is no release."""

from __future__ import annotations

import json
import posixpath
from typing import Any, Final, Literal

import orjson

from workers import packaged
from workers.apps import App
from workers.declarations import common, helm_release
from workers.declarations.common import seconds
from workers.declaring import drifting, environments, failing, faults, flux, holds, ignoring
from workers.documents import Document
from workers.options import DRIFT, Options
from workers.policies import Build, DriftMode, Helm, Retry, ValuesFrom

KIND: Final = "HelmRelease"
_GOES: Final[dict[str, Literal["", "Foreground", "Background"]]] = {
    "background": "Background",
    "foreground": "Foreground",
    "orphan": "",
}


def name_of(namespace: str, name: str) -> str:
    """Return the name of an app that a HelmRelease declares: a Kustomization of the same name is common. Pure."""
    return f"helm-{flux.name_of(namespace, name)}"


def app(document: Document) -> App:
    """Return the app; its source is linked later. Raises :class:`workers.errors.BadDeclaration`."""
    read = faults.read(document, helm_release.VOCABULARY, helm_release.HelmRelease)
    spec, metadata = read.spec, read.metadata
    name, retry = name_of(metadata.namespace, metadata.name), seconds(spec.interval)
    namespace = spec.target_namespace or metadata.namespace
    kind, place, chart, path, version = _source(document, spec, metadata.namespace)
    drift = drifting.mode(document, metadata.annotations, spec.drift_detection.mode == "enabled")
    if spec.drift_detection.mode == "disabled" and DRIFT not in metadata.annotations:
        drift = DriftMode.OFF
    return App(
        name=name,
        kind=KIND,
        url="",
        source_ref=(*place, kind),
        chart=chart,
        path=path,
        revision=version,
        file=document.file,
        line=document.line,
        cluster="in-cluster",
        namespace=namespace,
        automated=True,
        prune=True,
        drift=drift,
        drift_quiet=drifting.quiet(document, metadata.annotations),
        interval=retry,
        options=Options(create_namespace=spec.install.create_namespace, respect_ignored=True),
        retry=Retry(limit=-1, first=retry, factor=1.0, most=retry),
        timeout=seconds(spec.timeout),
        depends=tuple(name_of(one.namespace or metadata.namespace, one.name) for one in spec.depends_on),
        finalizer=_GOES[spec.uninstall.deletion_propagation],
        suspended="spec.suspend is set" if spec.suspend else "",
        alerts=common.listed(metadata.annotations.get(common.ALERTS, "")),
        staged=True,
        build=Build(helm=_helm(spec, metadata.name, metadata.namespace)),
        ignored=ignoring.rules(document, spec.drift_detection.ignore, name, ("spec", "driftDetection", "ignore")),
        waits=not (spec.install.disable_wait or spec.upgrade.disable_wait),
        hold=holds.declared(document, metadata.annotations),
        environment=environments.environment(document, metadata.annotations),
        rollback=failing.on_failure(document, metadata.annotations),
        warnings=faults.warnings(document, helm_release.VOCABULARY),
    )


def _source(
    document: Document, spec: helm_release.HelmReleaseSpec, namespace: str
) -> tuple[str, tuple[str, str], str, str, str]:
    """Return the source's kind, its namespace and name, and chart, path and version as the app has them."""
    if spec.chart_ref:
        if spec.chart_ref.kind != "OCIRepository":
            words = f"{spec.chart_ref.kind} is not served: expected OCIRepository, or use `chart`"
            raise faults.bad(document, ("spec", "chartRef", "kind"), words)
        return spec.chart_ref.kind, (spec.chart_ref.namespace or namespace, spec.chart_ref.name), "", ".", ""
    assert spec.chart is not None  # noqa: S101 -- the model takes no document without both
    said = spec.chart.spec
    kind, place = said.source_ref.kind, (said.source_ref.namespace or namespace, said.source_ref.name)
    if kind == "Bucket":
        words = "Bucket is not served: expected HelmRepository or GitRepository"
        raise faults.bad(document, ("spec", "chart", "spec", "sourceRef", "kind"), words)
    if kind == "GitRepository":
        return kind, place, "", posixpath.normpath(said.chart.lstrip("/") or "."), ""
    if not packaged.NAME.fullmatch(said.chart):
        raise faults.bad(document, ("spec", "chart", "spec", "chart"), f"{said.chart} is no name of a chart")
    return kind, place, said.chart, ".", packaged.revision(said.version)


def _helm(spec: helm_release.HelmReleaseSpec, name: str, namespace: str) -> Helm:
    said = spec.chart.spec if spec.chart else None
    files = said.values_files if said else []
    post = [_step(one.kustomize) for one in spec.post_renderers if one.kustomize]
    return Helm(
        value_files=tuple(f"/{posixpath.normpath(one.lstrip('/'))}" for one in files),
        ignore_missing=bool(said and said.ignore_missing_values_files),
        values=json.dumps(spec.values) if spec.values else "",
        release=spec.release_name or "-".join(filter(None, (spec.target_namespace, name))),
        skip_crds=spec.install.skip_crds or spec.install.crds == "Skip",
        skip_schema=spec.install.disable_schema_validation or spec.upgrade.disable_schema_validation,
        values_from=tuple(
            ValuesFrom(one.kind, namespace or "default", one.name, one.values_key, one.target_path, one.optional)
            for one in spec.values_from
        ),
        bare=bool(files),
        post=orjson.dumps(post).decode() if post else "",
    )


def _step(said: helm_release.Kustomize) -> dict[str, Any]:
    return {
        name: [one.model_dump(by_alias=True, exclude_defaults=True) for one in listed]
        for name, listed in (("patches", said.patches), ("images", said.images))
        if listed
    }
