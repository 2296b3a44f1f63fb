"""Takes secrets out of what a plan shows. Pure. Over-masking is fine, under-masking is a leak.

Four ways, used together: `workers.masking` knows Secrets by their kind; `workers.redaction` knows credentials by their
shape; `workers.plans.named` knows what goes by a secret's name; and what any of these hide in an object is found
wherever else it stands (`workers.known`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from workers import masking, redaction
from workers.known import SHORTEST, Known, forms
from workers.masking import MASK
from workers.model import Manifest
from workers.plans import named

MOST_LINES: Final = 1000
"""Lines of a Secret's value that are looked for one by one."""
LONG: Final = 32
"""A line without blanks that is so long is one of a key, and looked for."""
SHORT: Final = 64
"""Texts up to this length are looked at once."""
CHANGED: Final = " (changed)"
"""What follows a mask behind which the value is another one than before."""


class Mask:
    """Masks objects and texts of one plan. ``values`` are what it knows to be secret, see :func:`values`."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known = Known(form for value in values for form in forms(value))
        self._masked: dict[str, str] = {}

    def text(self, text: str) -> str:
        """Return a text without credentials."""
        if len(text) > SHORT:
            return redaction.redact(named.without(self._known.without(text)))
        found = self._masked.get(text)
        if found is None:  # fields and values of objects are alike: most are asked for again and again
            found = self._masked[text] = redaction.redact(named.without(self._known.without(text)))
        return found

    def manifest(self, manifest: Manifest) -> Manifest:
        """Return a copy of an object without secret values; its name, namespace and kind are as they were."""
        shown = {
            key: value if key in ("apiVersion", "kind") else self._walk(value, manifest.get("kind") == "ConfigMap")
            for key, value in masking.masked(manifest).items()
        }
        metadata = manifest.get("metadata")
        if isinstance(metadata, dict) and isinstance(shown.get("metadata"), dict):
            shown["metadata"] |= {key: metadata[key] for key in ("name", "namespace") if key in metadata}
        return shown

    def _walk(self, value: Any, configured: bool = False) -> Any:
        """Copy; with ``configured``, the names of fields are those of variables."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [
                MASK if isinstance(item, str) and named.takes_secret(before) else self._walk(item, configured)
                for before, item in zip([None, *value], value, strict=False)
            ]
        if not isinstance(value, dict):
            return value
        variable = "value" in value and named.is_secret(value.get("name"))
        result: dict[Any, Any] = {}
        for key, item in value.items():
            hides = (key == "value" and variable) or (configured and named.is_secret(key))
            if isinstance(item, str):
                hides = hides or named.is_secret_field(key)
            whole = not hides or isinstance(item, dict | list)
            result[self._walk(key)] = self._walk(item, configured) if whole else MASK
        return result


def values(manifests: Iterable[Manifest]) -> set[str]:
    """Return what must not be shown of ``manifests``, wherever it stands.

    The values of all Secrets, as written, decoded and in their parts, and what goes by a secret's name in other objects
    unless that is an object's name. What is too short is left out.
    """
    found: set[str] = set()
    called: set[str] = set()
    names: set[str] = set()
    for manifest in manifests:
        names.add(str((manifest.get("metadata") or {}).get("name")))
        if masking.is_secret(manifest):
            for field in ("data", "stringData"):
                data = manifest.get(field)
                for value in data.values() if isinstance(data, dict) else ():
                    if isinstance(value, str):
                        clear = masking.decoded(value)
                        found |= {value, clear, *_parts(clear or value)}
        else:
            called.update(named.held(manifest, configured=manifest.get("kind") == "ConfigMap"))
    return {value for value in found | (called - names) if len(value.strip()) >= SHORTEST}


def _parts(value: str) -> Iterator[str]:
    """Yield the secrets in a value that is a file: of its JSON, or of its lines."""
    if value.lstrip()[:1] in ("{", "["):
        try:
            yield from _leaves(orjson.loads(value))
        except orjson.JSONDecodeError:
            return
    elif "\n" in value.strip():
        for line in value.splitlines()[:MOST_LINES]:
            word = line.strip()
            yield word.partition("=")[2].strip("\"' ")
            if len(word) >= LONG and " " not in word:
                yield word


def _leaves(value: Any) -> Iterator[str]:
    """Yield the texts of a JSON value, and what is behind those in base64, as in a file of a registry's logins."""
    if isinstance(value, str):
        clear = masking.decoded(value)
        yield from (value, clear, clear.partition(":")[2])
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)


def marked(before: Any, after: Any, shown: Any, wanted: Any) -> Any:
    """Return ``wanted``, which is ``after`` masked, with a word at each mask whose value differs.

    ``shown`` is ``before`` masked in the same way.
    """
    if isinstance(wanted, dict):
        return {key: marked(_of(before, key), _of(after, key), _of(shown, key), item) for key, item in wanted.items()}
    if isinstance(wanted, list):
        return [marked(_at(before, n), _at(after, n), _at(shown, n), item) for n, item in enumerate(wanted)]
    differs = wanted == shown and before != after
    return f"{wanted}{CHANGED}" if differs and isinstance(wanted, str) and MASK in wanted else wanted


def _of(value: Any, key: Any) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _at(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and index < len(value) else None
