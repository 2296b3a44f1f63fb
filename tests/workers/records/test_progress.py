"""A request lives until it has an outcome, and only the lease's holder may give it one."""

from __future__ import annotations

import pytest

from tests.fixtures import Clock
from tests.workers.records.test_intake import A, request
from workers.errors import LeaseLost
from workers.flight import Flight
from workers.model import Action, Change, Commit, Outcome, Ref, Report, Stage, State, SyncRecord
from workers.records import Records
from workers.records.coding import commit_id

DEPLOYMENT = Ref("apps", "Deployment", "default", "myapp")
COMMIT = Commit("main", "your-org/your-repo", A, "refs/heads/main")


def flight(number: int = 1) -> Flight:
    """A sync that waits for a Deployment."""
    return Flight(
        number, A, "inputs", 1.0, 2.0, ((DEPLOYMENT, "v1"),), (Change(DEPLOYMENT, Action.CREATED, ("spec",)),)
    )


def ended(number: int = 1) -> SyncRecord:
    """A sync that went well."""
    changes = (Change(DEPLOYMENT, Action.CONFIGURED, ("spec.replicas",)),)
    return SyncRecord(
        "myapp", number, "push", "me", A, Outcome.SUCCEEDED, "synced", Stage.HEALTH, 1.0, 2.0, changes, {"fetch": 0.5}
    )


def test_finish_ends_the_request_tells_the_commit_and_keeps_the_history(records: Records) -> None:
    """All of it in one step."""
    records.intake.ask(request())
    records.leases.take("app:myapp", "t", 10)
    records.progress.finish("myapp", "t", ended(), "inputs", [1], {COMMIT: Report(State.SUCCESS, "synced")})
    app = records.progress.app("myapp")
    assert (app.wanted, app.done, app.outcome, app.revision, app.inputs) == (1, 1, "succeeded", A, "inputs")
    assert records.progress.open_requests("myapp") == []
    assert records.commits.read(commit_id(COMMIT)).apps == {"myapp": Report(State.SUCCESS, "synced")}
    assert records.progress.syncs("myapp") == [ended()]


def test_who_lost_the_lease_records_nothing(records: Records) -> None:
    """Neither an outcome nor a wait by a worker whose lease another has now."""
    records.intake.ask(request())
    records.leases.take("app:myapp", "somebody else", 10)
    with pytest.raises(LeaseLost):
        records.progress.finish("myapp", "t", ended(), "inputs", [1], {COMMIT: Report(State.SUCCESS, "synced")})
    with pytest.raises(LeaseLost):
        records.progress.wait("myapp", "t", 5.0, flight())
    assert records.progress.app("myapp").done == 0
    assert records.progress.flight("myapp") is None


def test_a_wait_is_stored_and_read_back(records: Records) -> None:
    """A flight survives the worker; its app is due at the stored time."""
    records.leases.take("app:myapp", "t", 10)
    records.progress.begin("myapp", 1)
    records.progress.wait("myapp", "t", 5.0, flight())
    assert records.progress.flight("myapp") == flight()
    assert records.progress.waiting() == {"myapp": 5.0}
    assert records.progress.attempts("myapp", 1) == 0


def test_attempts_are_counted_per_request(records: Records) -> None:
    """A worker that dies leaves its attempt counted."""
    assert [
        records.progress.begin("myapp", 1),
        records.progress.begin("myapp", 1),
        records.progress.begin("myapp", 2),
    ] == [1, 2, 1]


def test_unsent_is_what_nobody_works_on(records: Records, clock: Clock) -> None:
    """Wanted, not leased and not waiting for a later time."""
    for app in ("behind", "leased", "later", "due", "done"):
        records.intake.ask(request(app=app))
    records.leases.take("app:leased", "t", 10)
    for app, due in (("later", clock() + 1), ("due", clock())):
        records.leases.take(f"app:{app}", "t", 10)
        records.progress.wait(app, "t", due, None)
        records.leases.release(f"app:{app}", "t")
    records.leases.take("app:done", "t", 10)
    records.progress.finish("done", "t", ended(), None, [1], {})
    records.leases.release("app:done", "t")
    assert records.progress.unsent() == ["behind", "due"]
    clock.forward(1)
    assert records.progress.unsent() == ["behind", "due", "later"]


def test_a_commit_is_clean_only_when_nothing_was_said_meanwhile(records: Records) -> None:
    """What is said while statuses are written makes one more round."""
    records.intake.ask(request())
    name = commit_id(COMMIT)
    read = records.commits.read(name)
    records.leases.take("app:myapp", "t", 10)
    records.progress.finish("myapp", "t", ended(), "inputs", [1], {COMMIT: Report(State.SUCCESS, "synced")})
    assert not records.commits.clean([read])
    assert records.commits.is_dirty([name], 2e9)
    assert records.commits.clean([records.commits.read(name)])
    assert records.commits.dirty(2e9) == []


def test_a_changed_declaration_is_noticed_once(records: Records) -> None:
    """New and changed apps are named the first time only."""
    assert records.declarations.declare({"a": "1", "b": "1"}) == ["a", "b"]
    assert records.declarations.declare({"a": "1", "b": "2"}) == ["b"]
    assert records.declarations.declare({"a": "1", "b": "2"}) == []
