"""A day of sweeps over an untouched app, with real controllers at work beside it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.workers.conftest import Bench
from tests.workers.drift.rows import ROWS
from tests.workers.drift.table import CRD
from workers import sweep
from workers.model import State

pytestmark = pytest.mark.cluster
EVERY = 15 * 60.0
"""Simulated seconds between two sweeps: what a sweep sees does not depend on how many there were before."""


def test_a_day_of_sweeps_over_an_untouched_set_finds_nothing(bench: Bench) -> None:
    """No look is asked for, nothing is noted or written, while Pods, rollouts and quotas are counted by controllers."""
    bench.cluster.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(CRD))
    bench.cluster.kubectl("wait", "--for=condition=Established", f"crd/{CRD['metadata']['name']}")
    files: dict[str, str | None] = {f"{name}.yaml": json.dumps(row.manifest) for name, row in ROWS.items()}
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    assert bench.settle(commit, seconds=90).state is State.SUCCESS, bench.told(commit)
    before, asked = bench.writes(), Counter[str]()
    for hour in range(24):
        # A controller's work on what Git wants: a Pod that goes is made anew, status and counts follow.
        bench.cluster.kubectl("-n", bench.namespace, "delete", "pods", "-l", "app=image", "--wait=false")
        for _ in range(int(3600 / EVERY)):
            bench.clock.forward(EVERY)
            sweep.sweep(bench.context)
            sweep.tick(bench.context)
            asked[f"hour {hour}"] += len(bench.context.records.progress.open_requests("myapp"))
    assert +asked == {}
    assert bench.context.records.repairs.notes("myapp") == {}
    assert bench.writes() == before
