"""The pure half of the benchmarks."""

from __future__ import annotations

import pytest

from benchmarks.figures import Figure, by_verb, number, percentile, table, timed


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    """Of 1 to 100, whatever their order."""
    assert percentile([*range(51, 101), *range(1, 51)], share) == expected


def test_no_values_have_no_percentile() -> None:
    """Better an error than a figure made up."""
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_seconds_become_milliseconds() -> None:
    """With the median, the tail and how many there were."""
    assert timed("g", "n", [0.1, 0.2, 0.3]) == Figure("g", "n", 200, "ms", 300, "of 3")


def test_verbs_are_counted_with_the_most_frequent_first() -> None:
    """A tie goes by name."""
    assert by_verb(["get a", "patch b", "get a", "list c"]) == "2 get a, 1 list c, 1 patch b"


def test_a_table_has_a_row_for_each_figure() -> None:
    """A group's name is said once."""
    figures = [Figure("g", "a", 1, "requests"), Figure("g", "b", 2, "ms", 3)]
    assert table(figures).row_count == 2
    assert list(table(figures).columns[0].cells) == ["g", ""]


def test_numbers_carry_their_unit() -> None:
    """Milliseconds have a tenth where that says something."""
    assert [number(2.25, "ms"), number(250.4, "ms"), number(3, "requests"), number(None, "ms")] == [
        "2.2 ms",
        "250 ms",
        "3 requests",
        "",
    ]
