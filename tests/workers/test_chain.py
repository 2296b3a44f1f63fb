"""The chain of the audit trail: any single change of an export is found, and named."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers import chain
from workers.chain import GENESIS, Head


def made(count: int, after: Head | None = None) -> list[bytes]:
    """An export of so many entries."""
    head = first = after or Head()
    rows = []
    for number in range(count):
        row = chain.line(head, 1800000000 + number / 7, "sync", {"app": f"shop-{number}", "who": "ada", "reason": "é"})
        rows.append(row)
        head = Head(head.line + 1, chain.digest(row))
    return [chain.anchor(first), *rows, chain.seal(head)]


GOOD = made(6)
LATER = made(4, Head(17, "a" * 64))


@pytest.mark.parametrize("rows", [GOOD, LATER, made(0)], ids=["whole", "continued", "empty"])
def test_a_chain_that_nobody_touched_is_whole(rows: list[bytes]) -> None:
    """From its anchor to its head."""
    found = chain.check(rows)
    assert (found.wrong, found.sealed, found.head.line - found.first.line) == ("", True, len(rows) - 2)


def test_a_line_is_canonical_and_hashes_the_one_before() -> None:
    """Sorted keys, no spaces, UTF-8: whoever reads this file can check it with standard tools."""
    first, second = GOOD[1], GOOD[2]
    assert first == orjson.dumps(orjson.loads(first), option=orjson.OPT_SORT_KEYS)
    assert orjson.loads(first)["before"] == GENESIS
    assert orjson.loads(second)["before"] == hashlib.sha256(first).hexdigest()
    assert [orjson.loads(row)["line"] for row in GOOD[1:-1]] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("place", range(len(GOOD)))
def test_a_removed_line_is_found(place: int) -> None:
    """The anchor and the head, too."""
    found = chain.check(GOOD[:place] + GOOD[place + 1 :])
    assert found.wrong if place < len(GOOD) - 1 else not found.sealed


def test_what_was_changed_is_named() -> None:
    """By the line whose hash does not fit any more."""
    changed = [*GOOD]
    changed[3] = GOOD[3].replace(b"shop-2", b"shop-x")
    assert "line 3 was changed" in chain.check(changed).wrong
    changed[3], changed[4] = GOOD[4], GOOD[3]
    assert "line 3 is expected" in chain.check(changed).wrong
    changed = [*GOOD[:-1], chain.seal(Head(6, "b" * 64))]
    assert "line 6 was changed" in chain.check(changed).wrong


fields = st.dictionaries(st.sampled_from(["app", "who", "line", "before", "at", "action", "x"]), st.text(max_size=5))
entries = fields.map(chain.canonical) | st.binary(max_size=20) | st.sampled_from([*GOOD, *LATER, *made(3)])


@settings(max_examples=1500, deadline=None)
@given(rows=st.sampled_from([GOOD, LATER, made(1), made(0)]), data=st.data())
def test_any_single_change_of_an_export_is_found(rows: list[bytes], data: st.DataObject) -> None:
    """A bit, a row replaced, removed, put in, doubled or exchanged with another, wherever it is."""
    changed = [*rows]
    place = data.draw(st.integers(0, len(rows) - 1))
    match data.draw(st.sampled_from(["bit", "replace", "remove", "insert", "exchange", "cut", "spaces"])):
        case "bit":
            at, bit = data.draw(st.integers(0, len(rows[place]) - 1)), data.draw(st.integers(0, 7))
            changed[place] = rows[place][:at] + bytes([rows[place][at] ^ 1 << bit]) + rows[place][at + 1 :]
        case "replace":
            changed[place] = data.draw(entries)
        case "remove":
            del changed[place]
        case "insert":
            changed.insert(data.draw(st.integers(0, len(rows))), data.draw(entries))
        case "exchange":
            other = data.draw(st.integers(0, len(rows) - 1))
            changed[place], changed[other] = rows[other], rows[place]
        case "cut":
            changed = rows[:place]
        case "spaces":
            changed[place] = rows[place].replace(b",", b", ", 1)
    found = chain.check(changed)
    assert (found.wrong == "" and found.sealed) == (changed == rows)


plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=30)
values = st.recursive(plain | st.just("\udc80"), lambda inner: st.lists(inner, max_size=4), max_leaves=6)


@given(fields=st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=5))
def test_whatever_is_said_makes_a_line(fields: dict[str, Any]) -> None:
    """Also what is no UTF-8; a name that the chain needs itself is refused."""
    if chain.RESERVED & fields.keys():
        return
    row = chain.line(Head(), 1.0, "sync", fields)
    assert b"\n" not in row
    assert chain.check([chain.anchor(Head()), row, chain.seal(Head(1, chain.digest(row)))]).wrong == ""


def test_what_is_said_is_bounded_and_holds_no_credential() -> None:
    """A reason may be anything people paste."""
    token = "glpat-" + "a1B2" * 6
    row = orjson.loads(
        chain.line(Head(), 1.0, "sync", {"reason": f"with {token}", "text": "x" * 9000, "list": ["a"] * 999})
    )
    assert (token in row["reason"], len(row["text"]), len(row["list"])) == (False, chain.LONGEST, chain.MOST + 1)
    with pytest.raises(ValueError, match="before"):
        chain.line(Head(), 1.0, "sync", {"before": "x"})
