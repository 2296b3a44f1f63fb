"""Many apps that leave the catalog at once are more often a mistake than a wish: they wait for a person."""

from __future__ import annotations

import pytest

from tests.workers.conftest import Bench
from tests.workers.manifests import config
from tests.workers.test_family import child, push
from tests.workers.test_sync_options import names
from workers import sweep
from workers.model import Outcome, Why

pytestmark = pytest.mark.cluster


def _declare(bench: Bench, *apps: str) -> None:
    bench.configure(sync=bench.context.settings.sync.model_copy(update={"remove_most": 1}))
    for name in apps:
        bench.declare(child(bench, name, finalizer=name != "plain"), name)
    push(bench, {f"{name}/c.yaml": config(name) for name in apps})
    for name in apps:
        bench.look_until_done(bench.ask(bench.checkout.head, app=name), name)
    bench.sweep_declared()
    bench.drain()


def _leave(bench: Bench, *apps: str) -> None:
    for name in apps:
        bench.undeclare(name)
    bench.sweep_declared()
    bench.drain()


def _approve(bench: Bench, name: str) -> None:
    bench.context.records.drift.approve(name, bench.clock())
    bench.look_until_done(bench.ask(why=Why.MANUAL, app=name), name)


def test_many_apps_that_leave_at_once_wait_for_a_person(bench: Bench) -> None:
    """Each until it is approved itself, also the last one; an approval from before does not count."""
    _declare(bench, "one", "two")
    bench.context.records.drift.approve("one", bench.clock())
    _leave(bench, "one", "two")
    progress = bench.context.records.progress
    for name in ("one", "two"):
        assert progress.app(name).outcome == Outcome.HELD
        assert f"hookline approve {name}" in progress.app(name).text
    bench.clock.forward(3600)
    assert progress.due_again() == []  # it is said once
    assert names(bench) == {"one", "two"}
    _approve(bench, "one")
    assert names(bench) == {"two"}
    assert bench.context.records.declarations.all_held() == ["two"]
    bench.look_until_done(bench.ask(why=Why.MANUAL, app="two"), "two")
    assert names(bench) == {"two"}
    _approve(bench, "two")
    assert names(bench) == set()
    assert bench.context.records.declarations.all_held() == []


def test_an_app_that_came_back_may_leave_alone_later(bench: Bench) -> None:
    """What was asked about it then is forgotten."""
    _declare(bench, "one", "two")
    texts = {name: (bench.catalog / f"{name}.yaml").read_text() for name in ("one", "two")}
    _leave(bench, "one", "two")
    for name, text in texts.items():
        bench.declare(text, name)
    bench.sweep_declared()
    bench.drain()
    assert bench.context.records.progress.app("one").outcome != Outcome.HELD
    _leave(bench, "one")
    assert names(bench) == {"two"}


def test_apps_that_take_nothing_with_them_do_not_count(bench: Bench) -> None:
    """One with a finalizer and one without are no mass."""
    _declare(bench, "one", "plain")
    _leave(bench, "one", "plain")
    assert names(bench) == {"plain"}


def test_one_that_vanished_a_moment_later_counts(bench: Bench) -> None:
    """A folder is deleted file by file; the first is not gone before the others had time to follow."""
    _declare(bench, "one", "two")
    bench.undeclare("one")
    bench.context.catalog.refresh()
    sweep.ask_declared(bench.context)
    bench.clock.forward(5)
    bench.undeclare("two")
    bench.context.catalog.refresh()
    sweep.ask_declared(bench.context)
    bench.clock.forward(6)
    sweep.ask_declared(bench.context)
    bench.drain()
    assert names(bench) == {"one", "two"}
