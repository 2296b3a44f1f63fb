"""Plain folders: YAML and JSON as they are, Jsonnet evaluated."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import git
import orjson

from workers import bounds, documents
from workers.apps import App
from workers.documents import Document
from workers.git import objects, trees
from workers.git.trees import Tree
from workers.given import Keys
from workers.renderers import folders, jsonnet, planned, sops, sourceignore
from workers.renderers.lately import Lately


def inputs(tree: Tree, app: App) -> list[str]:
    """Return what an app's folder depends on, as texts: its manifests, and all that its Jsonnet files import."""
    said, with_jsonnet = _listed(tree, app)
    made = _evaluation(tree, app, _manifests(tree, app)) if with_jsonnet else None
    return [said, *(made.inputs if made else [])]


def read(tree: Tree, app: App, keys: Keys) -> list[Document]:
    """Return the documents of an app's folder. Raises as `workers.renderers.source.read` does."""
    found = _manifests(tree, app)
    objects.together(blob for _, blob in found)
    made = _evaluation(tree, app, found)
    texts = dict(zip(made.files, jsonnet.evaluated(made, keys), strict=True)) if made else {}
    return [
        document
        for path, blob in found
        for document in _values(path, texts[path] if path in texts else _clear(blob, path, keys), texts)
    ]


def counts(tree: Tree, app: App) -> sourceignore.Counts:
    """Return which files of the commit count for an app."""
    flux = app.build.gather
    return sourceignore.rules(tree, flux=flux, said=app.build.ignore if flux else None)


def _manifests(tree: Tree, app: App) -> list[tuple[str, git.Blob]]:
    """Return the manifests of a plain folder by their paths in the repository."""
    said = counts(tree, app)
    if app.build.recurse or app.build.gather:
        tree.refuse_links([tree.folder(app.path)], said)
    found = folders.manifests(tree.folder(app.path), app.build, said)
    return [(shown(app.path, path), blob) for path, blob in found]


_lately: Final = Lately[tuple[str, bool]](4096)
"""What was found in folders, by all that the finding depends on."""


def _listed(tree: Tree, app: App) -> tuple[str, bool]:
    """Return a digest of the manifests in a folder, paths and ids, and whether there is a Jsonnet file among them."""
    build = app.build
    asked = (str(tree.folder(app.path).hexsha), app.path, build.recurse, build.include, build.exclude, build.gather)
    key = repr((*asked, build.ignore, sourceignore.inputs(tree, [app.path])))
    if (known := _lately.get(key)) is not None:
        return known
    found = [(path, str(blob.hexsha)) for path, blob in _manifests(tree, app)]
    digest = hashlib.sha256(repr(found).encode(errors="surrogateescape")).hexdigest()
    return _lately.put(key, (digest, any(path.endswith(jsonnet.SUFFIX) for path, _ in found)))


def _evaluation(tree: Tree, app: App, found: list[tuple[str, git.Blob]]) -> jsonnet.Job | None:
    """Return what Jsonnet is to evaluate, if there is such a file; the build environment is put into what it is told.

    Code is left alone, where a dollar has a meaning.
    """
    files = [path for path, _ in found if path.endswith(jsonnet.SUFFIX)]
    if not files:
        return None
    objects.together(blob for path, blob in found if path in files)
    said = orjson.loads(app.build.jsonnet) if app.build.jsonnet else {}
    known = planned.environment(tree, app)
    for one in (*said.get("extVars", ()), *said.get("tlas", ())):
        one["value"] = one.get("value", "") if one.get("code") else planned.substituted(one.get("value", ""), known)
    return jsonnet.job(tree, app.path, files, said)


def _values(path: str, text: bytes, evaluated: Mapping[str, bytes]) -> list[Document]:
    """Read a manifest; what Jsonnet made of a file is one object or an array of them, and has no lines."""
    # A stranger's name goes into messages: nothing in it may be more than letters.
    printable = path if path.isprintable() else path.encode("unicode_escape").decode()
    read = documents.read(text, printable)
    if path not in evaluated:
        return read
    values = [(one, value) for one in read for value in (one.value if isinstance(one.value, list) else [one.value])]
    return [replace(one, value=value, line=0) for one, value in values]


def _clear(blob: git.Blob, path: str, keys: Keys) -> bytes:
    """Return a manifest; without keys as it is, for it may be one that something in the cluster decrypts."""
    bounds.current().check()
    content = trees.content(blob)
    return sops.opened(content, path, keys) if keys.places else content


def shown(path: str, name: str) -> str:
    """Return the path of a file in the repository, as messages have it."""
    return name if path in (".", "") else f"{path.strip('/')}/{name}"
