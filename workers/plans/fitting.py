"""Texts that must fit: parts give way by a rule, and what is left is spread over a few comments. Pure.

Every part has four forms, from its fullest to its shortest. Those that matter least are shortened first, form by form
and the largest before the others. Only when everything is as short as it gets, parts are left out, again those first
that matter least. As few of these steps are taken as make everything fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

GONE: Final = 4
"""The step after the last form."""
Forms = tuple[str, str, str, str]
Said = Callable[[Counter[str], int], str]
"""What is said of what is not there: how many parts of each sort are gone, and how many are shortened."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a block. ``worth`` is how long it stays: the lowest gives way first. ``sort`` is for counting."""

    forms: Forms
    worth: int
    sort: str


@dataclass(frozen=True, slots=True)
class Block:
    """Parts that stand between an ``opening`` and a ``closing``, in each comment that holds any of them."""

    opening: str
    closing: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What of a comment is always there: the first one's beginning, that of the others, and its limit in bytes."""

    first: str
    further: str
    limit: int
    most: int


def size(text: str) -> int:
    """Return how long a text is at the most, however its forge counts: the bytes of UTF-8.

    No unit that a forge may count in (characters, UTF-16 units, bytes) gives more.
    """
    return len(text.encode(errors="replace"))


def fitted(blocks: Sequence[Block], page: Page, said: Said) -> tuple[str, ...]:
    """Return the texts, at most ``page.most`` of ``page.limit`` bytes each; ``said`` is asked for what is left out.

    Raises :class:`ValueError` where even the beginnings are too long.
    """
    parts = [part for block in blocks for part in block.parts]
    sizes = [(*map(size, part.forms), 0) for part in parts]
    steps = _steps(parts, sizes)
    one = Page(page.first, page.further, page.limit, 1)
    for whole in (one, page):
        if placed := _placed(blocks, sizes, [0] * len(parts), whole, 0):
            return _texts(blocks, placed, [0] * len(parts), page, "")
    # What is said of the rest is longest when all of it is gone; so much room is kept.
    room = size(said(Counter({part.sort: 1_000_000 for part in parts}), 1_000_000))
    low, high = 0, len(steps)
    best = _placed(blocks, sizes, _levels(steps, high, len(parts)), page, room)
    while low < high:
        middle = (low + high) // 2
        placed = _placed(blocks, sizes, _levels(steps, middle, len(parts)), page, room)
        if placed is None:
            low = middle + 1
        else:
            high, best = middle, placed
    if best is None:
        raise ValueError(f"not even the beginning of the text fits into {page.limit} bytes")
    levels = _levels(steps, high, len(parts))
    gone = Counter(part.sort for part, level in zip(parts, levels, strict=True) if level == GONE)
    pairs = zip(parts, levels, strict=True)
    cut = sum(level < GONE and part.forms[level] != part.forms[0] for part, level in pairs)
    return _texts(blocks, best, levels, page, said(gone, cut))


def _steps(parts: Sequence[Part], sizes: Sequence[tuple[int, ...]]) -> list[tuple[int, int]]:
    """Return (part, form) in the order in which parts give way."""
    order = sorted(range(len(parts)), key=lambda n: (-sizes[n][0], n))
    shorter = sorted((parts[n].worth, level, place, n) for place, n in enumerate(order) for level in range(1, GONE))
    gone = sorted((parts[n].worth, place, n) for place, n in enumerate(order))
    return [(n, level) for _, level, _, n in shorter] + [(n, GONE) for _, _, n in gone]


def _levels(steps: Sequence[tuple[int, int]], count: int, parts: int) -> list[int]:
    levels = [0] * parts
    for n, level in steps[:count]:
        levels[n] = level
    return levels


Placed = list[list[tuple[int, int, int]]]
"""Per comment: (block, number of the part among all, form)."""


def _placed(
    blocks: Sequence[Block], sizes: Sequence[tuple[int, ...]], levels: Sequence[int], page: Page, room: int
) -> Placed | None:
    """Return what stands in which comment, ``None`` when it does not fit; ``room`` bytes of the first are kept."""
    pages: Placed = [[]]
    used, further, n = size(page.first) + room, size(page.further), 0
    if used > page.limit:
        return None
    for number, block in enumerate(blocks):
        around = size(block.opening) + size(block.closing)
        inside = False
        for _ in block.parts:
            length = sizes[n][levels[n]]
            if length:
                more = length + (0 if inside else around)
                if used + more > page.limit:
                    if len(pages) == page.most or further + length + around > page.limit:
                        return None
                    pages.append([])
                    used, more = further, length + around
                used, inside = used + more, True
                pages[-1].append((number, n, levels[n]))
            n += 1
    return pages


def _texts(blocks: Sequence[Block], placed: Placed, levels: Sequence[int], page: Page, said: str) -> tuple[str, ...]:
    parts = [part for block in blocks for part in block.parts]
    texts = []
    for at, entries in enumerate(placed):
        found, inside = [page.first + said if at == 0 else page.further], -1
        for number, n, _ in entries:
            if number != inside:
                found += [blocks[inside].closing if inside >= 0 else "", blocks[number].opening]
                inside = number
            found.append(parts[n].forms[levels[n]])
        found.append(blocks[inside].closing if inside >= 0 else "")
        texts.append("".join(found).rstrip("\n") + "\n")
    return tuple(texts)
