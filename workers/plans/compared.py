"""One object before and after, as text: a unified difference with secrets masked before anything is written down."""

from __future__ import annotations

import difflib
import json
from typing import Any, Final

import yaml

from workers import fields, manifests
from workers.model import Manifest, Ref
from workers.plans import masks
from workers.plans.masks import Mask

MOST_LINES: Final = 2000
"""Lines of one object that are compared; the rest is only counted. Comparing takes time in their square."""
NOTHING: Final = "/dev/null"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- the base class names it
        return True


class _Fast(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """The same by libyaml, six times as fast. Beyond ASCII it escapes much of what can be read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- the base class names it
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


for _one in (_Dumper, _Fast):
    _one.add_representer(str, _text)


def difference(ref: Ref, before: Manifest | None, after: Manifest | None, mask: Mask) -> str:
    """Return the unified difference of two objects as YAML, ``None`` for one that is not there; "" for no difference.

    What the API server writes by itself, and the label that says whose the object is, are left out.
    """
    old, new = _comparable(before), _comparable(after)
    shown, wanted = mask.manifest(old), mask.manifest(new)
    wanted = masks.marked(old, new, shown, wanted)
    name = path(ref)
    lines = difflib.unified_diff(
        _lines(shown),
        _lines(wanted),
        f"a/{name}" if before is not None else NOTHING,
        f"b/{name}" if after is not None else NOTHING,
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)


def path(ref: Ref) -> str:
    """Return the name of an object in a patch: ``shop/Deployment.apps/web``."""
    kind = f"{ref.kind}.{ref.group}" if ref.group else ref.kind
    return "/".join(filter(None, (ref.namespace, kind, ref.name)))


def within(live: Any, wanted: Any) -> Any:
    """Return of ``live`` what ``wanted`` says something about: an object that is made anew gets its defaults again."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        return {key: within(live[key], wanted[key]) for key in live if key in wanted}
    if isinstance(live, list) and isinstance(wanted, list) and len(live) == len(wanted):
        return [within(one, other) for one, other in zip(live, wanted, strict=True)]
    return live


def _comparable(manifest: Manifest | None) -> Manifest:
    """The object without what nobody wrote in Git."""
    found = fields.comparable(manifest or {})
    metadata = found.get("metadata")
    if not isinstance(metadata, dict):
        return found
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != manifests.OWNER_LABEL}
    rest = {key: value for key, value in metadata.items() if key != "labels"}
    return {**found, "metadata": {**rest, "labels": labels} if labels else rest}


def _lines(manifest: Manifest) -> list[str]:
    if not manifest:
        return []
    dumper = _Fast if json.dumps(manifest, ensure_ascii=False).isascii() else _Dumper
    text = yaml.dump(manifest, Dumper=dumper, allow_unicode=True, width=10_000, default_flow_style=False)
    lines = [line if line.isprintable() else "".join(map(_seen, line)) for line in text.splitlines()]
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"# and {more} more lines"] if more > 0 else lines


def _seen(letter: str) -> str:
    """A letter that shows itself as what it is: nothing that moves a cursor or turns the direction of writing."""
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()
