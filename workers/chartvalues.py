"""The values of a chart that objects of the cluster hold (Flux's ``valuesFrom``), with the app's own on top.

The order is Flux's ("Values" in the HelmRelease API): each object goes before the one above it, the app's own values
before all. A text at a ``targetPath`` becomes a number, a truth value or nothing where it looks like one, as with
``helm --set``, and stays text in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from workers import documents, known, kube, variables
from workers.apps import App
from workers.errors import BadDocument, SourceMissing
from workers.policies import ValuesFrom
from workers.renderers import clear

MOST_DEEP: Final = 30
MOST_ITEMS: Final = 1000
_STEP: Final = re.compile(r"((?:\\.|[^.\[\]\\])+)|\[([0-9]{1,4})\]|\.")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_WORDS: Final[Mapping[str, object]] = {"true": True, "false": False, "null": None}


def of(client: kube.Client, app: App) -> str:
    """Return the values as JSON, "" where no object of the cluster holds any. One GET per object.

    Raises :class:`SourceMissing` naming an object or key that is not there and not optional, and :class:`BadDocument`.
    """
    said = app.build.helm
    if said is None or not said.values_from:
        return ""
    found: dict[str, Any] = {}
    for one in said.values_from:
        live = client.get(client.resource("", one.kind, "v1"), one.namespace, one.name)
        text = variables.values(live or {}).get(one.key)
        if text is None:
            if one.optional:
                continue
            what = f"key {one.key} in {one.kind}" if live else one.kind
            raise SourceMissing(
                f"{app.origin}: spec.valuesFrom: there is no {what} {one.namespace}/{one.name}: make it, or say "
                "optional: true"
            )
        given = text if one.path else _mapping(text, one)
        if one.kind == "Secret":
            known.learn({text, *clear.scalars(given)})
        found = merged(found, given) if isinstance(given, dict) else put(found, one.path, given, one)
    return orjson.dumps(merged(found, orjson.loads(said.values or "{}"))).decode()


def _mapping(text: str, one: ValuesFrom) -> dict[str, Any]:
    """Read YAML as Kubernetes does. What is wrong with it is not quoted: it may be of a Secret."""
    where = f"{one.kind} {one.namespace}/{one.name}, key {one.key}"
    try:
        read = documents.read(text.encode(), where)
    except BadDocument as error:
        raise BadDocument("this is no YAML: correct it", where, error.line) from None
    if len(read) > 1 or not all(isinstance(document.value, dict) for document in read):
        raise BadDocument("expected a mapping of values", where)
    return dict(read[0].value) if read else {}


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``over`` on top of ``under``: mappings grow together, anything else is replaced. Pure."""
    found = dict(under)
    for name, value in over.items():
        here = found.get(name)
        found[name] = merged(here, value) if isinstance(here, dict) and isinstance(value, dict) else value
    return found


def put(values: Mapping[str, Any], path: str, text: str, one: ValuesFrom) -> dict[str, Any]:
    """Return values with a text at a path such as ``web.hosts[0].name``; a dot behind a backslash begins nothing. Pure.

    Raises :class:`BadDocument` for what is no path.
    """
    steps: list[str | int] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            break
        if match[1]:
            steps.append(re.sub(r"\\(.)", r"\1", match[1]))
        elif match[2]:
            steps.append(int(match[2]))
        at = match.end()
    wrong = at < len(path) or not steps or isinstance(steps[0], int) or len(steps) > MOST_DEEP
    if wrong or any(isinstance(step, int) and step > MOST_ITEMS for step in steps):
        raise BadDocument(f"spec.valuesFrom: {path} is no path of a value", f"{one.kind} {one.namespace}/{one.name}")
    found: dict[str, Any] = orjson.loads(orjson.dumps(values))
    _into(found, steps, typed(text))
    return found


def _into(here: Any, steps: list[str | int], value: object) -> None:
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if isinstance(step, int):
            here.extend([None] * (step + 1 - len(here)))
        below = value if following is None else [] if isinstance(following, int) else {}
        held = here[step] if isinstance(step, int) else here.get(step)
        if following is None or not isinstance(held, type(below)):
            here[step] = below
        here = here[step]


def typed(text: str) -> object:
    """Return what a text means after ``--set name=``. Pure."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if _NUMBER.fullmatch(text):
        return int(text)
    return _WORDS.get(text, text)
