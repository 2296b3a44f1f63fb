"""A plan that was asked for over the API, from its record to its reply: on real records, with plans made of nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from tests.workers.pulls.conftest import HEAD, NUMBER, Desk, pull
from tests.workers.pulls.test_forks import consent, word
from workers import foretold, inquiring, plan, replanning
from workers.errors import AuthorError, ClusterUnreachable, HooklineError
from workers.forges.accounts import Accounts
from workers.inquiry import Inquiry, Reply
from workers.model import Ref
from workers.plans import Effect, Plan, Planned, PullPlan, shown
from workers.pull import Pull
from workers.records import coding, plans
from workers.records.keys import key

NAME = "0" * 32
MADE = Plan("myapp", "test", "main", HEAD, (Planned(Ref("", "ConfigMap", "default", "one"), Effect.CREATED),))


@dataclass
class Planner:
    """Makes plans as it is told to, and notes of what."""

    made: list[str] = field(default_factory=list)
    failing: list[BaseException] = field(default_factory=list)
    plan: Plan = MADE
    meanwhile: Callable[[], None] = lambda: None

    def one(self, _: object, app: Any, revision: str = "", secrets: set[str] | None = None) -> Plan:
        """Plan an app."""
        assert secrets is not None
        secrets.add("told-to-nobody")
        self.made.append(f"{app.name}@{revision}")
        self.meanwhile()
        if self.failing:
            raise self.failing.pop(0)
        return self.plan

    def merge(self, _: object, about: Pull, only: str = "") -> PullPlan:
        """Plan a pull request."""
        self.made.append(f"{only}#{about.number}@{about.head[:1]}")
        return PullPlan(about.head, "b" * 40)


@pytest.fixture
def planner(monkeypatch: pytest.MonkeyPatch) -> Planner:
    """Takes the place of who asks Git and the cluster."""
    made = Planner()
    monkeypatch.setattr(plan, "made", made.one)
    monkeypatch.setattr(foretold, "planned", made.merge)
    return made


def ask(desk: Desk, name: str = NAME, **named: Any) -> None:
    """Record an inquiry as the edge does."""
    assert desk.records.plans.ask(Inquiry(name, "myapp", "ci", desk.clock(), **named), "plans", "message")


def came(desk: Desk, name: str = NAME) -> Reply | None:
    """What came of it."""
    return desk.records.plans.read(name)[1]


def test_an_answer_is_kept_and_asked_for_once(desk: Desk, planner: Planner) -> None:
    """A message that comes twice, late or for nothing changes nothing."""
    ask(desk, revision="feature")
    for _ in range(2):
        inquiring.look(desk.context, NAME)
    inquiring.look(desk.context, "nobody")
    reply = came(desk)
    assert reply is not None
    assert (planner.made, orjson.loads(reply.plan)) == (["myapp@feature"], shown.as_json(MADE))
    assert (reply.changes, reply.error) == (True, "")
    assert desk.records.plans.due(desk.clock() + 1e6) == []


def test_a_lost_message_is_sent_again_by_the_tick(desk: Desk, planner: Planner) -> None:
    """Not before its time, and no more once there is an answer."""
    ask(desk)
    desk.tick()
    assert desk.counter.inquired == []
    desk.clock.forward(plans.LOST)
    desk.tick()
    desk.tick()
    assert desk.counter.inquired == [NAME]
    inquiring.look(desk.context, NAME)
    desk.clock.forward(plans.LOST)
    desk.tick()
    assert (desk.counter.inquired, planner.made) == ([NAME], ["myapp@"])


def test_two_workers_make_one_plan_and_places_are_shared_with_pull_requests(desk: Desk, planner: Planner) -> None:
    """While one makes it, another's message does nothing; one of something else waits for the place, and gets it."""
    ask(desk)
    ask(desk, "other")
    desk.deliver("opened")

    def meanwhile() -> None:
        planner.meanwhile = lambda: None
        inquiring.look(desk.context, NAME)
        inquiring.look(desk.context, "other")
        desk.look()

    planner.meanwhile = meanwhile
    inquiring.look(desk.context, NAME)
    assert (planner.made, desk.planned, came(desk, "other")) == (["myapp@"], [], None)
    assert desk.counter.inquired == []
    desk.clock.forward(replanning.SOON)
    desk.tick()
    assert (desk.planned, desk.counter.inquired) == ([f"{NUMBER} 1b"], ["other"])
    inquiring.look(desk.context, "other")
    assert came(desk, "other")


def test_a_worker_that_is_killed_is_followed_by_another(desk: Desk, planner: Planner) -> None:
    """By SIGKILL in the middle of the plan: its lease ends by time, and the tick's message makes it."""
    ask(desk)
    child = os.fork()
    if not child:
        desk.records.redis.connection_pool.reset()
        planner.meanwhile = lambda: os.kill(os.getpid(), signal.SIGKILL)
        inquiring.look(desk.context, NAME)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    inquiring.look(desk.context, NAME)  # the lease is still the dead one's
    assert (planner.made, came(desk)) == ([], None)
    for lease in (f"plan:{NAME}", "plans:0"):
        assert desk.records.redis.delete(key("lease", lease)) == 1  # they run out by themselves, in real time
    desk.clock.forward(plans.LOST)
    desk.tick()
    assert desk.counter.inquired == [NAME]
    inquiring.look(desk.context, NAME)
    assert (planner.made, came(desk)) == (["myapp@"], inquiring.reply(MADE, Inquiry(NAME, "myapp", "ci", 0.0)))


def test_one_that_kills_its_workers_ends(desk: Desk, planner: Planner) -> None:
    """After as many tries as there are, it says so."""
    ask(desk)
    for _ in range(inquiring.MOST_TRIES):
        assert desk.records.plans.begin(NAME)
    inquiring.look(desk.context, NAME)
    assert (planner.made, came(desk)) == ([], Reply(error=inquiring.LOST))


def test_what_may_help_is_tried_again_and_what_cannot_is_told(desk: Desk, planner: Planner) -> None:
    """A cluster that is away for a moment; an author's mistake; and what nobody foresaw, which only the log tells."""
    away = "the cluster is away"
    cases: list[tuple[list[BaseException], int, str]] = [
        ([ClusterUnreachable(away)], 2, ""),
        ([ClusterUnreachable(away)] * 3, 3, away),
        ([AuthorError("a.yaml:3: token: told-to-nobody")], 1, "a.yaml:3: token: ***"),
        ([HooklineError("postgres://me:hunter2hunter2@db/x is refused")], 1, "postgres://***@db/x is refused"),
        ([RuntimeError("told-to-nobody")], 1, inquiring.BROKEN),
    ]
    for number, (failing, tries, said) in enumerate(cases):
        name = f"case-{number}"
        planner.failing, planner.made = list(failing), []
        ask(desk, name)
        inquiring.look(desk.context, name)
        while came(desk, name) is None:
            desk.clock.forward(inquiring.AGAIN)
            assert name in desk.records.plans.due(desk.clock())
            inquiring.look(desk.context, name)
        reply = came(desk, name)
        assert reply is not None
        assert (len(planner.made), reply.error, bool(reply.plan)) == (tries, said, not said)


def test_an_app_that_left_the_catalog_is_told(desk: Desk, planner: Planner) -> None:
    """Between the question and the answer."""
    assert desk.records.plans.ask(Inquiry(NAME, "gone", "ci", desk.clock()), "plans", "message")
    inquiring.look(desk.context, NAME)
    assert (planner.made, came(desk)) == (
        [],
        Reply(error="no app is called gone any more: it has left the catalog"),
    )


def test_a_plan_that_is_too_long_says_whether_it_changes_anything(desk: Desk, planner: Planner) -> None:
    """And how to see it whole. One that just fits is kept."""
    ref = Ref("", "ConfigMap", "default", "one")
    long = Planned(ref, Effect.CREATED, diff="x" * plans.MOST_BYTES)
    planner.plan = Plan("myapp", "test", "feature", HEAD, (long,))
    ask(desk, revision="feature")
    inquiring.look(desk.context, NAME)
    said = "the plan has 1.0 MiB, and 1 MiB of one are kept: see it with `hookline plan myapp --revision feature`"
    assert came(desk) == Reply(error=said, changes=True)
    spare = len(coding.encode(shown.as_json(planner.plan))) - plans.MOST_BYTES
    for left, fits in ((spare, True), (spare - 1, False)):
        diff = Planned(ref, Effect.CREATED, diff="x" * (plans.MOST_BYTES - left))
        reply = inquiring.reply(Plan("myapp", "test", "feature", HEAD, (diff,)), Inquiry(NAME, "myapp", "ci", 0.0))
        assert (bool(reply.plan), reply.changes) == (fits, True)


def test_a_fork_s_pull_request_is_planned_when_a_writer_wants_it(desk: Desk, planner: Planner) -> None:
    """Of exactly this head, as for its comment; a token alone is no writer's word."""
    desk.open[NUMBER] = pull(fork=True, source="")
    cases: list[tuple[list[Any], set[str], bool]] = [
        ([], {"grace"}, False),
        ([consent("eve", HEAD, "approval")], {"grace"}, False),
        ([consent("grace", HEAD, "approval")], {"grace"}, True),
        ([consent("grace")], {"grace"}, True),
    ]
    desk.records.redis.hset(key("words", f"main|4711|{NUMBER}"), "label", coding.encode(word()))
    for number, (consents, writers, planned) in enumerate(cases):
        desk.consents, desk.writers, planner.made = consents, writers, []
        ask(desk, f"case-{number}", pull=NUMBER)
        inquiring.look(desk.context, f"case-{number}")
        reply = came(desk, f"case-{number}")
        assert reply is not None
        waits = "pull request 7 of your-org/your-repo: waits: it comes from a fork"
        assert (reply.error.startswith(waits), bool(reply.plan)) == (not planned, planned), reply
        assert planner.made == ([f"myapp#{NUMBER}@1"] if planned else [])


def test_a_pull_request_that_is_not_open_and_one_without_an_account(desk: Desk, planner: Planner) -> None:
    """What only Git has under a number may be a fork's, and nobody could vouch for it."""
    desk.open.clear()
    ask(desk, pull=9)
    inquiring.look(desk.context, NAME)
    reply = came(desk)
    assert reply is not None
    assert reply.error.startswith("pull request 9 of your-org/your-repo is not open")
    nobody = Accounts(desk.context.settings.model_copy(update={"forges": {}}))
    ask(desk, "other", pull=9)
    inquiring.look(replace(desk.context, accounts=nobody), "other")
    reply = came(desk, "other")
    assert reply is not None
    assert (planner.made, "add one under `forges`" in reply.error) == ([], True), reply.error


def test_what_a_pull_request_shows_is_made_anew_on_demand(desk: Desk, planner: Planner) -> None:
    """Its commits are the same, so that a delivery that comes again plans nothing; an order does, once."""
    ask(desk, "early", pull=NUMBER, show=True)
    inquiring.look(desk.context, "early")
    reply = came(desk, "early")
    assert reply is not None
    assert reply.error.endswith("your-org/your-repo shows no plan yet: have its forge deliver it again, or push to it")
    desk.deliver("opened", key="1")
    desk.drain()
    desk.tick()
    desk.deliver("opened", key="1")
    desk.tick()
    assert desk.planned == [f"{NUMBER} 1b"]
    ask(desk, pull=NUMBER)
    inquiring.look(desk.context, NAME)
    desk.tick()
    assert desk.planned == [f"{NUMBER} 1b"]
    ask(desk, "again", pull=NUMBER, show=True)
    inquiring.look(desk.context, "again")
    assert came(desk, "again") == came(desk)
    for _ in range(3):
        desk.tick()
    assert (desk.planned, desk.state()) == ([f"{NUMBER} 1b"] * 2, "success")
    assert desk.records.pulls.due(desk.clock() + 1e6) == []
