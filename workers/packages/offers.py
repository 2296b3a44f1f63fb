"""What a chart repository and a registry have in common: they name versions, and give the archive of one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from workers import revisions
from workers.errors import SourceMissing

TAGS: Final = "refs/tags/"
_NAMED: Final = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._+-]{0,127}")


@dataclass(frozen=True, slots=True)
class Offer:
    """One version: its digest (``sha256:…``, "" where nobody says), where its archive is (a URL, or the digest of a
    registry's blob), and whether one folder holds all that is in it.
    """

    version: str
    digest: str
    url: str
    wrapped: bool = True


class Source(Protocol):
    """A chart repository's chart, or a registry's repository."""

    shown: str

    def versions(self) -> Sequence[str]:
        """Return what it names, asked anew."""

    def offer(self, version: str) -> Offer | None:
        """Return one version, ``None`` for one that it does not have."""

    def download(self, offer: Offer, target: BinaryIO) -> None:
        """Write the archive of a version to ``target``; nobody has checked it yet."""


def is_name(version: str) -> bool:
    """Whether a version can be the name of a tag. Pure."""
    return bool(_NAMED.fullmatch(version)) and ".." not in version and not version.endswith((".lock", "."))


def tag(version: str) -> str:
    """Return the full ref that keeps a version; a digest may be one. Pure."""
    return f"{TAGS}{version.replace(':', '-')}"


def chosen(revision: str, versions: Sequence[str]) -> str:
    """Return the version that a revision means, "" for none: else the highest of a range. Pure."""
    return revisions.pick(revision, [tag(one) for one in versions if is_name(one)]).removeprefix(TAGS)


def digest(file: BinaryIO) -> str:
    """Return the digest of a file, read from its begin."""
    file.seek(0)
    found = hashlib.sha256()
    while part := file.read(1024 * 1024):
        found.update(part)
    return f"sha256:{found.hexdigest()}"


def checked(file: BinaryIO, promised: str, shown: str) -> str:
    """Return the digest of a file. Raises :class:`SourceMissing` where it is not the one that was promised."""
    found = digest(file)
    if promised and found != promised:
        raise SourceMissing(f"{shown} has the digest {found}, and {promised} was promised: it is not used")
    return found
