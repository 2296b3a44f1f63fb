"""An Argo CD ``Application`` becomes an app."""

from __future__ import annotations

import datetime as dt
import posixpath
from typing import Any, Literal

import orjson

from workers import options
from workers.apps import App
from workers.declarations import argo, sources
from workers.declarations.common import seconds
from workers.declaring import faults
from workers.documents import Document
from workers.policies import NOTHING_BUILT, Build, Ignored, Retry, pairs

PATHS = "argocd.argoproj.io/manifest-generate-paths"
APPROVED = "argocd.argoproj.io/deletion-approved"
DEPENDS = "hookline.dev/depends-on"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
_FINALIZERS: dict[str, Literal["Foreground", "Background"]] = {
    FINALIZER: "Foreground",
    f"{FINALIZER}/foreground": "Foreground",
    "foreground-finalizer.argocd.argoproj.io": "Foreground",
    f"{FINALIZER}/background": "Background",
    "background-finalizer.argocd.argoproj.io": "Background",
}


def app(document: Document) -> App:
    """Return the app. Raises :class:`workers.errors.BadDeclaration` naming file, line and field."""
    application = faults.read(document, argo.VOCABULARY, argo.Application)
    spec = application.spec
    place: tuple[str | int, ...] = ("spec", "source") if spec.source else ("spec", "sources", 0)
    if len(spec.sources) > 1:
        raise faults.bad(document, ("spec", "sources", 1), "several sources are not served yet: use one app for each")
    source = spec.source or spec.sources[0]
    faults.repository(document, (*place, "repoURL"), source.repo_url)
    said = options.read(spec.sync_policy.sync_options)
    if said.problem:
        raise faults.bad(document, ("spec", "syncPolicy", "syncOptions"), said.problem)
    automated = spec.sync_policy.automated
    metadata = application.metadata
    return App(
        name=metadata.name,
        url=source.repo_url,
        path=source.path,
        revision=source.target_revision or "HEAD",
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
        options=said.options,
        namespace_labels=pairs(spec.sync_policy.managed_namespace_metadata.labels),
        namespace_annotations=pairs(spec.sync_policy.managed_namespace_metadata.annotations),
        retry=_retry(spec.sync_policy.retry),
        approved=_approved(document, metadata.annotations.get(APPROVED, "")),
        depends=tuple(part.strip() for part in metadata.annotations.get(DEPENDS, "").split(",") if part.strip()),
        finalizer=next((_FINALIZERS[name] for name in metadata.finalizers if name in _FINALIZERS), ""),
        build=_build(source),
        ignored=tuple(
            Ignored(one.group, one.kind, one.name, one.namespace, tuple(one.json_pointers))
            for one in spec.ignore_differences
        ),
        wave=_wave(metadata.annotations),
        paths=_hinted(metadata.annotations.get(PATHS, ""), source.path),
        warnings=(
            *faults.warnings(document, argo.VOCABULARY),
            *(f"spec.syncPolicy.syncOptions: {word} has no effect in Hookline yet" for word in said.unserved),
        ),
    )


def _retry(said: argo.Retry | None) -> Retry | None:
    if said is None:
        return None
    backoff = said.backoff
    return Retry(said.limit, seconds(backoff.duration), float(backoff.factor), seconds(backoff.max_duration))


def _approved(document: Document, text: str) -> float:
    if not text:
        return 0.0
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        place = ("metadata", "annotations", APPROVED)
        raise faults.bad(document, place, "expected a moment such as 2026-01-31T12:00:00Z") from None
    return at.replace(tzinfo=at.tzinfo or dt.UTC).timestamp()


def _wave(annotations: dict[str, str]) -> int:
    try:
        return int(annotations.get("argocd.argoproj.io/sync-wave") or 0)
    except ValueError:
        return 0


def _build(source: sources.Source) -> Build:
    if source.directory:
        return Build(source.directory.recurse, source.directory.include, source.directory.exclude)
    if source.kustomize:
        edits = _edits(source.kustomize)
        return Build(edits=orjson.dumps(edits, option=orjson.OPT_SORT_KEYS).decode() if edits else "")
    return NOTHING_BUILT


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


def _hinted(text: str, folder: str) -> tuple[str, ...]:
    """Return the paths of the hint annotation from the repository's root: a relative one begins at the app's folder."""
    found = []
    for part in filter(None, text.split(";")):
        path = posixpath.normpath(part.lstrip("/") if part.startswith("/") else posixpath.join(folder, part))
        found.append("" if path == "." else path)
    return () if "" in found else tuple(found)
