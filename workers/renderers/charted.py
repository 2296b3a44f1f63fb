"""A chart of an app becomes documents: rendered by helm, and changed by Kustomize where the app asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import orjson

from workers import documents
from workers.apps import App
from workers.documents import Document
from workers.git.trees import Tree
from workers.given import Given
from workers.renderers import afterwards, helm, kustomize, planned

_SOURCE: Final = re.compile(rb"^---\n# Source: [^/\n]+/(?P<file>[^\n]+)\n", re.M)
"""How helm says which file of the chart what follows comes from."""


def inputs(tree: Tree, app: App, refs: Mapping[str, Tree], given: Given) -> list[str]:
    """Return what the rendering depends on, as texts."""
    plan = _plan(tree, app, refs, given)
    post = [kustomize.version_of(given.kustomize)] if app.build.helm and app.build.helm.post else []
    return [helm.key(plan, given.helm), *post]


def read(tree: Tree, app: App, refs: Mapping[str, Tree], given: Given) -> list[Document]:
    """Return the documents. Raises as `workers.renderers.helm.build` and `workers.renderers.afterwards.changed`."""
    plan = _plan(tree, app, refs, given)
    found = _split(helm.build(tree, plan, given.helm, given.keys), app.path)
    post = app.build.helm.post if app.build.helm else ""
    hides = bool(given.values or given.keys.places)
    return afterwards.changed(found, orjson.loads(post), given, in_memory=hides) if post else found


def _plan(tree: Tree, app: App, refs: Mapping[str, Tree], given: Given) -> planned.Plan:
    depends = [(name, files) for place, name, files in given.depends if place == (app.url, app.path)]
    return planned.plan(tree, app, refs, given.cluster, given.values, depends)


def _split(built: bytes, path: str) -> list[Document]:
    """Read what helm wrote; each document names the template it came from, whose lines are not those of the output."""
    above = "" if path in (".", "") else f"{path.strip('/')}/"
    found: list[Document] = []
    begins = list(_SOURCE.finditer(built))
    for at, begin in enumerate(begins):
        end = begins[at + 1].start() if at + 1 < len(begins) else len(built)
        file = f"{above}{begin['file'].decode(errors='replace')}"
        found += [replace(document, line=0) for document in documents.read(built[begin.end() : end], file)]
    return found
