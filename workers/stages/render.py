"""Stage ``render``: a folder of a commit becomes the objects it wants.

Plain YAML is read from the mirror. A folder with a kustomization is written out without links and built by
``kubectl kustomize`` as a child process with bounds, without network helpers and without our environment.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson

from workers import documents, kustomization, manifests, options, phases
from workers.apps import App
from workers.declared import sorted_out
from workers.errors import AuthorError, BadDocument
from workers.git import trees
from workers.git.trees import Tree
from workers.model import Manifest, Rendered
from workers.policies import Build
from workers.renderers import folders, kustomize, substitution

VERSION: Final = "2"
"""Part of the inputs' key: raise it when the same inputs would render to something else."""
Scope = Callable[[str, str, str], bool]
"""(group, version, kind) to whether the kind is namespaced; raises for a kind the cluster does not know."""


def inputs(tree: Tree, app: App, variables: Mapping[str, str]) -> str:
    """Return a key of everything the rendering of ``app`` reads: equal keys render to equal objects.

    It holds the object ids of the app's folder and of every folder its kustomizations name, and a digest of the
    values of its ``variables``.
    """
    components = orjson.loads(app.build.edits).get("components", []) if app.build.edits else []
    read = kustomization.folders(tree, app.path, components)
    parts = [VERSION, app.path, app.namespace, repr(app.build), repr(app.ignored)]
    parts += [f"{folder}={tree.object_id(folder)}" for folder in read]
    parts += [f"{name}={hashlib.sha256(value.encode()).hexdigest()}" for name, value in sorted(variables.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def objects(
    tree: Tree, app: App, key: str, scope: Scope, sync: str, variables: Mapping[str, str]
) -> tuple[list[Rendered], list[documents.Document]]:
    """Return what ``app`` wants, each object with its identity and the file it came from, and what apps it declares.

    ``key`` is that of the :func:`inputs`: what was read of the same ones lately is not read again. ``sync`` ends the
    names of hooks that only have a ``generateName``. Raises :class:`BadDocument` or :class:`RenderFailed` naming file,
    line and field.
    """
    read = _lately.get(key)
    if read is None:
        read = [_finished(document, app.build, variables) for document in documents.objects(_documents(tree, app))]
        _lately.put(key, read)
    kept, declarations = sorted_out(read)
    return identified(kept, app, scope, f"{tree.revision[:7]}-{sync}"), declarations


def _documents(tree: Tree, app: App) -> list[documents.Document]:
    folder, build = tree.folder(app.path), app.build
    edits = orjson.loads(build.edits) if build.edits else {}
    if kustomization.file_of(folder) or edits or (build.gather and folders.has_kustomization(folder)):
        built = kustomize.build(tree, app.path, edits, gather=build.gather)
        return documents.read(built, _shown(app.path, "kustomization.yaml"))
    return [
        document
        for path, blob in folders.manifests(folder, build)
        for document in documents.read(trees.content(blob), _shown(app.path, path))
    ]


def _finished(document: documents.Document, build: Build, variables: Mapping[str, str]) -> documents.Document:
    """Put variables, labels and annotations into one object."""
    manifest: Manifest = document.value
    if variables or build.always:
        try:
            manifest = substitution.substituted(manifest, variables)
        except substitution.UnknownVariable as error:
            raise BadDocument(f"{manifest.get('kind')}: {error}", document.file, document.line) from None
    for field, pairs in (("labels", build.labels), ("annotations", build.annotations)):
        if pairs:
            metadata = manifest["metadata"]
            manifest = {**manifest, "metadata": {**metadata, field: {**(metadata.get(field) or {}), **dict(pairs)}}}
    return document if manifest is document.value else replace(document, value=manifest)


class Lately:
    """The objects of the last renderings, in this process's memory only: they may hold secrets."""

    MOST: Final = 32

    def __init__(self) -> None:
        self._kept: OrderedDict[str, list[documents.Document]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> list[documents.Document] | None:
        """Return what was put under ``key``, if it is still there."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, read: list[documents.Document]) -> None:
        """Keep ``read``; the oldest goes."""
        with self._lock:
            self._kept[key] = read
            while len(self._kept) > self.MOST:
                self._kept.popitem(last=False)


_lately = Lately()


def identified(read: Sequence[documents.Document], app: App, scope: Scope, ending: str = "") -> list[Rendered]:
    """Give every object its identity. Pure but for ``scope``.

    An object without a namespace gets the app's when its kind is namespaced. Kinds defined by a
    CustomResourceDefinition of the same set are known by it; one that is not known yet counts as namespaced if the
    object says ``SkipDryRunOnMissingResource``. A hook without a name gets one from its ``generateName`` and
    ``ending``. Raises :class:`BadDocument` when one object is there twice.
    """
    namespace = app.namespace
    defined = _defined(document.value for document in read)
    found: list[Rendered] = []
    for document in read:
        manifest: Manifest = document.value
        group, _, version = str(manifest["apiVersion"]).rpartition("/")
        kind = str(manifest["kind"])
        namespaced = defined.get((group, kind))
        if namespaced is None:
            try:
                namespaced = scope(group, version, kind)
            except AuthorError as error:
                if not _options(document, app).skip_missing:
                    raise BadDocument(str(error), document.file, document.line) from None
                namespaced = True
        ref = manifests.ref_of(
            _named(manifest, ending), namespaced, namespace or "default", document.file, document.line
        )
        metadata = {key: value for key, value in manifest["metadata"].items() if key != "namespace"}
        if ref.namespace:
            metadata["namespace"] = ref.namespace
        found.append(Rendered(ref, {**manifest, "metadata": metadata}, document.file, document.line))
    if twins := manifests.duplicates(found):
        first, second = twins
        raise BadDocument(f"{second.ref} is also in {first.origin}: keep one of them", second.file, second.line)
    return found


def _options(document: documents.Document, app: App) -> options.Options:
    try:
        return options.of(document.value, app.options)
    except ValueError as error:
        raise BadDocument(str(error), document.file, document.line) from None


def _named(manifest: Manifest, ending: str) -> Manifest:
    """Return a hook that has only a ``generateName`` with a name; anything else as it is."""
    metadata = manifest["metadata"]
    if metadata.get("name") or not ending or not (metadata.get("annotations") or {}).get(phases.HOOK):
        return manifest
    return {**manifest, "metadata": {**metadata, "name": f"{metadata.get('generateName')}{ending}"}}


def _defined(values: object) -> dict[tuple[str, str], bool]:
    known: dict[tuple[str, str], bool] = {}
    for value in values:  # type: ignore[attr-defined]
        spec = value.get("spec")
        if (
            value.get("kind") == "CustomResourceDefinition"
            and isinstance(spec, dict)
            and isinstance(spec.get("names"), dict)
        ):
            known[str(spec.get("group")), str(spec["names"].get("kind"))] = spec.get("scope") == "Namespaced"
    return known


def _shown(path: str, name: str) -> str:
    return name if path in (".", "") else f"{path.strip('/')}/{name}"
