"""All workers together keep to a budget, and one of them finds out whether a forge is back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fixtures import Clock
from workers.forges import limits
from workers.records import Records
from workers.records.quotas import PROBE, SOON

ACCOUNT, REPOSITORY = "it", "it|your-org/your-repo"


def admitted(records: Records, most: int = 80, scopes: tuple[str, ...] = (ACCOUNT, REPOSITORY)) -> float:
    """Ask to write once; 0 when that may be, else the seconds to wait."""
    return records.quotas.admit(ACCOUNT, scopes, records.clock(), most)


def test_a_budget_is_shared_and_holds_for_every_minute(records: Records, clock: Clock) -> None:
    """Eight threads get 80 writes and no more; each comes back a minute after it was used."""
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: admitted(records), range(100)))
    assert (waits.count(0), set(waits)) == (80, {0.0, 60.0})
    clock.forward(59.5)
    assert admitted(records) == pytest.approx(0.5)
    clock.forward(0.6)
    assert admitted(records) == 0


def test_a_quarter_of_the_budget_is_kept_for_the_status_that_stands_for_all_apps(records: Records) -> None:
    """A push to many apps cannot keep the next commit's required check waiting."""
    own, first = (limits.writes("github", is_first=is_first) for is_first in (False, True))
    assert [admitted(records, own) for _ in range(61)].count(0) == 60
    assert [admitted(records, first) for _ in range(21)].count(0) == 20


def test_one_asks_whether_a_forge_is_back_and_all_others_wait(records: Records, clock: Clock) -> None:
    """The pause doubles from failure to failure, is as long as the forge asked for, and ends with the first success."""
    trip = records.quotas.trip
    assert trip(ACCOUNT, clock(), 1.0, 60.0) == 1.0
    assert admitted(records) == pytest.approx(1.0)
    assert trip(ACCOUNT, clock(), 1.0, 60.0) == 1.0  # it was under way when the other one failed
    for pause in (2.0, 4.0, 8.0):
        clock.forward(16)
        assert [admitted(records) for _ in range(3)] == [0, SOON, SOON]
        assert trip(ACCOUNT, clock(), 1.0, 60.0) == pause
    clock.forward(8)
    assert admitted(records) == 0
    assert trip(ACCOUNT, clock(), 1.0, 60.0, asked=1700.0) == 1700.0
    clock.forward(1700)
    assert admitted(records) == 0  # and this one dies
    clock.forward(PROBE)
    assert admitted(records) == 0
    records.quotas.close([ACCOUNT, REPOSITORY])
    assert [admitted(records) for _ in range(3)] == [0, 0, 0]
    assert trip(ACCOUNT, clock(), 1.0, 60.0) == 1.0


def test_a_repository_out_of_reach_keeps_no_other_one_waiting(records: Records, clock: Clock) -> None:
    """Rights may differ from repository to repository."""
    records.quotas.trip(REPOSITORY, clock(), 15.0, 300.0)
    assert admitted(records) == pytest.approx(15.0)
    assert admitted(records, scopes=(ACCOUNT, "it|your-org/other")) == 0


def test_who_has_no_budget_is_no_probe(records: Records, clock: Clock) -> None:
    """Else everybody would wait for an answer to a question nobody asked."""
    assert [admitted(records, 2) for _ in range(2)] == [0, 0]
    records.quotas.trip(ACCOUNT, clock(), 1.0, 60.0)
    clock.forward(2)
    assert admitted(records, 2) == pytest.approx(58.0)
    clock.forward(58)
    assert admitted(records, 2) == 0
