"""What a process remembers of its last renderings is bounded by what it weighs."""

from __future__ import annotations

from workers.renderers.lately import Lately


def kept(lately: Lately[str], *keys: str) -> list[str]:
    """Return which of the keys are still there."""
    return [key for key in keys if lately.get(key) is not None]


def test_the_oldest_go_first() -> None:
    """Where nothing is said of their weight, each counts as one; what is put again is new."""
    lately = Lately[str](2)
    for key in ("a", "b", "a", "c"):
        lately.put(key, key)
    assert kept(lately, "a", "b", "c") == ["a", "c"]


def test_what_is_heavy_makes_room_for_itself() -> None:
    """One that is too heavy for all the room stays until the next one comes."""
    lately = Lately[str](10, len)
    lately.put("a", "x" * 4)
    lately.put("b", "x" * 4)
    lately.put("a", "x" * 6)
    assert kept(lately, "a", "b") == ["a", "b"]
    lately.put("c", "x" * 40)
    assert kept(lately, "a", "b", "c") == ["c"]
    lately.put("d", "x")
    assert kept(lately, "c", "d") == ["d"]
