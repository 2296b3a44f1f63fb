"""What an exception may name, when it counts, and which pushes concern its app."""

from __future__ import annotations

import pytest

from workers import apps, exceptions, standing
from workers.apps import App
from workers.exceptions import AppException
from workers.holds import Hold, Scope, moment, sentence

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
URL = "https://example.com/you/a.git"
APP = App("a", URL, ".", "main", "f", automated=True)
ONE = AppException("a", "hotfix", URL, "ada", "it burns", NOW, NOW + 60)


@pytest.mark.parametrize(
    ("revision", "good"),
    [
        ("hotfix/login", True),
        ("v1.2.3", True),
        ("refs/tags/v1", True),
        ("a" * 40, True),
        ("HEAD", False),
        ("^1.0", False),
        ("1.x", False),
        ("", False),
        ("-x", False),
        ("a..b", False),
        ("a b", False),
        ("a\nb", False),
        ("x" * 201, False),
    ],
)
def test_an_exception_names_one_thing(revision: str, good: bool) -> None:
    """What moves by itself to something nobody named is none."""
    assert (exceptions.fault(revision) == "") is good


@pytest.mark.parametrize(("url", "now", "counts"), [(URL, NOW + 59, True), (URL, NOW + 60, False), ("x", NOW, False)])
def test_when_it_counts(url: str, now: float, counts: bool) -> None:
    """Until its end, which is outside, and while the app reads the repository it was made for."""
    assert ONE.in_force(url, now) is counts


def test_which_pushes_concern_its_app() -> None:
    """Those of its branch while it lasts; nothing else of the index changes."""
    index = apps.index([APP])
    place = ["example.com/you/a"]

    def touched(ref: str, now: float) -> list[str]:
        followed = standing.followed(index, {"a": ONE, "gone": ONE}, now)
        return [app.name for app in followed.touched_by(place, ref)]

    assert touched("refs/heads/hotfix", NOW) == ["a"]
    assert touched("refs/heads/main", NOW) == ["a"]
    assert touched("refs/heads/other", NOW) == []
    assert touched("refs/heads/hotfix", NOW + 60) == []
    assert index.touched_by(place, "refs/heads/hotfix") == ()


@pytest.mark.parametrize(
    ("at", "said"), [(NOW + 3600, "09:00 UTC"), (NOW + 86400, "2027-01-16 08:00 UTC"), (NOW + 59, "08:00 UTC")]
)
def test_moments_are_short_where_they_can_be(at: float, said: str) -> None:
    """The day is told when it is another one."""
    assert moment(at, NOW) == said


@pytest.mark.parametrize(
    ("hold", "covers"),
    [
        (Hold(Scope.APP, "a", "", "", 0, 0), True),
        (Hold(Scope.APP, "b", "", "", 0, 0), False),
        (Hold(Scope.PROJECT, "team", "", "", 0, 0), True),
        (Hold(Scope.PROJECT, "a", "", "", 0, 0), False),
        (Hold(Scope.CLUSTER, "one", "", "", 0, 0), True),
        (Hold(Scope.CLUSTER, "team", "", "", 0, 0), False),
    ],
)
def test_what_a_hold_covers(hold: Hold, covers: bool) -> None:
    """By the name of its own kind only."""
    assert hold.covers("a", "team", "one") is covers
    assert sentence(hold, NOW).startswith("held")
