"""Several things at once: in order, never too many, none begun after a failure, on threads that are kept."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from workers import atonce


def test_results_are_in_order_and_as_many_at_once_as_asked_for() -> None:
    """Four wait for each other: fewer at once would never end, and a fifth comes to nobody's gate."""
    gate, inside, most = threading.Barrier(4, timeout=60), [0], [0]
    lock = threading.Lock()

    def act(number: int) -> int:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        gate.wait()
        with lock:
            inside[0] -= 1
        return -number

    assert atonce.each(act, range(12), 4) == [-number for number in range(12)]
    assert most == [4]


@pytest.mark.parametrize(("things", "most"), [([1], 8), ([1, 2, 3], 1), ([], 8)])
def test_what_is_alone_is_done_by_who_asks(things: list[int], most: int) -> None:
    assert atonce.each(lambda _: threading.get_ident(), things, most) == [threading.get_ident()] * len(things)


def test_threads_are_kept_from_call_to_call() -> None:
    names = {name for _ in range(20) for name in atonce.each(lambda _: threading.current_thread().name, [1, 2], 2)}
    assert len(names) <= 2
    assert threading.current_thread().name not in names


def test_after_a_failure_nothing_is_begun_and_nothing_goes_on() -> None:
    """What was under way has ended when the failure is heard of."""
    begun: list[int] = []
    ended: list[int] = []
    failing = threading.Event()

    def act(number: int) -> None:
        begun.append(number)
        if number == 0:
            failing.set()
            raise LookupError("first")
        failing.wait(60)
        threading.Event().wait(0.1)
        ended.append(number)

    with pytest.raises(LookupError, match="first"):
        atonce.each(act, range(100), 2)
    assert sorted(begun) == [0, *sorted(ended)]
    assert len(begun) < 10


def test_a_forked_process_has_threads_of_its_own() -> None:
    """Those of its parent are not in it: waiting for them would be for ever."""
    code = """
import os
from workers import atonce
atonce.each(abs, [1, 2], 2)
child = os.fork()
if not child:
    os._exit(7 if atonce.each(abs, [-1, -2], 2) == [1, 2] else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    command = [sys.executable, "-W", "ignore", "-c", code]  # newer Pythons warn of forks beside threads
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout == "7\n"
