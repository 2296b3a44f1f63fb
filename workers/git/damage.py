"""Finds mirrors that are broken, by what git says when it trips over them, and what dead processes left in one.

A mirror is a copy: one that is broken is thrown away and fetched anew. Only words about objects, packs and refs of our
own count; what a server says comes with ``remote:`` in front.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Final

import structlog

from workers.errors import MirrorDamaged
from workers.git import place

log = structlog.get_logger()

_SIGNS: Final = (
    "is corrupt",
    "bad object",
    "bad tree object",
    "missing tree",
    "missing blob",
    "missing commit",
    "unable to read tree",
    "unable to read sha1",
    "unable to read object",
    "does not point to a valid object",
    "bad config",
    "not a git repository",
    "invalid sha1",
    "inflate: ",
    "unknown object type",
    "garbage at end of",
    "unable to unpack",
    "cannot be accessed",
    "packfile",
    "index file",
    "wrong index",
    "index not opened",
    "bad pack",
    "broken link",
    "unable to resolve reference",
    "unable to parse object",
    "did not send all necessary objects",
    "your current branch appears to be broken",
    "unexpected line in .git/packed-refs",
    "unexpected line in",
    "object file",
    "hash mismatch",
    "reference broken",
    "bad ref",
)
_MARK: Final = ".damaged"
_LOCKS: Final = (
    "HEAD.lock",
    "config.lock",
    "packed-refs.lock",
    "shallow.lock",
    "refs/heads/**/*.lock",
    "refs/tags/**/*.lock",
)
_HALF: Final = (
    "objects/pack/tmp_*",
    "objects/pack/.tmp-*",
    "objects/??/tmp_obj_*",
    "objects/incoming-*",
    "objects/tmp_objdir-*",
    "gc.pid",
    "fast_import_crash_*",
)


def is_sign(words: str) -> bool:
    """Whether git's complaint is about the mirror itself. Pure."""
    own = [line.lower() for line in words.splitlines() if not line.strip().lower().startswith("remote:")]
    return any(sign in line for line in own for sign in _SIGNS)


def found(mirror: Path, words: str) -> MirrorDamaged:
    """Mark a mirror as damaged and return the error that says so: whoever fetches next makes it anew."""
    said = " ".join(words.split())[-200:]
    if mirror.suffix == ".git" or (mirror.suffix == ".grafts" and (mirror / "HEAD").exists()):
        with contextlib.suppress(OSError):
            mirror.with_suffix(_MARK).write_text(said)
    return MirrorDamaged(f"this machine's copy of the repository is damaged and is fetched anew ({said})")


def marked(mirror: Path) -> str:
    """Return what is broken in a mirror, "" for nothing that is known."""
    try:
        return mirror.with_suffix(_MARK).read_text() or "it is marked as damaged"
    except OSError:
        return ""


def mended(mirror: Path) -> None:
    """Forget that a mirror was damaged."""
    mirror.with_suffix(_MARK).unlink(missing_ok=True)


def tidy(mirror: Path) -> list[str]:
    """Remove what a process left that died while it changed the mirror; return that. Call it under the mirror's lock.

    Locks of refs below ``refs/hookline`` stay: those are made without that lock, and nothing else waits for one. Half a
    pack stays while the mirror is packed anew.
    """
    with place.trying(mirror, ".upkeep") as nobody_packs:
        return _tidied(mirror, _LOCKS if nobody_packs is None else (*_LOCKS, *_HALF))


def _tidied(mirror: Path, globs: tuple[str, ...]) -> list[str]:
    left = [one for glob in globs for one in mirror.glob(glob)]
    for one in left:
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
    return sorted(str(one.relative_to(mirror)) for one in left)
