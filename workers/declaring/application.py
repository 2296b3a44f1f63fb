"""An Argo CD ``Application`` becomes an app."""

from __future__ import annotations

import datetime as dt
import posixpath
from typing import Literal

from workers import options
from workers.apps import App
from workers.declarations import argo, common
from workers.declarations.common import seconds
from workers.declaring import building, drifting, environments, failing, faults, holds, ignoring
from workers.documents import Document
from workers.policies import Retry, pairs

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
    source, more = building.sources_of(document, spec)
    said = options.read(spec.sync_policy.sync_options)
    if said.problem:
        raise faults.bad(document, ("spec", "syncPolicy", "syncOptions"), said.problem)
    automated = spec.sync_policy.automated
    metadata = application.metadata
    heals = automated is not None and automated.enabled and automated.self_heal
    return App(
        name=metadata.name,
        url=source.repo_url,
        path=source.path or ".",
        revision=source.target_revision or "HEAD",
        ref=source.ref,
        chart=source.chart,
        more=more,
        file=document.file,
        line=document.line,
        server=spec.destination.server,
        cluster=spec.destination.name,
        namespace=spec.destination.namespace,
        project=spec.project,
        automated=automated is not None and automated.enabled,
        prune=automated is not None and automated.prune,
        allow_empty=automated is not None and automated.allow_empty,
        drift=drifting.mode(document, metadata.annotations, heals),
        drift_quiet=drifting.quiet(document, metadata.annotations),
        options=said.options,
        namespace_labels=pairs(spec.sync_policy.managed_namespace_metadata.labels),
        namespace_annotations=pairs(spec.sync_policy.managed_namespace_metadata.annotations),
        retry=_retry(spec.sync_policy.retry),
        approved=_approved(document, metadata.annotations.get(APPROVED, "")),
        depends=common.listed(metadata.annotations.get(DEPENDS, "")),
        alerts=common.listed(metadata.annotations.get(common.ALERTS, "")),
        finalizer=next((_FINALIZERS[name] for name in metadata.finalizers if name in _FINALIZERS), ""),
        build=building.build(source),
        ignored=ignoring.differences(document, spec.ignore_differences, metadata.name),
        wave=_wave(metadata.annotations),
        hold=holds.declared(document, metadata.annotations),
        environment=environments.environment(document, metadata.annotations),
        rollback=failing.on_failure(document, metadata.annotations),
        paths=_hinted(metadata.annotations.get(PATHS, ""), source.path),
        warnings=(
            *faults.warnings(document, argo.VOCABULARY),
            *faults.subscriptions(metadata.annotations),
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


def _hinted(text: str, folder: str) -> tuple[str, ...]:
    """Return the paths of the hint annotation from the repository's root: a relative one begins at the app's folder."""
    found = []
    for part in filter(None, text.split(";")):
        path = posixpath.normpath(part.lstrip("/") if part.startswith("/") else posixpath.join(folder, part))
        found.append("" if path == "." else path)
    return () if "" in found else tuple(found)
