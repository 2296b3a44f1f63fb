"""The sources of an Argo CD ``Application``, and how each is built."""

from __future__ import annotations

import json
from typing import Any

import orjson

from workers import packaged
from workers.declarations import argo, sources
from workers.declaring import faults
from workers.documents import Document
from workers.policies import NOTHING_BUILT, Build, Helm, Source


def sources_of(document: Document, spec: argo.Spec) -> tuple[sources.Source, tuple[Source, ...]]:
    """Return the first source that renders, and the others in their order. Raises :class:`BadDeclaration`."""
    if spec.source:
        return _placed(document, ("spec", "source"), spec.source), ()
    every = [_placed(document, ("spec", "sources", at), one) for at, one in enumerate(spec.sources)]
    renders = [one for one in every if not _lends(one)]
    if not renders:
        raise faults.bad(document, ("spec", "sources"), "every source only has a ref: give one of them a path")
    return renders[0], tuple(
        Source(
            one.repo_url,
            one.target_revision or "HEAD",
            "" if _lends(one) else one.path or ".",
            build(one),
            one.ref,
            one.chart,
        )
        for one in every
        if one is not renders[0]
    )


def _placed(document: Document, place: tuple[str | int, ...], source: sources.Source) -> sources.Source:
    """Return a source with the URL and the revision of a chart as they are kept; of Git as it is."""
    if not packaged.is_packaged(source.repo_url, source.chart):
        faults.repository(document, (*place, "repoURL"), source.repo_url)
        return source
    try:
        url = packaged.address(source.repo_url, source.chart)
    except ValueError as error:
        raise faults.bad(document, (*place, "chart" if "`chart`" in str(error) else "repoURL"), str(error)) from None
    said = source.target_revision if "target_revision" in source.model_fields_set else ""
    if not source.chart:
        return source.model_copy(update={"repo_url": url, "target_revision": said or "latest"})
    return source.model_copy(update={"repo_url": url, "path": ".", "target_revision": packaged.revision(said)})


def _lends(source: sources.Source) -> bool:
    """Whether a source only lends its files: it has a ref, and says no path (as in Argo CD)."""
    return bool(source.ref) and not source.chart and "path" not in source.model_fields_set


def build(source: sources.Source) -> Build:
    """Return how the files of a source become objects. Pure."""
    if source.directory:
        said = source.directory
        jsonnet = said.jsonnet.model_dump(by_alias=True, exclude_defaults=True)
        text = orjson.dumps(jsonnet, option=orjson.OPT_SORT_KEYS).decode() if jsonnet else ""
        return Build(said.recurse, said.include, said.exclude, jsonnet=text)
    if source.helm:
        return Build(helm=_helm(source.helm))
    if source.kustomize:
        edits = _edits(source.kustomize)
        return Build(edits=orjson.dumps(edits, option=orjson.OPT_SORT_KEYS).decode() if edits else "")
    return NOTHING_BUILT


def _helm(said: sources.Helm) -> Helm:
    # JSON is YAML; values are ignored where there is an object (Argo CD's "Helm Value Precedence").
    values = said.values if said.values_object is None else json.dumps(said.values_object)
    return Helm(
        value_files=tuple(said.value_files),
        ignore_missing=said.ignore_missing_value_files,
        values=values,
        parameters=tuple((one.name, one.value, one.force_string) for one in said.parameters),
        file_parameters=tuple((one.name, one.path) for one in said.file_parameters),
        release=said.release_name,
        namespace=said.namespace,
        kube_version=said.kube_version,
        api_versions=tuple(said.api_versions),
        skip_crds=said.skip_crds,
        skip_tests=said.skip_tests,
        skip_schema=said.skip_schema_validation,
    )


def _edits(said: sources.Kustomize) -> dict[str, Any]:
    """Return what is put into the kustomization, in its own words."""
    edits: dict[str, Any] = {
        "namePrefix": said.name_prefix,
        "nameSuffix": said.name_suffix,
        "namespace": said.namespace,
        "images": [image(text) for text in said.images],
        "replicas": [{"name": one.name, "count": int(one.count)} for one in said.replicas],
        "patches": [one.model_dump(by_alias=True, exclude_defaults=True) for one in said.patches],
        "components": said.components,
        "commonAnnotations": said.common_annotations,
        "commonAnnotationsEnvsubst": said.common_annotations_envsubst,
        "version": said.version,
        "kubeVersion": said.kube_version,
        "apiVersions": said.api_versions,
    }
    if said.common_labels:
        edits["labels"] = [
            {
                "pairs": said.common_labels,
                "includeSelectors": not said.label_without_selector,
                "includeTemplates": said.label_include_templates or not said.label_without_selector,
            }
        ]
    if said.ignore_missing_components:
        edits["ignoreMissingComponents"] = True
    return {name: value for name, value in edits.items() if value}


def image(text: str) -> dict[str, str]:
    """Read an image override as ``kustomize edit set image`` does: ``[old=]name[:tag][@digest]``. Pure."""
    old, equals, new = text.partition("=")
    new = new if equals else old
    new, _, digest = new.partition("@")
    head, colon, tag = new.rpartition(":")
    name, tag = (head, tag) if colon and "/" not in tag else (new, "")
    found = {"name": old if equals else name, "newName": name if equals else "", "newTag": tag, "digest": digest}
    return {key: value for key, value in found.items() if value}
