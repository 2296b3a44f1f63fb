"""Finds secrets that are known, in any text and in any writing, in time linear in the text.

What was decrypted lately in this process is known to all of it: a chart or an object can put it anywhere, and what a
renderer or the API server then says of it repeats it.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

MASK: Final = "***"
MOST: Final = 1000
"""Files and objects whose secrets are remembered."""
SHORTEST: Final = 8
"""Values shorter than this are not looked for elsewhere: a name such as ``admin`` would go everywhere."""
_URL_SAFE: Final = str.maketrans("+/", "-_")


class Known:
    """The texts to find. They are kept by how they begin, so that it does not matter how many there are."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by: dict[str, dict[int, set[str]]] = {}
        for text in texts:
            if len(text) >= SHORTEST:
                self._by.setdefault(text[:SHORTEST], {}).setdefault(len(text), set()).add(text)

    def without(self, text: str) -> str:
        """Return a text with all of them masked; of two that begin at one place, the longer one."""
        if not self._by:
            return text
        parts, kept, at, last = [], 0, 0, len(text) - SHORTEST
        while at <= last:
            length = self._found(text, at)
            if length:
                parts += [text[kept:at], MASK]
                at = kept = at + length
            else:
                at += 1
        return "".join([*parts, text[kept:]])

    def _found(self, text: str, at: int) -> int:
        lengths = self._by.get(text[at : at + SHORTEST])
        if lengths is None:
            return 0
        return max((size for size, held in lengths.items() if text[at : at + size] in held), default=0)


class _Lately:
    """The secrets of the last files and objects that were opened, and what finds them all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._known: Known | None = None

    def remember(self, name: str, values: Iterable[str]) -> None:
        """Know the values of one file or object, which ``name`` tells from its other versions, for some time."""
        with self._lock:
            new = frozenset(values)
            if self._held.get(name) != new:
                self._held[name] = new
                self._known = None
            self._held.move_to_end(name)
            while len(self._held) > MOST:
                self._held.popitem(last=False)

    def without(self, text: str) -> str:
        """Return a text without any of them."""
        with self._lock:
            if not self._held:
                return text
            if self._known is None:
                self._known = Known(form for held in self._held.values() for one in held for form in forms(one))
            known = self._known
        return known.without(text)


_lately: Final = _Lately()
remember: Final = _lately.remember
without: Final = _lately.without


def of_file(clear: bytes, encrypted: bytes) -> set[str]:
    """Return the values that a file holds in clear text and did not hold before it was decrypted, line by line."""
    before, found = encrypted.decode(errors="replace"), set()
    for line in clear.decode(errors="replace").splitlines():
        for one in (line, line.partition(":")[2], line.partition("=")[2]):
            value = one.strip().removesuffix(",").strip("\"' ")
            if len(value) >= SHORTEST and value not in before:
                found.add(value)
    return found


def forms(value: str) -> set[str]:
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
    return {one for one in found if len(one) >= SHORTEST}


def _lowered(percent: str) -> str:
    first, *rest = percent.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])
