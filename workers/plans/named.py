"""Secrets that are told by the name they go by: in fields, variables, flags, and in files that are kept as text. Pure.

Every pattern takes time linear in the text. Over-masking is fine, under-masking is a leak.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, Final

from workers.masking import MASK

_WORDS: Final = (
    r"pass(?:word|wort|wd|phrase|code)|passw|pwd|secret|token|credential|bearer"
    r"|(?:api|access|private|client|encryption|signing|session|master|account|shared|storage|webhook|licen[cs]e)"
    r"[_. -]?key"
    r"|connection[_.-]?string|conn[_.-]?str|webhook[_.-]?url"
)
_NAME: Final = re.compile(
    rf"(?i){_WORDS}|pass$|pat$|(?:^|[_.-])(?:auth|creds?|jwt|cookie|salt|otp|dsn)$|\.(?:key|pem|p12|jks|pfx|kubeconfig)$"
    r"|^id_(?:rsa|dsa|ecdsa|ed25519)$|htpasswd|dockerconfigjson|dockercfg|kubeconfig"
)
_FIELD: Final = re.compile(
    r"(?i)(?:pass(?:word|wort|wd|phrase|code)?|pwd|secret|token|credentials?|auth|(?:api|access|private|client|secret"
    r"|encryption|signing|master|account)[_-]?key|dsn|connection[_-]?string|webhook[_-]?url)$"
)
"""Narrower than a variable's: a field of any kind may hold a name, such as ``secretName``."""
_REST: Final = r"[\w.-]{0,60}"
_INLINE: Final = re.compile(
    rf"(?i)((?:{_WORDS}){_REST}(?:\\?[\"'])?\s{{0,20}}(?:=>|[=:>]|\svalue\s?=)\s{{0,20}})"
    r"(?:\\?\"[^\"\n]*\"|'[^'\n]*'|[^\s;&,'\"<\\]+)"
)
"""``password=x``, ``"token": "x"``, also with escaped quotes, ``<password>x</password>``, ``secret => 'x'``."""
_FLAG: Final = re.compile(rf"(?i)((?:^|\s)--?{_REST}(?:{_WORDS}){_REST}\s{{1,20}})(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s'\"]+)")
"""``--password x``."""
_BLOCK: Final = re.compile(
    rf"(?im)^([ \t]{{0,60}}[\"']?{_REST}(?:{_WORDS}){_REST}[\"']?[ \t]?:[ \t]{{0,9}}[|>][-+\d]{{0,2}}[ \t]*\n)"
    r"((?:[ \t]+[^\n]*(?:\n|\Z))+)"
)
"""A value of several lines in YAML that is kept as text."""
_ALONE: Final = re.compile(rf"(?i)^--?{_REST}(?:{_WORDS}){_REST}$")


def is_secret(name: Any) -> bool:
    """Whether a variable, a key of a ConfigMap or a chart's parameter of that name holds a secret."""
    return isinstance(name, str) and _NAME.search(name) is not None


def is_secret_field(name: Any) -> bool:
    """Whether a field of an object of any kind holds a secret by its name."""
    return isinstance(name, str) and _is_secret_field(name)


@functools.lru_cache(4096)
def _is_secret_field(name: str) -> bool:
    """The same; all objects have the same fields."""
    return _FIELD.search(name) is not None


def takes_secret(argument: Any) -> bool:
    """Whether the argument after this one is a secret: ``--password``."""
    return isinstance(argument, str) and _ALONE.match(argument) is not None


def without(text: str) -> str:
    """Return a text in which the values behind such names are masked."""
    text = _BLOCK.sub(lambda found: f"{found[1]}{_indent(found[2])}{MASK}\n", text)
    return _FLAG.sub(rf"\g<1>{MASK}", _INLINE.sub(rf"\g<1>{MASK}", text))


def held(value: Any, configured: bool = False) -> Iterator[str]:
    """Yield the texts of an object that hold secrets by their names, so that they are found elsewhere, too.

    ``configured`` is whether all names in it are those of variables, as in a ConfigMap.
    """
    if isinstance(value, list):
        for before, item in zip([None, *value], value, strict=False):
            if takes_secret(before) and isinstance(item, str):
                yield item
            yield from held(item, configured)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "managedFields":
                continue  # long, and names only
            named = is_secret(key) if configured else is_secret_field(key)
            if isinstance(item, str) and (named or (key == "value" and is_secret(value.get("name")))):
                yield item
            yield from held(item, configured)


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip(" \t"))]
