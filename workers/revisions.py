"""What a declared revision names among the refs of a repository. Pure: refs in, a ref out.

A revision (``targetRevision``) is ``HEAD``, a full ref, a branch or tag by its short name, a full commit id, or a
range of semantic versions over the tags. A branch goes before a tag of the same name, a name before a range.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from semantic_version import NpmSpec, Version

HEAD = "HEAD"
_BRANCHES = "refs/heads/"
_TAGS = "refs/tags/"
_RANGE_SIGNS = frozenset("*^~<>=|, ")
_AFTER_SIGN = re.compile(r"([<>=~^]) +")
_BEFORE = re.compile(r"[0-9]-[0-9A-Za-z]")
_LETTER_V = re.compile(r"^([<>=~^]*)[vV](?=[0-9])")


def is_commit(revision: str) -> bool:
    """Whether a revision is a full commit id, which never moves."""
    return len(revision) in (40, 64) and all(letter in "0123456789abcdef" for letter in revision)


@functools.lru_cache(maxsize=4096)
def span(revision: str) -> NpmSpec | None:
    """Return the range of versions a revision means, ``None`` when it is no range.

    The syntax is npm's, with ``,`` for "and" as Argo CD and Flux take it; a leading ``v`` does not count. An exact
    version is the name of a tag and no range.
    """
    text = _AFTER_SIGN.sub(r"\1", " ".join(revision.replace(",", " ").split()))
    wild = any(part in ("x", "X") for part in text.split("."))
    if not wild and not _RANGE_SIGNS.intersection(text):
        return None
    try:
        return NpmSpec(" ".join(_LETTER_V.sub(r"\1", part) for part in text.split(" ")))
    except ValueError:
        return None


@functools.lru_cache(maxsize=65536)
def version(tag: str) -> Version | None:
    """Return the version a tag's short name is, with or without ``v`` and missing parts, or ``None``."""
    text = tag[1:] if tag[:1] in ("v", "V") else tag
    if not text[:1].isdigit():
        return None
    try:
        return Version.coerce(text)
    except ValueError:
        return None


def names(revision: str) -> tuple[str, ...]:
    """Return the full refs that ``revision`` names by itself, the first that exists counting."""
    if revision == HEAD or is_commit(revision):
        return ()
    return (revision,) if revision.startswith("refs/") else (_BRANCHES + revision, _TAGS + revision)


def follows(revision: str, ref: str) -> bool:
    """Whether a move of ``ref`` (full) can change what ``revision`` names.

    ``HEAD`` follows every branch, for only Git knows which one it is; a range follows the tags within it; a commit id
    follows nothing.
    """
    if revision == HEAD:
        return ref.startswith(_BRANCHES)
    return ref in names(revision) or _within(revision, ref)


def pick(revision: str, refs: Iterable[str]) -> str:
    """Return the full ref among ``refs`` that ``revision`` names, ``""`` for none; never for HEAD or a commit id.

    Of a range it is the highest version, and of equal versions the first by name.
    """
    known = set(refs)
    for name in names(revision):
        if name in known:
            return name
    return max(
        (ref for ref in sorted(known, reverse=True) if _within(revision, ref)),
        key=lambda ref: version(ref.removeprefix(_TAGS)) or Version("0.0.0"),
        default="",
    )


def _within(revision: str, ref: str) -> bool:
    if not ref.startswith(_TAGS):
        return False
    wanted = span(revision)
    found = version(ref.removeprefix(_TAGS)) if wanted else None
    if wanted is None or found is None:
        return False
    # Who names a version before a release asks for those of every release (Masterminds' rule, not npm's).
    return bool(wanted.match(found) or (_BEFORE.search(revision) and wanted.match(found.truncate())))


def why_not(revision: str, ref: str) -> str:
    """Return why a move of ``ref`` does not concern ``revision``, ``""`` when it does. For people."""
    if follows(revision, ref):
        return ""
    if is_commit(revision):
        return f"revision: it is pinned to commit {revision[:7]}"
    what, is_what = _kind(revision), _kind(ref)
    if revision.startswith("refs/") and _short(revision) == _short(ref):
        return f"{what} ≠ {is_what}: it follows the {what} {_short(revision)}, not the {is_what} of that name"
    if what == "range":
        return f"tag: {_short(ref)} is no tag within {revision}"
    return f"{is_what}: it follows {revision}, not {_short(ref)}"


def _short(ref: str) -> str:
    return ref.removeprefix(_BRANCHES).removeprefix(_TAGS)


def _kind(ref: str) -> str:
    if ref.startswith(_TAGS):
        return "tag"
    return "branch" if ref.startswith(_BRANCHES) or span(ref) is None else "range"
