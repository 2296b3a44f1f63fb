"""What a file holds in clear text once it is decrypted, and did not before. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from workers import documents
from workers.errors import BadDocument


def values(clear: bytes, encrypted: bytes) -> set[str]:
    """Return the scalars, lines and sides of ``:`` and ``=`` of a decrypted file that could not be read before."""
    before, text = encrypted.decode(errors="replace"), clear.decode(errors="replace")
    words = set(text.splitlines())
    words |= {part.strip(" \t'\"-,") for line in words for sign in ":=" for part in line.split(sign, 1)}
    with contextlib.suppress(BadDocument):
        words |= {word for document in documents.read(clear, "") for word in scalars(document.value)}
    return {word.strip() for word in words if word.strip() and word.strip() not in before}


def scalars(value: Any) -> Iterator[str]:
    """Yield the scalars of a value that was read, but for truth values."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list):
            stack += one
        elif one is not None and not isinstance(one, bool):
            yield str(one)
