"""Phases, waves and hooks on a real API server: the sequence of writes is read from its audit log."""

from __future__ import annotations

from tests.workers.conftest import Bench
from tests.workers.manifests import config, job
from workers.model import State


def deploy(bench: Bench, files: dict[str, str | None]) -> str:
    """Push, ask and look until the end; return the commit."""
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    bench.settle(commit)
    return commit


def test_waves_go_one_after_the_other(bench: Bench) -> None:
    """From the lowest number to the highest, whatever the kinds."""
    commit = deploy(bench, {"a.yaml": config("a", wave="2"), "b.yaml": config("b", wave="-1"), "c.yaml": config("c")})
    assert bench.told(commit).text == "synced: 3 created; 3 objects are healthy"
    assert bench.writes() == ["patch configmaps/b", "patch configmaps/c", "patch configmaps/a"]


def test_hooks_of_every_phase_run_in_their_phase(bench: Bench) -> None:
    """PreSync before, PostSync after; SyncFail not at all."""
    commit = deploy(
        bench,
        {
            "post.yaml": job("post", hook="PostSync"),
            "app.yaml": config("app"),
            "during.yaml": job("during", hook="Sync"),
            "pre.yaml": job("pre", hook="PreSync"),
            "never.yaml": job("never", hook="Skip"),
            "fail.yaml": job("fail", hook="SyncFail"),
        },
    )
    assert bench.told(commit).state is State.SUCCESS
    assert [write for write in bench.writes() if not write.startswith("update")] == [
        "create jobs/pre",
        "patch configmaps/app",
        "create jobs/during",
        "create jobs/post",
    ]


def test_a_failing_pre_sync_hook_stops_the_sync_and_runs_sync_fail(bench: Bench) -> None:
    """Nothing is applied; the commit says which hook."""
    commit = deploy(
        bench,
        {
            "app.yaml": config("app"),
            "pre.yaml": job("pre", fails=True, hook="PreSync"),
            "fail.yaml": job("fail", hook="SyncFail"),
        },
    )
    assert bench.told(commit).state is State.FAILURE
    assert "Job" in bench.told(commit).text
    assert "PreSync hook has failed" in bench.told(commit).text
    assert [write for write in bench.writes() if not write.startswith("update")] == [
        "create jobs/pre",
        "create jobs/fail",
    ]
