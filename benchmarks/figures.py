"""Figures and how many seconds make one: pure functions over lists of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table


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


def table(figures: list[Figure]) -> Table:
    """Return the figures as a table, a group at a time."""
    made = Table(title="Hookline, measured", title_style="bold", title_justify="left")
    made.add_column("what")
    made.add_column("", no_wrap=True)
    for name in ("median or count", "p95, p99"):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("of what")
    group = ""
    for figure in figures:
        if figure.group != group:
            made.add_section()
        shown = [number(value, figure.unit) for value in (figure.value, figure.tail)]
        made.add_row("" if figure.group == group else figure.group, figure.name, *shown, figure.note)
        group = figure.group
    return made


def number(value: float | None, unit: str) -> str:
    """Return a value with its unit; ``""`` for none."""
    if value is None:
        return ""
    return f"{value:.0f} {unit}" if unit != "ms" or value >= 100 else f"{value:.1f} {unit}"
