"""When drift is looked at again, and who sweeps a cluster."""

from __future__ import annotations

from workers.records import Records


def test_what_is_due_stays_due_until_its_look_is_recorded(records: Records) -> None:
    """And one that became due later meanwhile is not forgotten."""
    records.repairs.later("a", 100)
    records.repairs.later("b", 200)
    assert records.repairs.due(99) == []
    assert records.repairs.due(150) == ["a"]
    assert records.repairs.due(150) == ["a"]
    records.repairs.later("a", 300)
    records.repairs.asked("a", 150)
    assert records.repairs.due(400) == ["b", "a"]
    records.repairs.asked("a", 400)
    assert records.repairs.due(400) == ["b"]


def test_of_several_that_would_sweep_a_cluster_one_does(records: Records) -> None:
    """Clusters do not wait for each other."""
    assert records.repairs.turn("one", 60)
    assert not records.repairs.turn("one", 60)
    assert records.repairs.turn("two", 60)
