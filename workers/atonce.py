"""Does the same to several things at once, on threads that whoever asks keeps: starting some for each sync costs more
than the requests they make take. Never more at once than asked for.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class _Pools(threading.local):
    """The pools of one thread, by how many threads they have; they end with it."""

    def __init__(self) -> None:
        self.held: dict[int, ThreadPoolExecutor] = {}


_pools = _Pools()


def _forget() -> None:
    _pools.held.clear()  # their threads are the parent's


os.register_at_fork(after_in_child=_forget)


def each(act: Callable[[T], R], things: Sequence[T], most: int) -> list[R]:
    """Return what ``act`` returns of each thing, in their order, doing up to ``most`` at once.

    Raises what the first one that fails raises; nothing is begun after that, and nothing goes on.
    """
    if len(things) < 2 or most < 2:
        return [act(one) for one in things]
    if most not in _pools.held:
        _pools.held[most] = ThreadPoolExecutor(most, thread_name_prefix="at once")
    pool = _pools.held[most]
    futures = [pool.submit(act, one) for one in things]
    try:
        return [one.result() for one in futures]
    finally:
        for one in futures:
            one.cancel()
        wait(futures)
