"""One holder at a time, and a dead one does not block."""

from __future__ import annotations

import threading

from workers.records import Records
from workers.stages import lock


def test_of_many_takers_one_wins(records: Records) -> None:
    """Ten threads at once."""
    won: list[str] = []
    start = threading.Barrier(10)

    def take(token: str) -> None:
        start.wait()
        if records.leases.take("app:a", token, 10):
            won.append(token)

    threads = [threading.Thread(target=take, args=(str(number),)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_late_release_does_not_free_the_next_holder(records: Records) -> None:
    """The first holder's time ran out; its release must not end the second's lease."""
    assert records.leases.take("app:a", "first", 0.02)
    while records.leases.held("app:a"):
        threading.Event().wait(0.005)
    assert records.leases.take("app:a", "second", 10)
    assert not records.leases.release("app:a", "first")
    assert not records.leases.renew("app:a", "first", 10)
    assert records.leases.held("app:a")


def test_hold_renews_while_it_lasts_and_releases_at_the_end(records: Records) -> None:
    """A block longer than the lease keeps it."""
    with lock.hold(records.leases, "app:a", 1.5) as held:
        assert held is not None
        threading.Event().wait(2.0)
        held.check()
        with lock.hold(records.leases, "app:a", 1.5) as second:
            assert second is None
    assert not records.leases.held("app:a")


def test_a_holder_knows_when_its_time_ran_out() -> None:
    """Without renewal the lease ends by the holder's own clock, before anybody else may have it."""
    now = [0.0]
    held = lock.Held("app:a", "t", 10, clock=lambda: now[0])
    held.check()
    now[0] = 9.9
    assert held.is_safe()
    now[0] = 10.0
    assert not held.is_safe()
