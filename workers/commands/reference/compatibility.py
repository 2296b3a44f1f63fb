"""The page that says which fields of Argo CD's ``Application`` are served: every field is tried, none is claimed.

A field is set in a good document and the document is read as the catalog reads it: the page says what came of it. Pure:
nothing here reads a file or keeps a table of fields.
"""

from __future__ import annotations

import copy
import types
import typing
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workers import declared, options
from workers.apps import App
from workers.commands.reference.wording import MADE
from workers.declarations import argo
from workers.documents import Document
from workers.errors import BadDeclaration

Path = tuple[str, ...]


class Standing(StrEnum):
    """What becomes of a field that is set."""

    SERVED = "served"
    REFUSED = "**refused**"
    NAMED = "no effect; `hookline check` says so"
    ACCEPTED = "no effect"


GOOD: Final[dict[str, Any]] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "myapp"},
    "spec": {
        "destination": {"server": "https://kubernetes.default.svc"},
        "source": {"repoURL": "https://github.com/your-org/your-repo.git"},
        "syncPolicy": {"automated": {}},
    },
}

NOTES: Final = {
    "apiVersion": "`argoproj.io/v1alpha1`",
    "kind": "`Application`",
    "metadata.name": "the app's name; unique in the whole catalog, whatever the namespace",
    "metadata.namespace": "the catalog is the one namespace of all apps",
    "metadata.*": "labels, finalizers and what the API server adds; an app that leaves the catalog leaves its objects",
    "spec.destination.server": "a cluster's `server`; `https://kubernetes.default.svc` is the first cluster",
    "spec.destination.name": "a key of `clusters`; `in-cluster` is the first cluster; either this or `server`",
    "spec.destination.namespace": "for objects of namespaced kinds that name none; `default` when left out",
    "spec.project": "AppProjects are not served: a project restricts nothing here",
    "spec.source.repoURL": "every spelling of the same URL counts, https or ssh",
    "spec.source.path": "plain YAML, or a Kustomize folder; `.` when left out",
    "spec.source.targetRevision": "a branch, tag, full ref or commit; `HEAD` when left out",
    "spec.syncPolicy.automated.prune": "also decides for a sync by hand, which has no switch of its own",
    "spec.syncPolicy.retry": "set `sync.retry_limit` and the fields beside it in the configuration",
    "spec.revisionHistoryLimit": "the last 50 syncs are kept",
}
"""What is worth knowing beyond the standing."""

HEAD: Final = f"""\
# Compatibility with Argo CD

{MADE.format(page="compatibility")}

Argo CD's `Application` works as written. A field that would change what is deployed and is not served yet is refused
with a sentence; a field that Argo CD does not have is an error. `hookline check` finds both and names file and line.

| field | is | to know |
|---|---|---|
"""

OPTIONS: Final = """
## Sync options

Of `spec.syncPolicy.syncOptions`, and of single objects in the annotation `argocd.argoproj.io/sync-options`.

| option | is | to know |
|---|---|---|
"""


def page() -> str:
    """Return the page. Pure."""
    rows = []
    for path in leaves(argo.Application):
        standing, sentence = standing_of(path)
        dotted = ".".join(path)
        rows.append(f"| `{dotted}` | {standing} | {sentence or NOTES.get(dotted, '')} |\n")
    served = {f"{name}={value}": "" for name, values in options.VALUES.items() for value in values} | options.ALWAYS
    table = [f"| `{option}` | {Standing.SERVED} | {note} |\n" for option, note in sorted(served.items())]
    table.append(f"| any other | {Standing.NAMED} | |\n")
    return HEAD + "".join(rows) + OPTIONS + "".join(table)


def leaves(model: type[BaseModel], above: Path = ()) -> Iterator[Path]:
    """Yield the path of every field of ``model`` that holds no further model; sync options have their own table."""
    hints = typing.get_type_hints(model)
    for name, field in model.model_fields.items():
        path = (*above, _alias(name, field))
        inner = _model(hints[name])
        if inner:
            yield from leaves(inner, path)
        elif typing.get_origin(hints[name]) is not list:
            yield path
    if model.model_config.get("extra") == "allow":
        yield (*above, "*")


def standing_of(path: Path) -> tuple[Standing, str]:
    """Try a field: return what becomes of it, and the sentence that refuses it, if one does."""
    document = _tried(path)
    if refusal := argo.refused(document):
        return Standing.REFUSED, refusal[1]
    before, after = _read(GOOD), _read(document)
    if after is None or _essence(after) != _essence(before):
        return Standing.SERVED, ""
    return (Standing.NAMED if after.warnings else Standing.ACCEPTED), ""


def _model(hint: Any) -> type[BaseModel] | None:
    options = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    return next((item for item in options if isinstance(item, type) and issubclass(item, BaseModel)), None)


def _tried(path: Path) -> dict[str, Any]:
    """Return the good document with the field set to what is not its default."""
    document: dict[str, Any] = copy.deepcopy(GOOD)
    parent: dict[str, Any] = document
    model: type[BaseModel] = argo.Application
    for part in path[:-1]:
        parent = parent.setdefault(part, {})
        model = _model(_hint(model, part)) or model
    if path[-2:] == ("destination", "name"):
        del parent["server"]
    hint = _hint(model, path[-1])
    default = next(
        (field.default for name, field in model.model_fields.items() if _alias(name, field) == path[-1]), None
    )
    samples: dict[Any, Any] = {str: "ssh://git@example.com/other", bool: not default, int: 7}
    parent[path[-1]] = "other" if path[-1] == "name" else samples.get(hint, {"some": "value"})
    return document


def _hint(model: type[BaseModel], alias: str) -> Any:
    """Return the annotation of a field by the name it has in documents."""
    hints = typing.get_type_hints(model)
    return next((hints[name] for name, field in model.model_fields.items() if _alias(name, field) == alias), Any)


def _alias(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _read(value: dict[str, Any]) -> App | None:
    """Return the app of a document, ``None`` when the field's value is one Hookline looks at and does not take."""
    try:
        app = declared.declared(Document(value, "app.yaml", 1))
    except BadDeclaration:
        return None
    return None if app.fault else app


def _essence(app: App | None) -> App | None:
    """Leave out what changes nothing that is deployed: the project is kept, and nobody asks for it."""
    return app and replace(app, file="", line=0, warnings=(), project="")
