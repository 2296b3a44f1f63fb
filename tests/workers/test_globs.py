"""Globs of rights: nothing is special but ``*``, which stays within its segment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers import globs


@pytest.mark.parametrize(
    ("text", "glob"),
    [
        ("shop", "shop"),
        ("shop-eu", "shop-*"),
        ("shop-", "shop-*"),
        ("a-b-c", "a*b*c"),
        ("anything.at-all", "*"),
        ("your-org/shop", "your-org/*"),
        ("your-org/sub/shop", "your-org/**"),
        ("a:b/c", "**"),
        ("repo:your-org/shop:environment:production", "repo:your-org/*:environment:production"),
        ("refs/heads/main", "refs/heads/main"),
    ],
)
def test_what_matches(text: str, glob: str) -> None:
    """The whole text."""
    assert globs.fault(glob) == ""
    assert globs.matches(text, glob)


@pytest.mark.parametrize(
    ("text", "glob"),
    [
        ("shop2", "shop"),
        ("ashop", "shop"),
        ("Shop", "shop"),
        ("shop\n", "shop"),
        ("shop\n", "shop*"),
        ("shop\nother", "shop*"),
        ("shop-\u0435u", "shop-*"),
        ("\uff53hop", "shop"),
        ("", "*"),
        ("", ""),
        ("shop", ""),
        ("a/b", "*"),
        ("a:b", "*"),
        ("your-org/sub/shop", "your-org/*"),
        ("your-org", "your-org/**"),
        ("your-org/", "your-org/**"),
        ("your-org//", "your-org/**"),
        ("your-org-evil/shop", "your-org/*"),
        ("repo:evil/x:environment:production", "repo:your-org/*:environment:production"),
        ("repo:your-org/a:ref:x:environment:production", "repo:your-org/*:environment:production"),
        ("a/b", "a:b"),
        ("aa", "a*a*a"),
        ("ab", "a*ab"),
        ("b", "[!a]"),
        ("b", "?"),
        ("shop", "sh[o]p"),
        ("a" * 257, "*"),
        ("a" * 256 + "c", "*" + "a*" * 100 + "b"),
    ],
)
def test_what_does_not(text: str, glob: str) -> None:
    """Neither part of a text, nor another case, alphabet or segment."""
    assert not globs.matches(text, glob)


@pytest.mark.parametrize("glob", ["", "[!a]", "[a", "?", "{a,b}", "!a", "a\\*", "a\n", "\u0430", "a**", "**/a", "***"])
def test_what_no_glob_may_be(glob: str) -> None:
    """It is refused where it is written, and matches nothing where it is not."""
    assert globs.fault(glob)
    assert not globs.matches(glob, glob)


def test_a_glob_made_to_be_slow_is_not() -> None:
    """Pieces are looked for once each: the most stars there is room for cost a few thousand steps."""
    assert not globs.matches("a" * 256, "a*" * 127 + "b")
    assert not globs.matches("a/" * 127 + "a", "a*a/" * 63 + "b")


plain = st.text(alphabet="ab-.", max_size=6)


@given(pairs=st.lists(st.tuples(plain, plain), min_size=1, max_size=5), last=plain)
def test_stars_take_any_run_within_a_segment(pairs: list[tuple[str, str]], last: str) -> None:
    """And none that holds a separator."""
    glob = "*".join([piece for piece, _ in pairs] + [last])
    text = "".join(piece + gap for piece, gap in pairs) + last
    assert globs.fault(glob) or globs.matches(text, glob) or not text
    assert not globs.matches(text + "/", glob)
