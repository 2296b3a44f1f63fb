"""Reading what a forge sent without trusting it: one typed field at a time.

A field that is
missing or has an unexpected shape is no error: forges change and let people reshape bodies, so it becomes a
visible "ignored" with the field's name (:class:`FieldProblem`, caught by the forge's ``read``).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from receiver.forges.bodies import Payload

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 1024
"""Longest text taken from a payload, in characters; a longer one is refused, never cut into another name."""

_MOST_FILES = 3000
_KEY = re.compile(r"[!-~]{1,200}")
_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NOT_IN_REFS = frozenset(" ~^:?*[\\")


class FieldProblem(Exception):
    """A field we need is missing or not what we expect; the message names the field, never its value."""


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Return the one value of header ``name`` (lower case), or ``None`` when it is absent or sent twice."""
    values = [value for key, value in headers.items() if key.lower() == name]
    return values[0] if len(values) == 1 else None


def key(candidates: tuple[str | None, ...], body: bytes) -> str:
    """Return the first candidate fit to identify a delivery, else the SHA-256 of ``body`` in hex.

    Fit means 1 to 200 printable ASCII characters without spaces.
    """
    for candidate in candidates:
        if candidate is not None and _KEY.fullmatch(candidate):
            return candidate
    return hashlib.sha256(body).hexdigest()


def dig(payload: Payload, *path: str) -> Any:
    """Return the value at ``path``, or ``None`` when a step of it is missing, null or no object."""
    value: Any = payload
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(payload: Payload, *path: str, limit: int = LONGEST) -> str:
    """Return the text at ``path``: 1 to ``limit`` characters, all printable; else :class:`FieldProblem`."""
    value = dig(payload, *path)
    if not isinstance(value, str) or not value:
        raise FieldProblem(f"field '{'.'.join(path)}' is missing or not a text")
    if len(value) > limit:
        raise FieldProblem(f"field '{'.'.join(path)}' is longer than {limit} characters")
    if not value.isprintable():
        raise FieldProblem(f"field '{'.'.join(path)}' holds unprintable characters")
    return value


def text_or_empty(payload: Payload, *path: str, limit: int = LONGEST) -> str:
    """Return the text at ``path``, or ``""`` for anything :func:`text` would not take."""
    try:
        return text(payload, *path, limit=limit)
    except FieldProblem:
        return ""


def number(payload: Payload, *path: str) -> int:
    """Return the whole number at ``path``, 1 to 2**63 - 1; else :class:`FieldProblem`."""
    value = dig(payload, *path)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
        raise FieldProblem(f"field '{'.'.join(path)}' is missing or not a positive number")
    return value


def flag(payload: Payload, *path: str) -> bool | None:
    """Return the boolean at ``path``, ``None`` for anything else."""
    value = dig(payload, *path)
    return value if isinstance(value, bool) else None


def identity(payload: Payload, *path: str) -> str:
    """Return the number or text at ``path`` that names something for good, as text; else :class:`FieldProblem`."""
    value = dig(payload, *path)
    return text(payload, *path, limit=100) if isinstance(value, str) else str(number(payload, *path))


def urls(payload: Payload, *paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the texts at ``paths``, leaving out what is none."""
    return tuple(filter(None, (text_or_empty(payload, *path) for path in paths)))


def items(payload: Payload, *path: str, most: int = 100) -> list[Payload]:
    """Return the objects of the list at ``path``, ``most`` at most; else :class:`FieldProblem`."""
    value = dig(payload, *path)
    if not isinstance(value, list) or len(value) > most:
        raise FieldProblem(f"field '{'.'.join(path)}' is missing or not a list of at most {most} entries")
    return [item for item in value if isinstance(item, dict)]


def moved(before: str, after: str, *, forced: bool = False) -> str:
    """Return what happened to a ref, in one word. ``before`` and ``after`` are ``""`` for "was not there". Pure."""
    if not after:
        return "deleted"
    return "created" if not before else "forced" if forced else "updated"


def changed_files(payload: Payload, most_commits: int, count: str = "") -> tuple[str, ...] | None:
    """Return every path the listed commits changed, ``None`` unless the list is surely whole and readable.

    Forges cut the list at ``most_commits``; a list of that length, or an empty one, may be half the truth. ``count``
    is the field in which a forge says how many there really were.
    """
    commits = dig(payload, "commits")
    if not isinstance(commits, list) or not 0 < len(commits) < most_commits:
        return None
    if count and dig(payload, count) != len(commits):
        return None
    found: set[str] = set()
    for commit in commits:
        for change in ("added", "modified", "removed"):
            paths = commit.get(change) if isinstance(commit, dict) else None
            if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
                return None
            found.update(paths)
            if len(found) > _MOST_FILES:
                return None
    return tuple(sorted(found))


def revision(payload: Payload, *path: str) -> str:
    """Return the full commit id (40 or 64 lower-case hex) at ``path``; else :class:`FieldProblem`."""
    value = dig(payload, *path)
    if not isinstance(value, str) or not _REVISION.fullmatch(value):
        raise FieldProblem(f"field '{'.'.join(path)}' is missing or not a full commit id")
    return value


def revision_or_empty(payload: Payload, *path: str) -> str:
    """Return the full commit id at ``path``, or ``""`` for anything else, the all-zero id included."""
    value = dig(payload, *path)
    return value if isinstance(value, str) and _REVISION.fullmatch(value) and value.strip("0") else ""


def ref(payload: Payload, *path: str, prefix: str = "") -> str:
    """Return ``prefix`` + the text at ``path``, the full ref of a branch or tag; else :class:`FieldProblem`.

    Takes only names Git itself takes (git-check-ref-format), so that no later step meets ``..``, a
    control character or a glob where a name should be.
    """
    value = dig(payload, *path)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST or not is_ref(prefix + value):
        raise FieldProblem(f"field '{'.'.join(path)}' is missing or not a branch or tag")
    return prefix + value


def is_ref(name: str) -> bool:
    """Whether ``name`` is a well-formed full name of a branch or a tag: git-check-ref-format's ten rules."""
    if not name.startswith(("refs/heads/", "refs/tags/")) or name.endswith("."):
        return False
    if ".." in name or "@{" in name or not _NOT_IN_REFS.isdisjoint(name):
        return False
    if any(unicodedata.category(character) == "Cc" for character in name):
        return False
    return all(part and not part.startswith(".") and not part.endswith(".lock") for part in name.split("/"))


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type of the body, lower-case and without parameters; ``""`` when there is none."""
    return (header(headers, "content-type") or "").partition(";")[0].strip().lower()
