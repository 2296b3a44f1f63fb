"""How watch processes come to share clusters."""

from __future__ import annotations

import pytest

from workers.watching import sharing


@pytest.mark.parametrize(
    ("clusters", "watchers", "most"), [(1, 1, 1), (1, 2, 1), (3, 2, 2), (4, 2, 2), (5, 3, 2), (0, 2, 0), (7, 0, 7)]
)
def test_a_share_is_an_even_part_rounded_up(clusters: int, watchers: int, most: int) -> None:
    assert sharing.share(clusters, watchers) == most


@pytest.mark.parametrize("watchers", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("clusters", [1, 2, 7, 10])
def test_every_cluster_is_watched_and_nobody_has_more_than_a_share(clusters: int, watchers: int) -> None:
    """One comes after the other; then the first dies."""
    names = [f"c{number}" for number in range(clusters)]
    holds: dict[str, list[str]] = {}

    def rounds() -> None:
        for _ in range(2):
            for me, mine in holds.items():
                for one in sharing.surplus(mine, clusters, len(holds)):
                    mine.remove(one)
                for one in sharing.wanted(names, mine, me):
                    taken = {name for held in holds.values() for name in held}
                    if one not in taken and len(mine) < sharing.share(clusters, len(holds)):
                        mine.append(one)

    for number in range(watchers):
        holds[f"w{number}"] = []
        rounds()
        assert sorted(name for held in holds.values() for name in held) == sorted(names)
        assert max(map(len, holds.values())) <= sharing.share(clusters, len(holds))
    del holds["w0"]
    rounds()
    assert not holds or sorted(name for held in holds.values() for name in held) == sorted(names)
