"""The audit trail as text: canonical JSON lines, each with the hash of the line before. Pure.

A line is a JSON object with sorted keys, without spaces, in UTF-8. ``line`` counts from 1, ``before`` is the SHA-256
(hexadecimal) of the bytes of the line before without their line end; before the first line stands :data:`GENESIS`.
What is exported begins with an anchor, ``{"anchor":HASH,"line":N}``: it goes on after line N, which has that hash. It
ends with a head, ``{"head":HASH,"line":N}``: without it, lines cut off at the end would not be missed. Whoever can
rewrite a whole file can make a new chain: keep the head, or the file, where they cannot.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from workers.errors import redact

GENESIS: Final = "0" * 64
"""The hash before the first line: there is none."""
LONGEST: Final = 2000
"""Characters of one text in a line; more are cut."""
MOST: Final = 200
"""Items of one list in a line; more are left out, and the last item says how many."""
_HASH: Final = re.compile("[0-9a-f]{64}")
RESERVED: Final = frozenset({"line", "before", "at", "action"})


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: the number of its last line and that line's hash."""

    line: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: ``wrong`` is a sentence naming the line, "" when all is right; ``head`` is the last line.

    ``sealed`` is whether the lines ended with their head.
    """

    head: Head
    first: Head
    sealed: bool
    wrong: str = ""


def digest(line: bytes) -> str:
    """Return the hash of a line without its line end."""
    return hashlib.sha256(line).hexdigest()


def line(after: Head, at: float, action: str, fields: Mapping[str, Any]) -> bytes:
    """Return the line that comes after ``after``: what was done ``at`` (epoch seconds), with the fields that say more.

    Fields that are empty are left out. Raises ``ValueError`` for a field whose name is the chain's.
    """
    if taken := RESERVED & fields.keys():
        raise ValueError(f"the trail has a field {sorted(taken)[0]} of its own")
    said = {name: _plain(value) for name, value in fields.items() if value not in ("", None, (), [])}
    return canonical(
        {"line": after.line + 1, "before": after.hash, "at": round(at, 3), "action": _plain(action), **said}
    )


def anchor(head: Head) -> bytes:
    """Return the line an export begins with: what it continues from."""
    return canonical({"anchor": head.hash, "line": head.line})


def seal(head: Head) -> bytes:
    """Return the line an export ends with."""
    return canonical({"head": head.hash, "line": head.line})


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return an object as the one text it has."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def read(text: bytes) -> dict[str, Any] | None:
    """Return the object of a line, ``None`` when it is not written as this module writes."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) and canonical(value) == text else None


def check(lines: Iterable[bytes]) -> Found:
    """Check lines, given without their line ends; the first thing that is wrong is named with its place.

    A changed, removed, inserted or moved line is found; of a change, the line is named whose hash no longer fits.
    """
    found = Found(Head(), Head(), sealed=False)
    for row, text in enumerate(lines, 1):
        value = read(text)
        if value is None:
            return replace(found, wrong=f"row {row} was changed: it is not a line as Hookline writes it")
        if row == 1:
            found = _begun(value)
        elif found.sealed:
            found = replace(found, wrong=f"row {row} stands after the head, which ends an export")
        elif set(value) in ({"anchor", "line"}, {"head", "line"}):
            found = _mark(found, value, row)
        else:
            wrong = _after(found.head, value, f"row {row} (line {value.get('line')})")
            found = replace(found, head=Head(found.head.line + 1, digest(text)), wrong=wrong)
        if found.wrong:
            return found
    return found


def ends_at(found: Found, held: Head) -> Found:
    """Judge lines without a head of their own: they must end where the trail itself does. Pure."""
    if found.head == held:
        return found
    if found.head.line < held.line:
        return replace(found, wrong=f"the head is missing, and so are lines {found.head.line + 1} to {held.line}")
    return replace(found, wrong=f"line {found.head.line} is not the one that Redis holds")


def _begun(value: Mapping[str, Any]) -> Found:
    """Judge the first row, which must be an anchor."""
    number, text = value.get("line"), value.get("anchor")
    known = type(number) is int and number >= 0 and isinstance(text, str) and _HASH.fullmatch(text) is not None
    if set(value) != {"anchor", "line"} or not known or (number == 0) != (text == GENESIS):
        return Found(Head(), Head(), sealed=False, wrong="row 1 was changed or removed: expected the anchor")
    begun = Head(value["line"], value["anchor"])
    return Found(begun, begun, sealed=False)


def _mark(found: Found, value: Mapping[str, Any], row: int) -> Found:
    """Judge an anchor or a head among the lines: a head must be where the chain stands, an anchor tells of a gap."""
    head = found.head
    if "anchor" in value:
        return replace(found, wrong=f"row {row} is an anchor: lines after {head.line} were lost, or it was put in")
    if value["line"] != head.line:
        return replace(found, wrong=f"row {row} says line {value['line']} was the last, but line {head.line} is there")
    if value["head"] != head.hash:
        return replace(found, wrong=f"row {row}: line {head.line} was changed: its hash is not the one said here")
    return replace(found, sealed=True)


def _after(head: Head, value: Mapping[str, Any], said: str) -> str:
    """Return what is wrong with an entry that comes after ``head``, "" when nothing is."""
    if not {"line", "before", "at", "action"} <= value.keys():
        return f"{said} is no entry: a field of the chain is missing"
    if value["line"] != head.line + 1:
        return f"{said} stands where line {head.line + 1} is expected: a line was removed, inserted or moved"
    if value["before"] != head.hash:
        whose = f"line {head.line} was changed" if head.line else "the first line is not the chain's"
        return f"{said} does not follow: {whose}, or this one was"
    return ""


def _plain(value: Any) -> Any:
    """Return a field as it is kept: texts without credentials, cut and valid as UTF-8; short lists."""
    match value:
        case bool() | int() | float():
            return value
        case list() | tuple():
            kept = [_plain(item) for item in value[:MOST]]
            return [*kept, f"and {len(value) - MOST} more"] if len(value) > MOST else kept
    text = redact(str(value)).encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@dataclass(frozen=True, slots=True)
class Trail:
    """A stretch of the trail: lines, what they continue from, and where the trail says it stands."""

    first: Head
    lines: tuple[bytes, ...]
    head: Head

    def check(self) -> str:
        """Return what is wrong with it, "" when nothing is. Pure."""
        return check(self.export()).wrong

    def export(self) -> list[bytes]:
        """Return it as an export: anchor, lines, head. Pure."""
        return [anchor(self.first), *self.lines, seal(self.head)]
