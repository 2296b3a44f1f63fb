"""The folder a renderer works in: on disk, or in memory where what was decrypted is in it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from workers.errors import BadConfiguration

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - each folder in it is made for this user alone
KEPT_BACK: Final = "its words are kept back, for they may hold what was decrypted: try it by hand"
_MOUNTS: Final = Path("/proc/self/mounts")


@contextlib.contextmanager
def folder(*, in_memory: bool = False) -> Iterator[Path]:
    """Yield an empty folder that nobody else may read, and that is gone afterwards.

    Raises :class:`BadConfiguration` when it has to be in memory and :data:`MEMORY` is not.
    """
    if in_memory and not _is_memory(_MOUNTS, MEMORY):
        raise BadConfiguration(
            f"decrypted files are kept in memory only, and {MEMORY} is no tmpfs: mount one (an emptyDir of Memory)"
        )
    with tempfile.TemporaryDirectory(prefix="hookline-render-", dir=MEMORY if in_memory else None) as made:
        yield Path(made).resolve()


def _is_memory(mounts: Path, place: Path) -> bool:
    """Whether the last thing mounted at ``place`` lives in memory."""
    try:
        lines = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return False
    kinds = [line[2] for line in lines if len(line) > 2 and line[1] == str(place)]
    return kinds[-1:] == ["tmpfs"]
