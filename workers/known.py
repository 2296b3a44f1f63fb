"""Finds secrets that are known, in any text and in any writing, in time linear in the text.

What was decrypted lately in this process, or read from a Secret to be rendered, is known to all of it: a chart or an
object can put it anywhere, and what a renderer or the API server then says of it repeats it. A plan gathers what its
own rendering was given, for it hides that in names, too.
"""

from __future__ import annotations

import contextlib
import json
import threading
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Final
from urllib.parse import quote

MASK: Final = "***"
MOST: Final = 1000
"""Files and objects whose secrets are remembered."""
SHORTEST: Final = 8
"""Values shorter than this are not looked for elsewhere: a name such as ``admin`` would go everywhere."""
_URL_SAFE: Final = str.maketrans("+/", "-_")


class Known:
    """The texts to find, from ``shortest`` characters on; ``folded``: in any case of letters.

    They are kept by how they begin, so that it does not matter how many there are.
    """

    def __init__(self, texts: Iterable[str], shortest: int = SHORTEST, *, folded: bool = False) -> None:
        self._by: dict[str, dict[int, set[str]]] = {}
        self._shortest, self._folded = shortest, folded
        for text in map(_folded, texts) if folded else texts:
            if len(text) >= shortest:
                self._by.setdefault(text[:shortest], {}).setdefault(len(text), set()).add(text)

    def without(self, text: str) -> str:
        """Return a text with all of them masked; of two that begin at one place, the longer one."""
        if not self._by:
            return text
        looked = _folded(text) if self._folded else text
        parts, kept, at, last = [], 0, 0, len(text) - self._shortest
        while at <= last:
            length = self._found(looked, at)
            if length:
                parts += [text[kept:at], MASK]
                at = kept = at + length
            else:
                at += 1
        return "".join([*parts, text[kept:]])

    def _found(self, text: str, at: int) -> int:
        lengths = self._by.get(text[at : at + self._shortest])
        if lengths is None:
            return 0
        return max((size for size, held in lengths.items() if text[at : at + size] in held), default=0)


class _Lately:
    """The secrets of the last files and objects that were opened, and what finds them all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[frozenset[str], None] = OrderedDict()
        self._known: Known | None = None

    def remember(self, values: frozenset[str]) -> None:
        """Know the values of one file or object for some time."""
        with self._lock:
            if values not in self._held:
                self._held[values] = None
                self._known = None
            self._held.move_to_end(values)
            while len(self._held) > MOST:
                self._held.popitem(last=False)

    def without(self, text: str) -> str:
        """Return a text without any of them."""
        with self._lock:
            if not self._held:
                return text
            if self._known is None:
                self._known = Known(form for held in self._held for one in held for form in forms(one))
            known = self._known
        return known.without(text)


_lately: Final = _Lately()
without: Final = _lately.without
_gathered: ContextVar[set[str] | None] = ContextVar("gathered", default=None)


def learn(values: Iterable[str]) -> None:
    """Know the values of one file or object from now on."""
    new = frozenset(values)
    if new:
        _lately.remember(new)
    found = _gathered.get()
    if found is not None:
        found |= new


@contextlib.contextmanager
def into(found: set[str]) -> Iterator[None]:
    """Add to ``found`` all that is learnt by the block, in this thread. What is around the block gathers it as well."""
    outer, mine = _gathered.get(), set[str]()
    token = _gathered.set(mine)
    try:
        yield
    finally:
        _gathered.reset(token)
        found |= mine
        if outer is not None:
            outer |= mine


def forms(value: str, shortest: int = SHORTEST) -> set[str]:
    """Return how a value may stand elsewhere: as it is, without blanks around it, in JSON, in percent signs, in base64.

    Base64 is found wherever the value stands in what was encoded, such as behind ``user:``.
    """
    found: set[str] = set()
    for one in {value, value.strip()}:
        raw, percent = one.encode(errors="replace"), quote(one, safe="", errors="replace")
        found |= {one, json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1], percent, _lowered(percent)}
        for before in range(3):
            # what is left out at both ends depends on the neighbours
            whole = b64encode(b"\0" * before + raw).decode("ascii").rstrip("=")
            core = whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
            found |= {core, core.translate(_URL_SAFE)}
        found.add(b64encode(raw).decode("ascii"))
    return {one for one in found if len(one) >= shortest}


def _lowered(percent: str) -> str:
    first, *rest = percent.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _folded(text: str) -> str:
    """Return a text in small letters, each where it was."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(one.lower() if len(one.lower()) == 1 else one for one in text)
