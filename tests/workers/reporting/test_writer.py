"""The writer on its own: order, who writes, what is left out, and whom it leaves alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import redis
from redis.client import Pipeline

from deploy.local.forge import DROP, faults
from tests.workers.reporting.conftest import FINAL, OPEN, REPOSITORY, Desk
from workers import forges, reporting
from workers.forges.accounts import Accounts
from workers.model import Commit, Report, State
from workers.records.coding import commit_id
from workers.records.commit import CommitRecord, Shown
from workers.stages import report

FAILED = Report(State.FAILURE, "apply failed: Deployment default/myapp: no", 4)


def written(desk: Desk, commit: Commit) -> list[tuple[str, str]]:
    """Return context and state of every write, in order."""
    return [(one.context, one.state) for one in desk.forge.statuses(sha=commit.revision)]


def test_what_was_overtaken_is_never_written(desk: Desk) -> None:
    """The end is known before the begin was written: one write of each context, the one for all apps first."""
    commit = desk.commit()
    desk.say(commit, myapp=OPEN)
    desk.say(commit, myapp=FINAL)
    assert desk.settle(commit) == 1
    word = desk.word(State.SUCCESS)
    assert written(desk, commit) == [("hookline", word), ("hookline/myapp", word)]
    before = desk.calls()
    desk.say(commit, myapp=FINAL)
    desk.settle(commit)
    assert desk.calls() == before


@pytest.mark.parametrize("standing", ["github"], indirect=True)
def test_a_commit_costs_few_round_trips(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is asked as often for a commit of many refs as of one, and twice for each status beyond that."""
    first, commit = desk.commit(), desk.commit()
    desk.say(first, myapp=FINAL)
    desk.settle(first)  # the scripts are known
    for ref in ("refs/heads/main", "refs/heads/feature", "refs/tags/v1"):
        desk.say(replace(commit, ref=ref), myapp=FINAL)
    trips: list[str] = []
    for where, name in ((redis.Redis, "execute_command"), (Pipeline, "execute")):
        monkeypatch.setattr(where, name, _counted(getattr(where, name), trips))
    desk.publish(commit)
    assert [one[1] for one in written(desk, commit)] == ["success", "success"]
    # read, lease, the secret of links, look; admit and wrote of each; clean, release, anything new?
    assert len(trips) == 7 + 2 * 2


@pytest.mark.parametrize("standing", ["github"], indirect=True)
@pytest.mark.parametrize("apps", [report.MOST_CONTEXTS, report.MOST_CONTEXTS + 1])
def test_of_many_apps_the_last_one_is_worth_a_look(desk: Desk, apps: int) -> None:
    """No status changes before; of few apps each has one of its own, which does."""
    commit, most = desk.commit(), report.MOST_CONTEXTS
    names = [f"a{number}" for number in range(apps)]
    name = desk.say(commit, **dict.fromkeys(names, OPEN))
    desk.settle(commit)
    worth = []
    for app in names:
        before = desk.calls()
        desk.say(commit, **{app: FINAL})
        worth.append(desk.records.commits.worth([name], most) == [name])
        desk.settle(commit)
        assert (desk.calls() > before) is worth[-1]
    assert worth == [apps == most] * (apps - 1) + [True]
    assert desk.records.commits.worth([], most) == []


def _counted(real: Callable[..., Any], trips: list[str]) -> Callable[..., Any]:
    def step(*arguments: Any, **named: Any) -> Any:
        if threading.current_thread() is threading.main_thread():  # the lease is renewed in a thread of its own
            trips.append(str(arguments[1:2]))
        return real(*arguments, **named)

    return step


def test_what_is_said_during_a_write_counts_for_the_next_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end comes while the first status is on its way: nothing is written any more that is known to be old."""
    commit, real = desk.commit(), forges.write
    ends = iter([FINAL])

    def write(*arguments: object) -> float | None:
        for end in ends:
            desk.say(commit, myapp=end)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(forges, "write", write)
    desk.say(commit, myapp=OPEN)
    desk.settle(commit)
    pending, done = desk.word(State.PENDING), desk.word(State.SUCCESS)
    assert written(desk, commit) == [("hookline", pending), ("hookline", done), ("hookline/myapp", done)]


def test_of_many_workers_one_writes(desk: Desk) -> None:
    """Eight are told of the same commit at once, twice: each status is written once, and an app's own in the end."""
    commit = desk.commit()
    for said in (OPEN, FINAL):
        desk.say(commit, myapp=said, other=said)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: desk.publish(commit), range(8)))
        desk.settle(commit)
    assert len(written(desk, commit)) == len(set(written(desk, commit))) == 4
    desk.say(commit, myapp=OPEN)
    desk.settle(commit)
    assert desk.shown(commit)["hookline/myapp"][0] == desk.word(State.PENDING)  # what ended and goes on says so


def test_a_worker_that_was_slow_cannot_leave_an_old_status_standing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lost its lease while its write was on the way; another one wrote the end; then the old write arrives."""
    commit, real = desk.commit(), forges.write
    late, other = iter([True]), []

    def write(*arguments: object) -> float | None:
        for _ in late:
            desk.say(commit, myapp=FINAL)
            desk.records.redis.delete(*desk.records.redis.keys("hookline:lease:status:*"))
            other.append(threading.Thread(target=desk.publish, args=(commit,)))
            other[0].start()
            other[0].join()
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(forges, "write", write)
    desk.say(commit, myapp=OPEN)
    desk.publish(commit)
    desk.settle(commit)
    assert {state for state, _ in desk.shown(commit).values()} == {desk.word(State.SUCCESS)}


def test_a_forge_that_is_down_is_asked_by_one(desk: Desk) -> None:
    """Ten commits wait: in a minute of drops there are a few tries, not ten for each; then all are written."""
    waiting = [desk.commit() for _ in range(10)]
    for commit in waiting:
        desk.say(commit, myapp=FINAL)
    desk.forge.fail_next(*[DROP] * 5)
    before = desk.calls()
    for _ in range(60):
        for name in desk.records.commits.dirty(desk.clock()):
            reporting.publish(desk.context, name)
        desk.clock.forward(1)
    plain = 4 if desk.kind == "gitlab" else 2
    assert desk.calls() - before <= 10 * plain + 5 * 2
    assert desk.records.commits.dirty(2e12) == []
    assert all(len(written(desk, commit)) == 2 for commit in waiting)


def test_a_commit_the_forge_is_busy_with_holds_up_no_other(desk: Desk) -> None:
    """The other one goes through at the same moment; a status that is refused like this for ever is given up."""
    one, other = desk.commit(), desk.commit()
    desk.say(one, myapp=FINAL)
    desk.say(other, myapp=FINAL)
    desk.forge.fail_next(faults.locked())
    desk.publish(one)
    desk.publish(other)
    assert (written(desk, one), len(written(desk, other))) == ([], 2)
    desk.forge.fail_next(*[faults.locked()] * report.MOST_TRIES)
    assert desk.settle(one) <= report.MOST_TRIES + 1
    assert written(desk, one) == [("hookline/myapp", desk.word(State.SUCCESS))]


def test_two_branches_on_one_commit(desk: Desk) -> None:
    """They share its statuses and the failure stays; GitLab alone keeps some for each branch."""
    main = desk.commit()
    feature = replace(main, ref="refs/heads/feature")
    desk.say(main, myapp=FAILED)
    desk.settle(main)
    desk.say(feature, myapp=Report(State.SUCCESS, "not affected: the app follows refs/heads/main", 5))
    desk.settle(feature)
    desk.settle(main)
    word = desk.word(State.FAILURE)
    if desk.kind != "gitlab":
        assert desk.shown(main)["hookline"] == (word, f"myapp: {FAILED.text}")
        assert len(written(desk, main)) == 2
    else:
        jobs = {(job.ref, job.name): job.status for job in desk.forge.jobs(REPOSITORY, main.revision)}
        assert (jobs["main", "hookline"], jobs["feature", "hookline"]) == (word, desk.word(State.SUCCESS))


def test_a_hook_that_left_the_configuration_leaves_no_commit_pending(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun with its account is ended with it; a commit nobody began is left alone and stops nobody."""
    begun, unknown = desk.commit(), desk.commit()
    desk.say(begun, myapp=OPEN)
    desk.settle(begun)
    settings = desk.context.settings.model_copy(update={"hooks": {}})
    monkeypatch.setattr(desk, "context", replace(desk.context, settings=settings, accounts=Accounts(settings)))
    desk.say(begun, myapp=FINAL)
    name = desk.say(unknown, myapp=FINAL)
    before = desk.calls()
    desk.publish(unknown)
    assert desk.calls() == before
    desk.settle(begun)
    assert desk.shown(begun)["hookline"][0] == desk.word(State.SUCCESS)
    desk.records.redis.delete(f"hookline:commit:{name}")
    desk.settle(unknown)


@pytest.mark.parametrize("standing", ["github"], indirect=True)
def test_a_context_that_is_full_is_said_once(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub takes 1,000 statuses of a commit and context: no loop, and the other context goes on."""
    commit = desk.commit()
    for _ in range(1000):
        desk.forge.note(REPOSITORY, commit.revision, "hookline", "pending")
    before = desk.calls()
    for said in (OPEN, FINAL, FAILED):
        desk.say(commit, myapp=said)
        desk.settle(commit)
    assert desk.calls() - before == 1 + 2
    assert desk.shown(commit)["hookline/myapp"][0] == "failure"
    said_once = [line for line in capsys.readouterr().out.splitlines() if "status refused" in line]
    assert len(said_once) == 1
    assert "takes no more statuses" in said_once[0]


def test_commits_nobody_remembers_are_forgotten(desk: Desk) -> None:
    """A record that ran out while its forge was away for a week asks for nothing, and nobody loops over it."""
    commit = desk.commit()
    name = desk.say(commit, myapp=FINAL)
    desk.records.redis.delete(f"hookline:commit:{name}")
    assert desk.settle(commit) == 1
    assert commit_id(commit) not in desk.records.commits.dirty(2e12)


def test_what_is_said_during_a_look_is_worth_a_message(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes its message as it reads, so nothing that is said later goes without one."""
    commits, commit = desk.records.commits, desk.commit()
    name, look = desk.say(commit, myapp=OPEN), desk.records.commits.look
    assert commits.post(name)
    posted: list[bool] = []

    def meanwhile(place: str, names: Sequence[str]) -> tuple[list[CommitRecord], Shown]:
        posted.append(commits.post(name))
        return look(place, names)

    monkeypatch.setattr(commits, "look", meanwhile)
    desk.publish(commit)
    assert posted[0]
