"""Which clusters a watch process takes, so that several share them. Pure.

A cluster's lease says who has it; nobody assigns anything. All know how many watch processes live, and none keeps more
than its share, so that whoever comes finds something to take.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence


def share(clusters: int, watchers: int) -> int:
    """Return how many clusters a watch process has at most."""
    return -(-clusters // max(1, watchers))


def surplus(mine: Sequence[str], clusters: int, watchers: int) -> list[str]:
    """Return what a process gives up of what it has; ``mine`` in the order in which it was taken."""
    return list(mine[share(clusters, watchers) :])


def wanted(clusters: Collection[str], mine: Collection[str], me: str) -> list[str]:
    """Return the clusters to try to take, in an order of one's own: all that come at once begin elsewhere."""
    return sorted((one for one in clusters if one not in mine), key=lambda one: zlib.crc32(f"{me} {one}".encode()))
