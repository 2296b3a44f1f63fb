"""Stage ``render``: a folder of a commit becomes the objects it wants.

Plain YAML is read from the mirror. A folder with a kustomization is written out without links and built by
``kubectl kustomize`` as a child process with bounds, without network helpers and without our environment.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from workers import documents, kustomization, manifests, options, phases
from workers.apps import App
from workers.errors import AuthorError, BadDocument
from workers.git import trees
from workers.git.trees import Tree
from workers.model import Manifest, Rendered
from workers.renderers import kustomize

SUFFIXES: Final = (".yaml", ".yml", ".json")
VERSION: Final = "1"
"""Part of the inputs' key: raise it when the same inputs would render to something else."""
Scope = Callable[[str, str, str], bool]
"""(group, version, kind) to whether the kind is namespaced; raises for a kind the cluster does not know."""


def inputs(tree: Tree, app: App) -> str:
    """Return a key of everything the rendering of ``app`` reads: equal keys render to equal objects.

    It holds the object ids of the app's folder and of every folder its kustomizations name.
    """
    folders = kustomization.folders(tree, app.path)
    parts = [VERSION, app.path, app.namespace, *(f"{folder}={tree.object_id(folder)}" for folder in folders)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def objects(tree: Tree, app: App, key: str, scope: Scope, sync: str) -> list[Rendered]:
    """Return what ``app`` wants, each object with its identity and the file it came from.

    ``key`` is that of the :func:`inputs`: what was read of the same ones lately is not read again. ``sync`` ends the
    names of hooks that only have a ``generateName``. Raises :class:`BadDocument` or :class:`RenderFailed` naming file,
    line and field.
    """
    read = _lately.get(key)
    if read is None:
        read = documents.objects(_documents(tree, app))
        _lately.put(key, read)
    return identified(read, app, scope, f"{tree.revision[:7]}-{sync}")


def _documents(tree: Tree, app: App) -> list[documents.Document]:
    folder = tree.folder(app.path)
    if kustomization.file_of(folder):
        return documents.read(kustomize.build(tree, app.path), _shown(app.path, "kustomization.yaml"))
    return [
        document
        for blob in sorted(folder.blobs, key=lambda item: str(item.name))
        if str(blob.name).endswith(SUFFIXES) and blob.mode != trees.LINK
        for document in documents.read(trees.content(blob), _shown(app.path, str(blob.name)))
    ]


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
