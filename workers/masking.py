"""Secrets are masked where the difference is made, so that nothing downstream can leak what it never held.

This module never decides what to compare and never keeps a value: it takes objects and returns copies that
are fit to be shown. Over-masking is fine, under-masking is a leak; so kinds are compared loosely, and any
Secret found inside another object (a List, an annotation, a template) is masked too.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import orjson

from workers.fields import MOST_PATHS, differences, step

if TYPE_CHECKING:
    from workers.model import Manifest

MASK = "***"

_DATA = frozenset({"data", "stringdata"})
_SHOWN = frozenset({"apiVersion", "kind", "metadata", "type", "immutable"})
"""Fields of a Secret that hold no secret. All others are masked, so that a misspelt one is too."""

_SHORTEST = 4
"""Secret values shorter than this are not looked for in annotations: they would match by chance."""

_DEEPEST = 64
"""Levels below which anything is masked unread."""

_LOOKS_LIKE_DATA = re.compile(r"(?i)(string)?data[\"']?\s*:")


def is_secret(manifest: Any) -> bool:
    """Whether an object calls itself a Secret, in whatever version, case, spacing or Unicode width."""
    kind = manifest.get("kind") if isinstance(manifest, dict) else None
    return isinstance(kind, str) and _folded(kind) == "secret"


def masked(manifest: Manifest) -> Manifest:
    """A copy without secret values: each becomes ``***``; everything else is as it was.

    Masked are: the values of a Secret, also of one inside a List or any other object; the same inside
    annotations that hold JSON (such as kubectl's last-applied-configuration); and annotations of a Secret
    that repeat one of its values. ConfigMaps are not masked.
    """
    if not is_secret(manifest):
        copy = _walk(manifest, 0)
        return copy if isinstance(copy, dict) else {}
    values = _values(manifest)
    result: Manifest = {}
    for key, value in manifest.items():
        if key == "metadata":
            result[key] = _metadata(value, values)
        else:
            plain = key in _SHOWN and not isinstance(value, (dict, list))
            result[key] = value if plain else _starred(value)
    return result


def change_fields(live: Manifest, wanted: Manifest) -> tuple[str, ...]:
    """What differs between two objects, as field paths fit to be shown: never a value.

    As :func:`workers.fields.differences`; for a Secret, a path ends at the key of its data.
    """
    if not (is_secret(live) or is_secret(wanted)):
        return differences(live, wanted)
    open_fields = [{k: v for k, v in one.items() if k in _SHOWN} for one in (live, wanted)]
    paths = list(differences(open_fields[0], open_fields[1]))
    for field in sorted((live.keys() | wanted.keys()) - _SHOWN - {"status"}):
        before, after = live.get(field), wanted.get(field)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            same = {key for key in before.keys() & after.keys() if before[key] == after[key]}
            paths.extend(step(field, key) for key in sorted((before.keys() | after.keys()) - same))
        else:
            paths.append(field)
    return tuple(paths[:MOST_PATHS])


def _folded(kind: str) -> str:
    return unicodedata.normalize("NFKC", kind).strip().casefold()


def _starred(value: Any) -> Any:
    """Names stay, values go."""
    return dict.fromkeys(value, MASK) if isinstance(value, dict) else MASK


def _walk(value: Any, depth: int, secret: bool = False) -> Any:
    """Copy any value; with ``secret``, ``data`` and ``stringData`` are masked at every level."""
    if depth > _DEEPEST:
        return MASK
    if isinstance(value, list):
        return [_walk(item, depth + 1, secret) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    # the items of a SecretList come without a kind of their own
    inside = secret or is_secret(value) or (isinstance(kind, str) and _folded(kind) == "secretlist")
    result: dict[Any, Any] = {}
    for key, item in value.items():
        if inside and isinstance(key, str) and key.casefold() in _DATA:
            result[key] = _starred(item)
        elif key == "annotations" and isinstance(item, dict):
            result[key] = {name: _annotation(text, inside) for name, text in item.items()}
        else:
            result[key] = _walk(item, depth + 1, inside)
    return result


def _metadata(metadata: Any, values: frozenset[str]) -> Any:
    """The metadata of a Secret, its annotations masked."""
    if not isinstance(metadata, dict):
        return MASK
    annotations = metadata.get("annotations")
    if annotations is None:
        return dict(metadata)
    if not isinstance(annotations, dict):
        return {**metadata, "annotations": MASK}
    shown = {name: _annotation(text, True) for name, text in annotations.items()}
    told = {name: MASK if any(value in text for value in values) else text for name, text in shown.items()}
    return {**metadata, "annotations": told}


def _annotation(text: Any, secret: bool) -> str:
    """One annotation without the secrets embedded in it; ``secret`` when it belongs to a Secret."""
    if not isinstance(text, str):
        return MASK
    if text.lstrip()[:1] in ("{", "["):
        try:
            embedded = orjson.loads(text)
        except orjson.JSONDecodeError:
            return MASK if secret or "secret" in text.casefold() else text
        shown = _walk(embedded, 0, secret)
        return text if shown == embedded else orjson.dumps(shown).decode()
    return MASK if secret and _LOOKS_LIKE_DATA.search(text) else text


def _values(manifest: Manifest) -> frozenset[str]:
    """The values of a Secret, as written and decoded, that are long enough to be recognised elsewhere."""
    found: set[str] = set()
    for field, values in manifest.items():
        if field in _SHOWN or not isinstance(values, dict):
            continue
        for value in values.values():
            if isinstance(value, str):
                found |= {value, decoded(value)}
    return frozenset(value for value in found if len(value) >= _SHORTEST)


def decoded(value: str) -> str:
    """Return the text behind base64, ``""`` where there is none."""
    try:
        return b64decode(value, validate=True).decode()
    except ValueError:
        return ""
