"""Stage ``render``: a folder of a commit becomes the objects it wants.

Plain YAML is read from the mirror. A folder with a kustomization or a chart is written out without links and built by
``kubectl kustomize`` or ``helm template`` as a child process with bounds, without a network and our environment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from workers import documents, known, manifests, options, phases, secretdata
from workers.apps import App
from workers.declared import sorted_out
from workers.errors import AuthorError, BadDocument
from workers.git.trees import Tree
from workers.given import Given
from workers.model import Manifest, Ref, Rendered
from workers.policies import Build
from workers.renderers import source, substitution
from workers.renderers.lately import Lately

VERSION: Final = "4"
"""Part of the inputs' key: raise it when the same inputs would render to something else."""
Numbered = tuple[int, documents.Document]
"""The number of the source among those that render, and a document of it."""
Scope = Callable[[str, str, str], bool]
"""(group, version, kind) to whether the kind is namespaced; raises for a kind the cluster does not know."""


def inputs(tree: Tree, app: App, given: Given) -> str:
    """Return a key of everything the rendering of ``app`` reads: equal keys render to equal objects.

    It holds what its sources depend on (see `workers.renderers.source`) and digests of its variables and keys.
    """
    parts = [VERSION, app.namespace, repr(app.ignored)]
    refs = _refs(tree, app, given)
    for view, files in _sources(tree, app, given):
        parts += [view.path, repr(view.build), *source.inputs(files, view, refs, given)]
    parts += [given.keys.digest] if given.keys.places else []
    variables = sorted(given.variables.items())
    parts += [f"{name}={hashlib.sha256(value.encode()).hexdigest()}" for name, value in variables]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def objects(
    tree: Tree, app: App, key: str, scope: Scope, sync: str, given: Given
) -> tuple[list[Rendered], list[documents.Document], list[Ref]]:
    """Return what ``app`` wants, each object with its identity and the file it came from, what apps it declares, and
    which objects more than one of its sources has: of those the last counts (as in Argo CD).

    ``key`` is that of the :func:`inputs`: what was read of the same ones lately is not read again. ``sync`` ends the
    names of hooks that only have a ``generateName``. Raises :class:`BadDocument` or :class:`RenderFailed` naming file,
    line and field.
    """
    read, opened = _lately.get(key) or _lately.put(key, _read(tree, app, given))
    known.learn(opened)
    number = {id(document): at for at, document in read}
    kept, declarations = sorted_out([document for _, document in read])
    every = identified(kept, app, scope, f"{tree.revision[:7]}-{sync}")
    wanted, repeated = _last([(number[id(document)], one) for document, one in zip(kept, every, strict=True)])
    if twins := manifests.duplicates(wanted):
        first, second = twins
        raise BadDocument(f"{second.ref} is also in {first.origin}: keep one of them", second.file, second.line)
    return wanted, declarations, repeated


def _read(tree: Tree, app: App, given: Given) -> tuple[list[Numbered], frozenset[str]]:
    """Return what the sources hold, finished, and what was decrypted for that."""
    refs, opened = _refs(tree, app, given), set[str]()
    with known.into(opened):
        found = [
            (at, _finished(document, app.build, given.variables))
            for at, (view, files) in enumerate(_sources(tree, app, given))
            for document in documents.objects(source.read(files, view, refs, given))
        ]
    return found, frozenset(opened)


def _sources(tree: Tree, app: App, given: Given) -> list[tuple[App, Tree]]:
    """Return the sources that render, each with its files."""
    return [(view, files) for view, files in zip(app.views, (tree, *given.trees), strict=True) if view.path]


def _refs(tree: Tree, app: App, given: Given) -> dict[str, Tree]:
    """Return the files of the sources by the name that value files call them."""
    pairs = zip(app.views, (tree, *given.trees), strict=True)
    return {view.ref: files for view, files in pairs if view.ref}


def _last(every: Sequence[tuple[int, Rendered]]) -> tuple[list[Rendered], list[Ref]]:
    """Leave out what a later source has as well, and name it. Pure."""
    last = {one.ref: at for at, one in every}
    wanted = [one for at, one in every if at == last[one.ref]]
    return wanted, sorted({one.ref for at, one in every if at != last[one.ref]})


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


MOST_KEPT: Final = 5_000
_lately: Final = Lately[tuple[list[Numbered], frozenset[str]]](MOST_KEPT, lambda kept: len(kept[0]) + MOST_KEPT // 32)
"""The objects of the last renderings, of 32 small ones or of one that is as large as all these, and what was decrypted
for them."""


def identified(read: Sequence[documents.Document], app: App, scope: Scope, ending: str = "") -> list[Rendered]:
    """Give every object its identity. Pure but for ``scope``.

    An object without a namespace gets the app's when its kind is namespaced. Kinds defined by a
    CustomResourceDefinition of the same set are known by it; one that is not known yet counts as namespaced if the
    object says ``SkipDryRunOnMissingResource``. A hook without a name gets one from its ``generateName`` and
    ``ending``.
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
        whole = secretdata.stored({**manifest, "metadata": metadata})
        found.append(Rendered(ref, whole, document.file, document.line))
    return found


def _options(document: documents.Document, app: App) -> options.Options:
    try:
        return options.of(document.value, app.options)
    except ValueError as error:
        raise BadDocument(str(error), document.file, document.line) from None


def _named(manifest: Manifest, ending: str) -> Manifest:
    """Return a hook that has only a ``generateName`` with a name; anything else as it is."""
    metadata = manifest["metadata"]
    said = metadata.get("annotations") or {}
    if metadata.get("name") or not ending or not (said.get(phases.HOOK) or said.get(phases.HELM_HOOK)):
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
