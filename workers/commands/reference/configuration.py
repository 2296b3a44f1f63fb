"""The page of every setting, read from the models: type, unit, bounds, default, variable and meaning. Pure."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workers import groups, settings
from workers.commands.reference import wording

UNITS: Final = ("Bytes", "Objects", "Attempts", "Syncs")
"""A plain number's description begins with what is counted."""

PLURALS: Final = {"path": "paths", "secret reference": "secret references", "text": "texts"}


def page() -> str:
    """Return the page of every setting. Pure."""
    parts = [wording.INTRODUCTION, _table("The top level", "", settings.Settings, "HOOKLINE_")]
    parts += _groups(settings.Settings, "", "HOOKLINE_")
    return "\n".join(parts)


def _groups(holder: type[BaseModel], place: str, before: str) -> Iterator[str]:
    """Yield the table of each group that ``holder`` has, and of those in it; ``before`` is "" within a list."""
    for name, hint in typing.get_type_hints(holder, include_extras=True).items():
        if group := group_of(hint):
            model, keyed, listed = group
            there = f"{place}{name}" + (".<name>" if keyed else "[]" if listed else "")
            prefix = f"{before}{name.upper()}__" + ("<NAME>__" if keyed else "") if before and not listed else ""
            yield _table(f"`{there}`", name, model, prefix, f"{before}{name.upper()}" if before and listed else "")
            yield from _groups(model, f"{there}.", prefix)


def group_of(hint: Any) -> tuple[type[groups.Group], bool, bool] | None:
    """Return the group a setting holds, whether by name, whether in a list; ``None`` for a plain value."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        hint = next(item for item in typing.get_args(hint) if item is not types.NoneType)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    for found, keyed, listed in (
        (hint, False, False),
        (arguments[-1] if origin is dict else None, True, False),
        (arguments[0] if origin is tuple else None, False, True),
    ):
        if isinstance(found, type) and issubclass(found, groups.Group):
            return found, keyed, listed
    return None


def _table(title: str, place: str, model: type[BaseModel], prefix: str, whole: str = "") -> str:
    head = f"## {title}\n"
    if place:
        listed = f" Set all of them at once with `{whole}`, a JSON list." if whole else ""
        head += f"\n{_markdown(model.__doc__ or '')}{listed}\n"
    rows = [
        f"| `{name}` | {type_of(hint, field)} | {_default(field)} |"
        f"{f' `{prefix}{name.upper()}` |' if prefix else ''} {meaning(place, name, field)} |"
        for name, hint, field in plain(model)
    ]
    columns = ["field", "type", "default", *(["environment"] if prefix else []), "meaning"]
    rule = "|" + "---|" * len(columns)
    return "\n".join([head, f"| {' | '.join(columns)} |", rule, *rows, ""])


def plain(model: type[BaseModel]) -> Iterator[tuple[str, Any, FieldInfo]]:
    """Yield the name, the annotation and the definition of every field of ``model`` that is no group."""
    hints = typing.get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        if not group_of(hints[name]):
            yield field.alias or name, hints[name], field


def meaning(place: str, name: str, field: FieldInfo) -> str:
    """Return what a field is for, from its own definition or else from :data:`wording.MEANINGS`."""
    return _markdown(field.description or wording.MEANINGS[f"{place}.{name}"])


def type_of(hint: Any, field: FieldInfo) -> str:
    """Return a type in words, with unit and bounds."""
    if hint == groups.Seconds:
        return "seconds, more than 0"
    if hint == groups.SecretRef:
        return "secret reference"
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return type_of(next(item for item in arguments if item is not types.NoneType), field)
    if typing.get_origin(hint) is Literal:
        return " or ".join(f"`{item}`" for item in arguments)
    if typing.get_origin(hint) is dict:
        return f"{type_of(arguments[1], field)} by name"
    if typing.get_origin(hint) is tuple:
        return f"list of {PLURALS.get(inner := type_of(arguments[0], field), inner)}"
    if typing.get_origin(hint) is typing.Annotated:
        return type_of(arguments[0], field)
    return _plain(hint, field)


def _plain(hint: Any, field: FieldInfo) -> str:
    if hint is int:
        return _number(field)
    if hint is float:
        return f"seconds, {next(item.ge for item in field.metadata if isinstance(item, annotated_types.Ge)):g} or more"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return " or ".join(f"`{item}`" for item in hint)
    return {str: "text", bool: "`true` or `false`", Path: "path"}[hint]


def _number(field: FieldInfo) -> str:
    counted = (field.description or "").split(" ")[0]
    least = next((item.ge for item in field.metadata if isinstance(item, annotated_types.Ge)), None)
    most = next((item.le for item in field.metadata if isinstance(item, annotated_types.Le)), None)
    bounds = f"{least} to {most}" if most is not None else f"{least} or more"
    return f"number of {counted.lower()}, {bounds}" if counted in UNITS else f"number, {bounds}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    if value is None or value in ("", ()):
        return "none"
    shown = f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else value
    return f"`{str(shown).lower() if isinstance(value, bool) else f'{shown:g}' if isinstance(value, float) else shown}`"


def _markdown(text: str) -> str:
    """Return a docstring as one line of a Markdown table."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")
