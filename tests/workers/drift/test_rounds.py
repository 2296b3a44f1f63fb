"""How a fight over one object goes: pauses that grow, an end, and a new beginning."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from workers.drift import rounds
from workers.drift.rounds import NO_FIGHT, QUIET, WINDOW, Pace, Rounds, Step

PACES = st.builds(Pace, most=st.integers(1, 50), first=st.floats(0.001, 1000))
TIMES = st.floats(1e9, 2e9)


def fought(pace: Pace, begin: float, answer: float) -> tuple[Rounds, list[float], float]:
    """Let somebody change the object back ``answer`` seconds after each repair, until it is left alone."""
    fight, now, repaired = NO_FIGHT, begin, list[float]()
    for _ in range(4 * pace.most):
        step, due = rounds.decide(fight, now, pace)
        if step is Step.WAIT:
            assert due > now
            now = due
            step, _ = rounds.decide(fight, now, pace)
            assert step is Step.REPAIR
        fight = rounds.after(fight, step, now)
        if step is Step.STOP:
            return fight, repaired, now
        repaired.append(now)
        now += answer
    raise AssertionError("the fight never ended")


@given(PACES, TIMES, st.floats(0, 0.1))
def test_whoever_answers_at_once_is_left_alone_after_the_rounds(pace: Pace, begin: float, answer: float) -> None:
    """The first repair comes at once, every pause is as long as the last one at least, and it ends."""
    _, repaired, _ = fought(pace, begin, answer)
    assert len(repaired) == pace.most
    assert repaired[0] == begin
    pauses = [later - earlier for earlier, later in itertools.pairwise(repaired)]
    assert all(later >= earlier - 0.2 for earlier, later in itertools.pairwise(pauses))
    assert repaired[-1] - repaired[0] < WINDOW


def test_the_pauses_are_those_of_the_documentation() -> None:
    """At once, then 1, 2, 4 and 8 seconds."""
    _, repaired, _ = fought(Pace(5, 1.0), 1000.0, 0.0)
    assert repaired == [1000, 1001, 1003, 1007, 1015]


@given(PACES, TIMES, st.floats(0, 2 * QUIET))
def test_an_hour_later_it_is_repaired_again(pace: Pace, begin: float, later: float) -> None:
    """And not before."""
    fight, _, ended = fought(pace, begin, 0.0)
    step, due = rounds.decide(fight, ended + later, pace)
    assert (step is Step.REPAIR) is (ended + later - fight.last >= QUIET)
    assert step is Step.REPAIR or due == fight.stopped + QUIET
    assert rounds.after(fight, Step.STOP, ended + later).stopped == fight.stopped


@given(PACES, TIMES)
def test_who_changes_it_now_and_then_is_no_fighter(pace: Pace, begin: float) -> None:
    """Changes further apart than the window are repaired at once, for ever."""
    fight = NO_FIGHT
    for number in range(3 * pace.most):
        now = begin + number * (WINDOW + 1)
        assert rounds.decide(fight, now, pace) == (Step.REPAIR, 0.0)
        fight = rounds.after(fight, Step.REPAIR, now)
    assert len(fight.repaired) == 1
