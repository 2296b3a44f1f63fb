"""References to secrets: ``env:NAME`` or ``file:PATH`` in the configuration, and a cluster's Secret in a document.

A secret itself is never part of either.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from workers.errors import BadConfiguration


@dataclass(frozen=True, slots=True)
class Named:
    """The Secret that opens a source, as its document names it: for ``url`` and no other. ``by`` is the place."""

    namespace: str
    name: str
    url: str
    by: str
    provider: str = ""


def reference(text: str) -> str:
    """Return ``text`` if it is a well-formed reference; raise ``ValueError`` (without repeating it) if not."""
    kind, _, place = text.partition(":")
    if kind not in ("env", "file") or not place:
        raise ValueError("a secret is never written here: use env:NAME or file:PATH")
    return text


def read(ref: str) -> str:
    """Return the secret that ``ref`` names, without the line end a text editor adds.

    Raises :class:`BadConfiguration` naming the reference when the variable or file is missing or empty.
    """
    kind, _, place = reference(ref).partition(":")
    if kind == "env":
        value = os.environ.get(place, "")
        if not value:
            raise BadConfiguration(f"the environment variable {place} is not set, but the configuration refers to it")
        return value
    try:
        value = Path(place).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise BadConfiguration(
            f"the file {place} cannot be read ({error.strerror}), but the configuration refers to it"
        ) from None
    if not value:
        raise BadConfiguration(f"the file {place} is empty, but the configuration refers to it for a secret")
    return value
