"""A text is cut to what a forge shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.forges import cut


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("in sync", 140, "in sync"),
        ("12345", 5, "12345"),
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two three", 7, "one…"),
        ("Supercalifragilistic", 6, "Super…"),
        ("one, two", 6, "one…"),
        ("line one\r\nline two\tend", 140, "line one line two end"),
        ("a\x00b\x1b[31mred", 140, "a b [31mred"),
        ("safe\u202egnp.exe", 140, "safe gnp.exe"),
        ("lone \ud800 surrogate", 140, "lone surrogate"),
        ("", 140, ""),
        ("🚀" * 141, 140, "🚀" * 139 + "…"),
        ("👩\u200d🚀 flies", 140, "👩\u200d🚀 flies"),
        ("ab\u200dcd", 4, "ab…"),
    ],
)
def test_cut(text: str, limit: int, expected: str) -> None:
    """Whole words stay, control characters go, and characters are counted, not bytes."""
    assert cut(text, limit) == expected


def test_140_characters_fit_and_141_do_not() -> None:
    """GitHub's limit is exact."""
    fits = "word " * 27 + "words"
    assert len(fits) == 140
    assert cut(fits, 140) == fits
    assert cut(fits + "!", 140) == "word " * 26 + "word…"


@given(st.text(), st.integers(min_value=2, max_value=50))
def test_a_cut_text_is_one_short_encodable_line(text: str, limit: int) -> None:
    """Whatever comes in, what goes out fits, is one line, is JSON, and is a fixed point."""
    short = cut(text, limit)
    assert len(short) <= limit
    assert len(short.splitlines()) <= 1
    assert short.encode("utf-8").decode("utf-8") == short
    assert cut(short, limit) == short
