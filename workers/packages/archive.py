"""Reads a ``.tar.gz`` as a stream, within bounds, and takes nothing from it but plain files with plain names."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from workers.errors import SourceMissing

MOST_DEEP: Final = 64
LONGEST: Final = 1024
_PLAIN: Final = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE})
_SKIPPED: Final = frozenset({tarfile.DIRTYPE})


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most files, and bytes unpacked (headers and padding included), of one archive."""

    files: int
    size: int


class _Bounded:
    """Gzip that stops when more comes out of it than may."""

    def __init__(self, packed: BinaryIO, most: int) -> None:
        self._file = gzip.GzipFile(fileobj=packed, mode="rb")
        self._left = most

    def read(self, size: int = -1) -> bytes:
        found = self._file.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(found)
        if self._left < 0:
            raise _Refused("unpacks to more than `charts.unpacked_size` bytes")
        return found


class _Refused(Exception):
    """What an archive may not be or hold; the message ends a sentence that names it."""


def files(packed: BinaryIO, shown: str, bounds: Bounds, *, wrapped: bool) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every file; with ``wrapped``, paths begin below the one folder that holds all.

    Raises :class:`SourceMissing` naming ``shown`` and the entry for links, devices, names that lead out, twins, too
    much of anything, and what is no archive.
    """
    try:
        yield from _files(packed, bounds, wrapped=wrapped)
    except _Refused as refused:
        raise SourceMissing(f"{shown} {refused}: it is not used") from None
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise SourceMissing(f"{shown} is no gzipped tar archive that can be read ({type(error).__name__})") from None


def _files(packed: BinaryIO, bounds: Bounds, *, wrapped: bool) -> Iterator[tuple[str, bytes]]:
    stream: Any = _Bounded(packed, bounds.size)
    seen: set[str] = set()
    count, top = 0, ""
    with tarfile.open(fileobj=stream, mode="r|", errors="strict", encoding="utf-8") as tar:
        for member in tar:
            count += 1
            tar.members = []  # type: ignore[attr-defined] # it would keep every header
            if count > bounds.files:
                raise _Refused(f"has more than {bounds.files} entries (`charts.files`)")
            if member.type in _SKIPPED and not member.issparse():
                continue
            if member.type not in _PLAIN or member.issparse():
                raise _Refused(f"holds {member.name[:200]!r}, which is no plain file but a {_kind(member)}")
            path = _name(member.name)
            if member.size > bounds.size:
                raise _Refused("unpacks to more than `charts.unpacked_size` bytes")
            if wrapped:
                head, _, path = path.partition("/")
                top = top or head
                if not path or head != top:
                    raise _Refused(f"holds {member.name[:200]!r} beside the folder {top}: a chart is one folder")
            if path in seen:
                raise _Refused(f"holds {path!r} twice")
            seen.add(path)
            content = tar.extractfile(member)
            yield path, content.read() if content else b""
    if not seen:
        raise _Refused("holds no file")


def _name(name: str) -> str:
    """Return a path as its segments, refusing what leads anywhere else."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    bad = name.startswith("/") or ".." in parts or "\\" in name or not name.isprintable()
    if bad or not parts or len(parts) > MOST_DEEP or len(name.encode()) > LONGEST or ".git" in map(str.lower, parts):
        raise _Refused(f"holds {name[:200]!r}, a name that is not taken")
    return "/".join(parts)


def _kind(member: tarfile.TarInfo) -> str:
    kinds = {
        tarfile.SYMTYPE: "link",
        tarfile.LNKTYPE: "hard link",
        tarfile.CHRTYPE: "device",
        tarfile.BLKTYPE: "device",
        tarfile.FIFOTYPE: "pipe",
        tarfile.GNUTYPE_SPARSE: "sparse file",
    }
    return kinds.get(member.type, "sparse file" if member.issparse() else "special entry")
