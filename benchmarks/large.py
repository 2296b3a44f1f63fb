"""One app of thousands of objects: the most memory that its worker and all it starts take, and how long a sync is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks.figures import Figure
from benchmarks.fleet import objects
from benchmarks.site import Site
from workers.model import Outcome

NAME = "large"


@dataclass
class Peak:
    """The most memory (PSS, bytes) of a process and all its children at one moment."""

    most: int = 0
    shares: str = ""
    """What each process had then."""


@contextmanager
def peaking(parent: psutil.Process) -> Iterator[Peak]:
    """Watch a process and all that it starts inside the block."""
    peak, over = Peak(), threading.Event()

    def sample() -> None:
        while not over.wait(0.05):
            sizes: list[tuple[int, str]] = []
            for one in [parent, *parent.children(recursive=True)]:
                try:
                    sizes.append((one.memory_full_info().pss, one.name()))
                except psutil.Error:
                    continue
            if (whole := sum(size for size, _ in sizes)) > peak.most:
                peak.most = whole
                peak.shares = ", ".join(f"{name} {size >> 20}" for size, name in sorted(sizes, reverse=True))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield peak
    finally:
        over.set()
        sampler.join()


def figures(site: Site, many: int) -> list[Figure]:
    """Sync a folder of ``many`` objects for the first time, then with all of them changed, then with one.

    A plain folder: Kustomize compares all objects with each other, and so many of four kinds take it minutes.
    """
    site.declare(NAME, NAME)
    group = f"an app of {many} objects"
    names = [f"large-{number:04}" for number in range(many // 4)]

    def text(version: int) -> str:
        return "".join(objects(name, version) for name in names)

    one = f"{NAME}/one.yaml"
    return [
        *_measured(site, f"{group}: first sync", {f"{NAME}/all.yaml": text(1), one: objects("one", 1)}),
        *_measured(site, f"{group}: all changed", {f"{NAME}/all.yaml": text(2)}),
        *_measured(site, f"{group}: one changed", {one: objects("one", 2)}),
    ]


def _measured(site: Site, name: str, files: dict[str, str | None]) -> list[Figure]:
    worker = psutil.Process(site.stack.children["worker-1"].process.pid)
    progress = site.stack.records().progress
    commit = site.checkout.commit(files, "change")
    began = time.time()
    with peaking(worker) as peak:
        site.checkout.push()
        while not (last := next((one for one in progress.syncs(NAME, 1) if one.revision == commit), None)):
            time.sleep(0.1)
    if last.outcome is not Outcome.SUCCEEDED:
        raise RuntimeError(f"{name}: {last.text}")
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in (last.seconds or {}).items())
    return [
        Figure(name, "most memory of its worker, with all its processes", peak.most >> 20, "MiB", None, peak.shares),
        Figure(name, "push → healthy", last.ended - began, "s", None, stages),
    ]
