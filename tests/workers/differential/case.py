"""One repository and its later commits, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

PLACE: Final = "@NS@"
"""Stands for the namespace of a side, also in the names of objects that have no namespace."""
_FILE = re.compile(r"^=== (?P<path>\S+)(?P<removed> \(removed\))?\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """``commits`` are texts: ``=== path`` begins a file, ``=== path (removed)`` deletes it; the rest stays.

    ``path`` is the folder that is synced. ``recurse`` and ``options`` are the Application's. ``kubectl`` are more
    arguments for the other side. Where both rightly differ in the end: ``ours`` and ``theirs`` name objects
    (``ConfigMap/a``) that only one side has, and ``fields`` what of an object is not compared, each with the reason.
    """

    id: str
    commits: tuple[str, ...]
    path: str = "."
    recurse: bool = False
    options: tuple[str, ...] = ()
    sync: str = ""
    kubectl: tuple[str, ...] = ()
    ours: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


def files(commit: str, namespace: str) -> dict[str, str | None]:
    """Return the files of a commit for one side, ``None`` for a removed one."""
    parts = _FILE.split(commit.replace(PLACE, namespace))
    assert not parts[0].strip(), f"text before the first file: {parts[0]!r}"
    return {path: None if removed else text for path, removed, text in zip(*[iter(parts[1:])] * 3, strict=True)}
