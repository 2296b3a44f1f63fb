"""One source of an app becomes documents, with the tool that it or its folder asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from workers import documents, kustomization
from workers.apps import App
from workers.documents import Document
from workers.errors import BadConfiguration, RenderFailed
from workers.git.trees import Tree
from workers.given import Given
from workers.renderers import (
    charted,
    charts,
    checkout,
    edits,
    folders,
    helm,
    kustomize,
    plain,
    planned,
    sops,
    sourceignore,
)


@contextlib.contextmanager
def _named(tree: Tree) -> Iterator[None]:
    """Turn what GitPython says of a tree with names that Git itself would refuse into our sentence."""
    try:
        yield
    except ValueError as error:
        if not str(error).startswith("Invalid repository path"):
            raise
        raise RenderFailed(
            f"a folder of {tree.url} at {tree.revision[:7]} has an entry that is no name of a file, such as `..`:"
            " rename it"
        ) from None


def inputs(tree: Tree, app: App, refs: Mapping[str, Tree], given: Given) -> list[str]:
    """Return what rendering a source depends on, as texts: equal texts render to equal documents.

    For a chart all that helm is given, for the rest the ids of the files that are read.
    """
    with _named(tree):
        return _inputs(tree, app, refs, given)


def _inputs(tree: Tree, app: App, refs: Mapping[str, Tree], given: Given) -> list[str]:
    if charts.is_chart(tree, app):
        return charted.inputs(tree, app, refs, given)
    if not _is_kustomize(tree, app):
        return plain.inputs(tree, app)
    asked = job(tree, app, given)
    reads = asked.reads()
    found = [f"{place}={its}" for place, its in reads.items()]
    found += [kustomize.version_of(given.kustomize), repr(given.kustomize.charts)]
    opened = [place for place in reads if place in asked.reached]
    found += sourceignore.inputs(tree, opened) if app.build.gather and opened else []
    said = _said(app)[1]
    if said.get("commonAnnotationsEnvsubst"):
        found.append(repr(sorted(planned.environment(tree, app).items())))
    if given.kustomize.charts and any(kustomization.read(tree, one).get("helmCharts") for one in asked.reached):
        found += [helm.version_of(given.helm), repr(given.cluster)]
    return found


def _folders(tree: Tree, app: App) -> list[str]:
    """Return the folders that rendering a source reads."""
    more = list(_said(app)[0].get("components", ()))
    if app.build.gather and kustomization.file_of(folder := tree.folder(app.path)) is None:
        more += folders.gathered(folder, plain.counts(tree, app))
    return kustomization.folders(tree, app.path, more)


def _said(app: App) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what goes into an app's kustomization, and what is said to Kustomize beside it."""
    return edits.split(orjson.loads(app.build.edits) if app.build.edits else {})


def _is_kustomize(tree: Tree, app: App) -> bool:
    folder, build = tree.folder(app.path), app.build
    return bool(kustomization.file_of(folder) or build.edits or (build.gather and folders.has_kustomization(folder)))


def read(tree: Tree, app: App, refs: Mapping[str, Tree], given: Given) -> list[Document]:
    """Return the documents of a source, what is encrypted in its files decrypted.

    Raises :class:`BadDocument` or :class:`RenderFailed` naming the file, :class:`BadConfiguration` for a Secret that
    nobody has a key for.
    """
    with _named(tree):
        found = _read(tree, app, refs, given)
    for document in found:
        if isinstance(document.value, dict) and sops.closed(document.value):
            raise BadConfiguration(
                f"{document.file}: this Secret is encrypted with SOPS, and no key is for app {app.name}: add it to"
                " `decryption`"
            )
    return found


def _read(tree: Tree, app: App, refs: Mapping[str, Tree], given: Given) -> list[Document]:
    if charts.is_chart(tree, app):
        return charted.read(tree, app, refs, given)
    if _is_kustomize(tree, app):
        asked = job(tree, app, given)
        clear = sops.clear(checkout.chosen(tree, asked.reads(), asked.counts), given.keys) if given.keys.places else {}
        built = kustomize.build(replace(asked, clear=clear), given.kustomize, given.helm)
        return documents.read(built, plain.shown(app.path, "kustomization.yaml"))
    return plain.read(tree, app, given.keys)


def job(tree: Tree, app: App, given: Given) -> kustomize.Job:
    """Return what Kustomize is to build; the build environment is put into annotations that ask for it."""
    edit, said = _said(app)
    reached = _folders(tree, app)
    if said.get("commonAnnotationsEnvsubst"):
        known = planned.environment(tree, app)
        found = edit.get("commonAnnotations", {}).items()
        edit["commonAnnotations"] = {name: planned.substituted(value, known) for name, value in found}
    version, apis = said.get("kubeVersion") or given.cluster.version, said.get("apiVersions") or given.cluster.apis
    return kustomize.Job(
        tree,
        app.path,
        edit,
        tuple(reached),
        gather=app.build.gather,
        version=said.get("version", ""),
        counts=plain.counts(tree, app) if app.build.gather else sourceignore.everything,
        capabilities=(
            *(("--helm-kube-version", version) if version else ()),
            *(("--helm-api-versions", ",".join(apis)) if apis else ()),
        ),
    )
