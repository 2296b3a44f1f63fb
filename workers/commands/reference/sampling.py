"""Every field of a model, and a good document with one field set to what it is not by default. Pure."""

from __future__ import annotations

import copy
import types
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workers.declarations.common import Path

SAMPLES: dict[str, Any] = {
    "annotations": {
        "argocd.argoproj.io/sync-wave": "5",
        "hookline.dev/drift": "off",
        "hookline.dev/alerts": "chat",
        "hookline.dev/hold-until": "2026-01-31T12:00:00Z",
        "hookline.dev/hold-owner": "ada",
        "hookline.dev/hold-reason": "some",
    },
    "finalizers": ["resources-finalizer.argocd.argoproj.io"],
    "syncOptions": ["Replace=true"],
    "images": ["nginx=example.com/nginx:1.27"],
    "count": 3,
    "path": "elsewhere",
    "kind": "Secret",
    "apiVersion": "v2",
    "substituteStrategy": "Always",
    "deletionPolicy": "Delete",
    "mode": "enabled",
    "crds": "Skip",
    "semver": ">=1.0.0",
    "interval": "7m",
    "retryInterval": "7m",
    "timeout": "7m",
    "duration": "7s",
    "maxDuration": "7m",
    "schedule": "0 7 * * *",
    "timeZone": "Europe/Amsterdam",
    "keyID": "0123456789ABCDEF",
}
"""Values for fields that take only some."""


def leaves(model: type[BaseModel], above: Path = ()) -> Iterator[Path]:
    """Yield the path of every field of ``model`` that holds no further model; ``*`` is any item of a list."""
    hints = typing.get_type_hints(model)
    for name, field in model.model_fields.items():
        path = (*above, alias_of(name, field))
        inner, many = _model(hints[name])
        if inner:
            yield from leaves(inner, (*path, "*") if many else path)
        else:
            yield path
    if model.model_config.get("extra") == "allow":
        yield (*above, "*")


CONTEXT: dict[str, Path] = {
    "labelWithoutSelector": ("commonLabels",),
    "labelIncludeTemplates": ("commonLabels", "labelWithoutSelector"),
}
"""Fields that say something only beside others."""
OF_PROJECTS: dict[str, Any] = {"annotations": {"hookline.dev/hold-longest": "7m"}}
"""Samples for the metadata of an AppProject."""


def tried(model: type[BaseModel], good: dict[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return ``good`` as a document that could have the field at ``path``, and with it set to something else than its
    default."""
    base: dict[str, Any] = copy.deepcopy(good)
    if path[-2:] == ("destination", "name") and "server" in base["spec"].get("destination", {}):
        del base["spec"]["destination"]["server"]
    for beside in CONTEXT.get(path[-1], ()):
        _set(model, base, (*path[:-1], beside))
    document = copy.deepcopy(base)
    if path == ("metadata", "*"):
        document["metadata"]["some"] = "value"
    else:
        _set(model, document, path)
    if path[0] == "metadata" and path[-1] in OF_PROJECTS and good["kind"] == "AppProject":
        document["metadata"][path[-1]] = OF_PROJECTS[path[-1]]
    return base, document


def _set(model: type[BaseModel], parent: dict[str, Any], path: Path) -> None:
    head, rest = path[0], path[1:]
    field, hint = _field(model, head)
    inner, many = _model(hint)
    if not rest or rest == ("*",):
        parent[head] = _sample(head, hint, field)
        return
    if inner is None:
        parent[head] = {"some": "value"}
        return
    if many:
        items = parent.setdefault(head, [required(inner)])
        _set(inner, items[0], rest[1:])
        return
    _set(inner, parent.setdefault(head, required(inner)), rest)


def required(model: type[BaseModel]) -> dict[str, Any]:
    """Return the least that a model takes."""
    return {
        alias_of(name, field): _least(alias_of(name, field), field)
        for name, field in model.model_fields.items()
        if field.is_required()
    }


def _least(name: str, field: FieldInfo) -> Any:
    if inner := _model(field.annotation)[0]:
        return required(inner)
    choices = typing.get_args(field.annotation) if typing.get_origin(field.annotation) is typing.Literal else ()
    return choices[0] if choices else SAMPLES.get(name, "a")


def _sample(name: str, hint: Any, field: FieldInfo | None) -> Any:
    if (
        name in SAMPLES
        and not (name == "images" and "Image" in str(hint))
        and typing.get_origin(hint) is not typing.Literal
    ):
        return SAMPLES[name]
    kinds = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    kind = typing.get_origin(kinds[0]) or kinds[0]
    if kind is typing.Annotated:
        kind = typing.get_args(kinds[0])[0]
    default = field.default if field else None
    if kind is typing.Literal and len(choices := typing.get_args(kinds[0])) > 1:
        return SAMPLES[name] if SAMPLES.get(name) in choices else choices[-1]
    samples: dict[Any, Any] = {
        bool: default is not True,
        int: 7,
        list: ["some"] if "str" in str(kinds[0]) and "dict" not in str(kinds[0]) else [{"some": "value"}],
        dict: {"some": "value"},
        str: "ssh://git@example.com/other" if name in ("repoURL", "url") else "other",
    }
    return samples.get(kind, {"some": "value"})


def _field(model: type[BaseModel], alias: str) -> tuple[FieldInfo | None, Any]:
    hints = typing.get_type_hints(model)
    for name, field in model.model_fields.items():
        if alias_of(name, field) == alias:
            return field, hints[name]
    return None, Any


def alias_of(name: str, field: FieldInfo) -> str:
    """Return the name of a field in documents."""
    return field.alias or name


def _model(hint: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the model that a field holds, and whether it holds a list of them."""
    many = False
    for option in typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,):
        inner = option
        if typing.get_origin(option) is list:
            inner, many = typing.get_args(option)[0], True
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner, many
    return None, False
