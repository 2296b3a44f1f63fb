"""What a fetch into a partial clone brings besides: the new content of files whose old content is here.

Somebody read those, and reads them again: so a push that changes the folders of two hundred apps costs one request
more, and not two hundred.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Final

from workers.git import lacking
from workers.git.lacking import Lacking

MOST_REFS: Final = 20
"""Branches that moved."""
MOST_FILES: Final = 20_000
BRANCHES: Final = "refs/heads"


def tips(mirror: Path) -> dict[str, str]:
    """Return the branches of a partial clone and where they are; nothing for a whole one."""
    if not lacking.is_partial(mirror):
        return {}
    said = lacking.asked(mirror, {}, "", "for-each-ref", "--format=%(refname) %(objectname)", BRANCHES)
    return dict(line.split(" ", 1) for line in said.splitlines())


def replaced(mirror: Path, before: dict[str, str]) -> list[str]:
    """Return the files to bring, now that branches are no longer where they were ``before``."""
    after = tips(mirror)
    moves = {(old, after[ref]) for ref, old in before.items() if after.get(ref, old) != old}
    pairs = list(chain.from_iterable(_changed(mirror, old, new) for old, new in sorted(moves)[:MOST_REFS]))
    here = Lacking(mirror, lambda _: None, mirror)
    absent = set(here.missing([old for old, _ in pairs])) if pairs else set()
    wanted = dict.fromkeys(new for old, new in pairs if old not in absent)
    return here.missing(list(wanted)[:MOST_FILES]) if wanted else []


def _changed(mirror: Path, old: str, new: str) -> list[tuple[str, str]]:
    """Return old and new content of files that were changed (git-diff-tree(1), "raw output format")."""
    words = ("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "--diff-filter=M", old, new)
    entries = [entry.split(" ") for entry in lacking.asked(mirror, {}, "", *words).split("\0")[::2] if entry]
    return [(entry[2], entry[3]) for entry in entries if entry[1].startswith("100")]
