"""Figures and how many seconds make one: pure functions over lists of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: ``value`` and ``tail`` (``None``: none) are in ``unit``; ``note`` says of what."""

    group: str
    name: str
    value: float
    unit: str
    tail: float | None = None
    note: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` (0 to 1) of all values do not exceed (nearest rank).

    Raises :class:`ValueError` when there are none.
    """
    if not values:
        raise ValueError("no values, no percentile")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def timed(group: str, name: str, seconds: Sequence[float]) -> Figure:
    """Return median and 95th percentile of some times, in milliseconds."""
    middle, tail = percentile(seconds, 0.5) * 1000, percentile(seconds, 0.95) * 1000
    return Figure(group, name, middle, "ms", tail, f"of {len(seconds)}")


def by_verb(verbs: Sequence[str]) -> str:
    """Return counts by verb, the most frequent first: ``3 patch, 1 get``."""
    counts: Mapping[str, int] = {verb: verbs.count(verb) for verb in sorted(set(verbs))}
    return ", ".join(f"{count} {verb}" for verb, count in sorted(counts.items(), key=lambda item: -item[1]))
