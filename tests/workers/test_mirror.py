"""A mirror is shared by every process of a machine, also in the moment it is made."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

from workers.git.mirror import Mirror

PROCESSES = 6
MIRRORS = 12


def _make(folder: Path, barrier: Barrier) -> None:
    for number in range(MIRRORS):
        mirror = Mirror(folder, f"https://git.example/{number}.git", "https://git.example/none.git")
        barrier.wait(60)
        assert mirror.resolve("main") is None
        assert mirror.repo.bare


def test_processes_that_come_first_together_make_one_whole_mirror(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    makers = [context.Process(target=_make, args=(tmp_path, barrier)) for _ in range(PROCESSES)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(120)
    assert [maker.exitcode for maker in makers] == [0] * PROCESSES
    assert len(list(tmp_path.glob("*.git/HEAD"))) == MIRRORS
