"""Brings what a merge may read of a partial clone before it begins: git could ask nobody while it merges."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from workers.git.quarantine import Quarantine


def complete(made: Quarantine, base: str, head: str) -> None:
    """Bring every file that differs between the common commit and either side, with one request.

    A merge reads no others: what is the same on both sides is taken by its id, and a file that was renamed is one that
    went and one that came. Where there are several common commits, git merges those first, and theirs: then it is every
    file of the history that is not here. Raises as `Quarantine.fetch` does.
    """
    if made.lacking is None:
        return
    common = made.run("merge-base", "--all", base, head)[1].split()
    if len(common) > 1:
        made.lacking.folders((base, head))
        return
    made.lacking.files(one for old, new in product(common, (base, head)) for one in _changed(made, old, new))


def _changed(made: Quarantine, old: str, new: str) -> Iterator[str]:
    """Yield the ids of files that differ, of both sides (git-diff-tree(1), "raw output format")."""
    out = made.run("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", old, new)[1]
    for entry in out.split("\0")[::2]:
        modes, ids = entry.lstrip(":").split(" ")[:2], entry.split(" ")[2:4]
        yield from (one for mode, one in zip(modes, ids, strict=False) if mode.startswith(("100", "120")))
