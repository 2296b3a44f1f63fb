"""What rendering decrypted, for whoever shows its result and must not show that."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from workers import documents
from workers.errors import BadDocument

_collected: ContextVar[set[str] | None] = ContextVar("disclosed", default=None)


@contextlib.contextmanager
def into(found: set[str]) -> Iterator[None]:
    """Add to ``found`` the values of all that is decrypted by the block, in this thread."""
    token = _collected.set(found)
    try:
        yield
    finally:
        _collected.reset(token)


def note(encrypted: bytes, clear: bytes) -> None:
    """Note the values of a file that was decrypted: its scalars and lines that were not readable before."""
    found = _collected.get()
    if found is None:
        return
    before, text = encrypted.decode(errors="replace"), clear.decode(errors="replace")
    words = set(text.splitlines())
    words |= {part.strip(" \t'\"-") for line in words for sign in ":=" for part in line.split(sign, 1)}
    with contextlib.suppress(BadDocument):
        words |= {word for document in documents.read(clear, "") for word in _scalars(document.value)}
    found |= {word.strip() for word in words if word.strip() and word.strip() not in before}


def _scalars(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list):
            stack += one
        elif one is not None and not isinstance(one, bool):
            yield str(one)
