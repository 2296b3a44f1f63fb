"""What a message says."""

from __future__ import annotations

import pytest

from workers.alert import CLOSES, SEVERITY, Alert, Kind, Severity, cut
from workers.alerts import message
from workers.records.alerts import Waiting

A = "a" * 40


def alert(app: str, kind: Kind = Kind.SYNC_FAILED, text: str = "because", revision: str = A) -> tuple[Alert, float]:
    """An alert as an outbox holds it."""
    return Alert(kind, app, "default", revision, "s", text, 1000.0), 0.0


def test_one_alert_is_its_own_title() -> None:
    """A phone shows no more than that."""
    said = message.compose(Waiting((alert("shop"),)))
    assert (said.title, said.severity) == ("sync failed: shop", Severity.FAILURE)
    assert said.body == "- shop at aaaaaaa: because"


def test_alerts_are_grouped_by_kind_the_worst_first() -> None:
    """An app twice is shown once, with its newest words."""
    waiting = (
        alert("c", Kind.DRIFT_FOUND),
        alert("a", text="old"),
        alert("b"),
        (alert("d", Kind.SYNC_RECOVERED)[0], 880.0),
        alert("a", text="new"),
    )
    said = message.compose(Waiting(waiting))
    assert said.title == "sync failed: 2 apps; drift found: c; sync recovered: d"
    assert said.body.split("\n\n") == [
        "sync failed:\n- b at aaaaaaa: because\n- a at aaaaaaa: new",
        "drift found:\n- c at aaaaaaa: because",
        "sync recovered:\n- d at aaaaaaa (after 2 min): because",
    ]
    assert message.compose(Waiting((alert("d", Kind.SYNC_RECOVERED),))).severity is Severity.SUCCESS


def test_long_lists_are_cut_and_counted() -> None:
    """What the outbox could not keep is counted too."""
    said = message.compose(Waiting(tuple(alert(f"app-{n}") for n in range(300)), {Kind.SYNC_FAILED: 22}))
    assert said.title == "sync failed: 322"
    assert said.body.endswith("- and 312 more")
    assert message.compose(Waiting((), {Kind.DRIFT_FOUND: 3})).body == "- and 3 more"


def test_a_message_fits_every_service_and_keeps_each_kind() -> None:
    """The longest possible words, of every kind."""
    waiting = tuple(alert(f"app-{n}", kind, "word " * 100) for kind in Kind for n in range(20))
    said = message.compose(Waiting(waiting))
    assert len(said.body) <= message.LONGEST
    assert all(f"{kind.value}:" in said.body for kind in Kind)
    assert len(said.title) <= message.LONGEST_TITLE


def test_the_words_of_strangers_call_nobody() -> None:
    """Control characters go, mentions are broken; mail addresses stay readable."""
    said = message.plain("a\x1b[31m\nb @here <!channel> <@U123> @everyone")
    assert "\n" not in said
    assert "\x1b" not in said
    for call in ("@here", "<!channel", "<@U123", "@everyone"):
        assert call not in said


@pytest.mark.parametrize(("seconds", "words"), [(0.0, "0 s"), (59, "59 s"), (3700, "1 h"), (90000, "1 d")])
def test_an_age_is_in_its_largest_unit(seconds: float, words: str) -> None:
    """Nobody reads 90,000 seconds."""
    assert message.age(seconds) == words


def test_every_kind_has_a_severity_and_good_news_closes_bad() -> None:
    """The tables are whole."""
    assert set(SEVERITY) == set(Kind)
    assert {kind for kind in Kind if SEVERITY[kind] is Severity.SUCCESS} == set(CLOSES)
    assert cut("one two three", 9) == "one two…"
    assert cut("x" * 20, 9) == "x" * 8 + "…"
