"""Deliveries and requests are recorded in one step, once."""

from __future__ import annotations

import threading

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.fixtures import Clock
from workers.errors import RecordsUnavailable
from workers.model import Accepted, Commit, Delivery, Outcome, Report, Request, Stage, State, SyncRecord, Taken, Why
from workers.records import Records
from workers.records.coding import commit_id

A, B = "a" * 40, "b" * 40


def delivery(key: str = "guid-1") -> Delivery:
    """A push's delivery."""
    return Delivery("main", key, 1.0, Taken.ACCEPTED)


def request(revision: str = A, app: str = "myapp") -> Request:
    """What a push asks for."""
    commit = Commit("main", "your-org/your-repo", revision, "refs/heads/main")
    return Request(app, 0, Why.PUSH, "octocat", 1.0, "refs/heads/main", revision, "guid-1", commit)


def finish(records: Records, app: str, number: int, outcome: Outcome) -> None:
    """End all of an app's requests up to ``number``."""
    assert records.leases.take(f"app:{app}", "t", 10)
    record = SyncRecord(app, number, "push", "octocat", A, outcome, "text", Stage.REPORT, 1.0, 2.0)
    records.progress.finish(app, "t", record, None, list(range(1, number + 1)), {})
    records.leases.release(f"app:{app}", "t")


def test_a_delivery_and_its_requests_are_recorded_together(records: Records) -> None:
    """One call leaves the delivery, the open request, the pending commit and the list of what to publish."""
    accepted = records.intake.accept(delivery(), [request()])
    assert accepted == Accepted(duplicate=False, numbers={"myapp": 1}, fresh=("myapp",))
    [opened] = records.progress.open_requests("myapp")
    assert (opened.number, opened.revision, opened.commit) == (1, A, request().commit)
    name = commit_id(opened.commit) if opened.commit else ""
    assert records.commits.read(name).apps == {"myapp": Report(State.PENDING, "accepted, waiting for a worker")}
    assert records.commits.dirty(2e9) == [name]
    assert records.intake.deliveries()[0].requests == {"myapp": 1}


def test_the_same_delivery_five_times_at_once_makes_one_request(records: Records) -> None:
    """Redelivery while the first is on its way is recognised, however many come."""
    answers: list[Accepted] = []
    start = threading.Barrier(5)

    def send() -> None:
        start.wait()
        answers.append(records.intake.accept(delivery(), [request()]))

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.duplicate for answer in answers) == [False, True, True, True, True]
    assert records.progress.app("myapp").wanted == 1


def test_the_same_commit_through_two_hooks_makes_one_request(records: Records) -> None:
    """A repository hook and an organisation hook tell of one push with different ids."""
    first = records.intake.accept(delivery("guid-1"), [request()])
    second = records.intake.accept(delivery("guid-2"), [request()])
    assert (first.fresh, second.fresh) == (("myapp",), ())
    assert second.numbers == {"myapp": 1}


def test_going_back_to_an_older_commit_is_a_new_request(records: Records) -> None:
    """Push A, push B, force-push A: the last A is wanted although A was wanted before."""
    for number, revision in enumerate((A, B, A), start=1):
        accepted = records.intake.accept(delivery(f"guid-{number}"), [request(revision)])
        assert accepted.numbers == {"myapp": number}


@pytest.mark.parametrize(("outcome", "duplicate"), [(Outcome.FAILED, False), (Outcome.SUCCEEDED, True)])
def test_a_redelivery_runs_again_only_when_its_work_failed(records: Records, outcome: Outcome, duplicate: bool) -> None:
    """A delivery counts as done when it was processed successfully, not when it was seen."""
    records.intake.accept(delivery(), [request()])
    finish(records, "myapp", 1, outcome)
    assert records.intake.accept(delivery(), [request()]).duplicate is duplicate


def test_deliveries_are_bounded(records: Records, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest are listed."""
    monkeypatch.setattr("workers.records.intake.MOST_DELIVERIES", 3)
    for number in range(5):
        clock.forward(1)
        records.intake.accept(delivery(f"guid-{number}"), [])
    assert [found.delivery.key for found in records.intake.deliveries()] == ["guid-4", "guid-3", "guid-2"]


def test_an_absent_redis_is_a_sentence_not_a_stack_trace(clock: Clock) -> None:
    """Nothing was recorded, and the error says so."""
    nowhere = Records(redis.Redis(unix_socket_path="/nonexistent/redis.sock", retry=Retry(NoBackoff(), 0)), clock)
    with pytest.raises(RecordsUnavailable, match="did not record the request"):
        nowhere.intake.accept(delivery(), [request()])
