"""A pull request from its delivery to status and comment, and to its end: on real records."""

from __future__ import annotations

import re
from typing import Any

import pytest
import structlog

from deploy.local.stack import REPOSITORY
from tests.workers.pulls.conftest import BASE, HEAD, MOVED, NAME, NEXT, NUMBER, Desk, Killed, pull
from workers import ledger, links, replanning, reporting, turning
from workers.errors import AccessDenied, AuthorError, BadConfiguration, ClusterUnreachable, ForgeUnreachable
from workers.forges import comments
from workers.model import Commit, Report, State
from workers.plans import page
from workers.records import pulls as records
from workers.records.pulls import PullRecord
from workers.stages import report

PLANNED = "1 created in myapp"


def test_an_opened_pull_request_is_planned_and_shown(desk: Desk) -> None:
    """Once: what comes again changes nothing. The status goes to the head, on its own branch."""
    desk.deliver("opened")
    desk.tick()
    assert desk.told() == Report(State.SUCCESS, PLANNED)
    [body] = desk.comments[NUMBER]
    assert HEAD[:7] in body
    assert BASE[:7] in body
    [key] = re.findall(rf"\[Details\]\({re.escape(desk.context.settings.url)}/plans/([0-9a-f]+)\)", body)
    assert page.unpacked(desk.records.plans.shown(key))["text"] == PLANNED
    commit = Commit("main", REPOSITORY, HEAD, "refs/heads/feature")
    assert links.plan_maker(desk.context.settings.url, desk.records)(commit, str(NUMBER)).endswith(f"/{key}")
    assert desk.records.pulls.read(NAME).ids == ("700",)
    desk.deliver("labeled", labels=("a",))
    desk.tick()
    desk.tick()
    assert (desk.planned, desk.wrote) == ([f"{NUMBER} 1b"], ["create"])
    assert desk.records.pulls.due(desk.clock() + 1e6) == []


def test_the_ledger_says_what_became_of_a_delivery(desk: Desk) -> None:
    """The plan of the head it told of, and of no other."""
    desk.deliver("opened", key="1", after=HEAD)
    [kept] = desk.records.intake.deliveries()
    assert (kept.delivery.reason, kept.requests) == ("a plan is asked for", {})
    assert ledger.plans(desk.records, kept) == ["plan of pull request 7: no plan of this commit is on record"]
    desk.look()
    assert ledger.plans(desk.records, kept) == [f"plan of pull request 7: success: {PLANNED}"]
    desk.open[NUMBER] = pull(NEXT)
    desk.deliver("updated", key="2", after=NEXT)
    desk.look()
    said = {kept.delivery.key: ledger.plans(desk.records, kept) for kept in desk.records.intake.deliveries()}
    assert {key: "success" in sentence for key, [sentence] in said.items()} == {"1": False, "2": True}


def test_the_status_is_its_own_and_the_worst_of_several(desk: Desk) -> None:
    """Two pull requests of one head, into one branch each or not: none hides that the other would fail."""
    desk.open[8] = pull(number=8)
    desk.deliver("opened")
    desk.deliver("opened", 8)
    desk.look()
    desk.failing = [AuthorError("the chart is broken")]
    desk.look("main|4711|8")
    [name] = set(desk.counter.published)
    record = desk.records.commits.read(name)
    [status] = report.planned([record], lambda commit, number: f"{commit.revision[:1]}/{number}")
    assert (status.context, status.state, status.url) == ("hookline/plan", State.FAILURE, "1/8")
    assert status.text == "pull request 8, of 2: the chart is broken"
    assert report.wanted(record.apps, lambda app, number: "") == []


def test_a_plan_that_is_there_soon_is_one_write(desk: Desk) -> None:
    """That it is being made is on record, and written by the tick if there is one before the plan."""
    seen: list[tuple[str, int]] = []
    desk.meanwhile = lambda: seen.append((desk.state(), len(desk.counter.published)))
    desk.deliver("opened")
    desk.tick()
    assert seen == [("pending", 0)]
    assert (desk.state(), len(desk.counter.published)) == ("success", 1)


def test_an_app_called_plan_has_its_status_elsewhere() -> None:
    """No app's name has a slash."""
    said = {"plan": Report(State.SUCCESS, "synced"), "web": Report(State.SUCCESS, "synced")}
    found = [one.context for one in report.wanted(said, lambda app, number: "")]
    assert found == ["hookline", "hookline/app/plan", "hookline/web"]


def test_a_new_head_gets_a_plan_and_the_old_one_an_end(desk: Desk) -> None:
    """The comment is edited in place; an old head that was never planned is told what overtook it."""
    desk.deliver("opened")
    desk.failing = [ClusterUnreachable("the cluster is away")]
    desk.look()
    assert desk.state(HEAD) == "pending"
    desk.open[NUMBER] = pull(NEXT)
    desk.deliver("updated")
    desk.look()
    assert desk.told(HEAD) == Report(State.SUCCESS, f"superseded by {NEXT[:7]}")
    assert desk.told(NEXT) == Report(State.SUCCESS, PLANNED)
    assert desk.wrote == ["create"]


def test_what_happens_while_a_plan_is_made_makes_another(desk: Desk) -> None:
    """The one that is old already is not shown; after a few of those, one is."""
    heads = iter(str(number) * 40 for number in range(2, 8))

    def pushed() -> None:
        head = next(heads)
        desk.open[NUMBER] = pull(head)
        desk.clock.forward(1)
        desk.deliver("updated")

    desk.meanwhile = pushed
    desk.deliver("opened")
    desk.look()
    assert (desk.wrote, desk.counter.planned) == ([], [NAME])
    for turn in range(turning.MOST_SKIPS):
        desk.look()
        assert desk.wrote == ([] if turn < turning.MOST_SKIPS - 1 else ["create"])
    desk.meanwhile = lambda: None
    desk.look()
    assert desk.wrote == ["create", "edit"]
    assert desk.state("5" * 40) == "success"
    assert desk.records.pulls.wanted(NAME) is None


def test_a_push_to_the_branch_replaces_its_plans(desk: Desk) -> None:
    """After a while, in their own time, the liveliest first; and not those of another branch."""
    for number in range(NUMBER, NUMBER + 3):
        desk.open[number] = pull(number=number)
        desk.clock.forward(1)
        desk.deliver("opened", number)
    desk.open[20] = pull(number=20, ref="refs/heads/other")
    desk.deliver("opened", 20)
    desk.tick()
    desk.planned.clear()
    desk.push(MOVED)
    desk.push(NEXT)
    desk.tick()
    assert desk.planned == []
    desk.clock.forward(records.SETTLE)
    desk.tick()
    assert desk.planned == ["9 12"]
    assert desk.state(HEAD) == "success"  # it never was pending again
    desk.clock.forward(records.SPACING * 2)
    desk.tick()
    assert desk.planned == ["9 12", "8 12", "7 12"]
    assert all(NEXT[:7] in desk.comments[number][0] for number in (7, 8, 9))
    desk.push(NEXT)
    desk.clock.forward(60)
    desk.tick()
    assert len(desk.planned) == 3


@pytest.mark.parametrize("merge", ["", MOVED])
def test_one_that_is_closed_is_cleaned_up(desk: Desk, merge: str) -> None:
    """The comment says what became of it, with the plan in a fold; no status changes, and nothing stays on record."""
    desk.deliver("opened")
    desk.look()
    published = len(desk.counter.published)
    del desk.open[NUMBER]
    desk.merges[NUMBER] = merge
    desk.deliver("closed", merged=bool(merge))
    desk.look()
    [body] = desk.comments[NUMBER]
    assert body.startswith(
        f"## Plan: merged as <code>{MOVED[:7]}</code>" if merge else "## Plan: closed without being merged"
    )
    assert "<summary>What it said</summary>" in body
    assert (desk.told(), len(desk.counter.published)) == (Report(State.SUCCESS, PLANNED), published)
    assert desk.records.pulls.read(NAME) == PullRecord()
    left = [key for key in desk.records.redis.keys("*") if NAME in key or "branch" in key or "pulls" in key]
    assert left == []
    desk.push(NEXT)
    desk.clock.forward(60)
    desk.tick()
    assert len(desk.planned) == 1


@pytest.mark.parametrize("wanted", [True, False])
def test_one_that_is_merged_is_known_by_its_commit(desk: Desk, wanted: bool) -> None:
    """Where pull requests are told how their deployment fares, whichever way it was merged."""
    hook = desk.context.settings.hooks["main"]
    desk.context.settings.hooks["main"] = hook.model_copy(update={"deployed": wanted})
    desk.deliver("opened")
    desk.look()
    del desk.open[NUMBER]
    desk.merges[NUMBER] = MOVED
    desk.deliver("closed", merged=True)
    desk.look()
    merge = f"main|{pull().repository}|{MOVED}|{pull().ref}"
    assert desk.records.landings.read(merge).number == (NUMBER if wanted else 0)
    assert desk.counter.landed == [merge] * wanted


def test_one_that_is_closed_unplanned_is_not_left_pending(desk: Desk) -> None:
    """And one that nobody ever looked at leaves nothing behind."""
    desk.deliver("opened")
    desk.failing = [ClusterUnreachable("the cluster is away")]
    desk.look()
    del desk.open[NUMBER]
    desk.deliver("closed")
    desk.look()
    assert desk.told() == turning.CLOSED
    desk.deliver("closed", 99)
    desk.look("main|4711|99")
    assert desk.wrote == []
    assert desk.records.pulls.due(desk.clock() + 1e6) == []


def test_one_that_goes_to_a_branch_of_nobody_loses_its_comment(desk: Desk) -> None:
    """It may come back, and is as new then."""
    desk.deliver("opened")
    desk.look()
    desk.open[NUMBER] = pull(ref="refs/heads/other")
    desk.deliver("retargeted", ref="refs/heads/other")
    desk.look()
    assert (desk.wrote, desk.comments) == (["create", "remove"], {})
    desk.open[NUMBER] = pull()
    desk.deliver("retargeted")
    desk.look()
    assert desk.wrote == ["create", "remove", "create"]


def test_what_passes_is_tried_again_and_told_when_it_lasts(desk: Desk) -> None:
    """A failure that is no fault of the pull request's blocks it no longer than it lasts."""
    desk.deliver("opened")
    desk.failing = [ClusterUnreachable("the cluster is away") for _ in range(turning.PATIENCE + 1)]
    for turn in range(turning.PATIENCE + 1):
        assert desk.state() == ("pending" if turn else "")
        desk.clock.forward(100)
        desk.tick()
    assert desk.told() == Report(State.FAILURE, "no plan yet: the cluster is away")
    desk.clock.forward(100)
    desk.tick()
    assert desk.told() == Report(State.SUCCESS, PLANNED)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AuthorError("app.yaml:3: no such field"), "app.yaml:3: no such field"),
        (ValueError("a secret of somebody"), turning.BROKEN),
    ],
)
def test_what_does_not_pass_is_a_plan_that_says_so(desk: Desk, error: Exception, said: str) -> None:
    """Told at once and shown, and not tried again until something happens."""
    desk.deliver("opened")
    desk.failing = [error]
    with structlog.testing.capture_logs():
        desk.look()
    assert desk.told() == Report(State.FAILURE, said)
    assert "There is no plan" in desk.comments[NUMBER][0]
    assert "secret of somebody" not in desk.comments[NUMBER][0]
    assert desk.records.pulls.wanted(NAME) is None


def test_an_operator_s_fault_is_told_at_once_and_tried_again(desk: Desk) -> None:
    """Nobody waits for a pending status that will not end."""
    desk.deliver("opened")
    desk.failing = [AccessDenied("the cluster's token has no right to read")]
    desk.look()
    assert desk.told() == Report(State.FAILURE, "no plan yet: the cluster's token has no right to read")
    desk.clock.forward(reporting.DENIED[0] + 1)
    desk.tick()
    assert desk.state() == "success"


def test_a_forge_that_is_away_is_asked_again(desk: Desk) -> None:
    """When it said, or after a while; without an account nobody asks at all."""
    desk.deliver("opened")
    desk.trouble = [ForgeUnreachable("it answered 502"), ForgeUnreachable("it answered 429", 30.0)]
    desk.look()
    assert desk.records.pulls.due(desk.clock()) == []
    desk.clock.forward(reporting.DOWN[0] + 0.1)
    desk.tick()
    desk.clock.forward(20)
    desk.tick()
    assert desk.planned == []
    desk.clock.forward(11)
    desk.tick()
    assert desk.state() == "success"
    desk.deliver("updated")
    desk.trouble = [BadConfiguration("two accounts are for it")]
    desk.look()
    assert desk.records.pulls.wanted(NAME) is None


def test_comments_share_the_budget_and_lose_no_plan(desk: Desk) -> None:
    """The status does not wait for it, and the plan is not made once more."""
    quotas = desk.records.quotas
    while not quotas.admit("it", ("it", "it|your-org/your-repo"), desk.clock(), 60):
        pass
    desk.deliver("opened")
    desk.tick()
    assert (desk.told(), desk.wrote) == (Report(State.SUCCESS, PLANNED), [])
    desk.clock.forward(61)
    desk.tick()
    assert (desk.wrote, len(desk.planned)) == (["create"], 1)


def test_a_comment_the_forge_refuses_keeps_no_status_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing right is tried again, a refusal is not; neither stops statuses."""
    answers: list[Exception] = [AccessDenied("give the token the right"), AuthorError("it is locked")]

    def put(*_: Any) -> tuple[str, ...]:
        raise answers.pop(0)

    monkeypatch.setattr(comments, "put", put)
    desk.deliver("opened")
    desk.look()
    assert desk.state() == "success"
    assert desk.records.quotas.admit("it", ("it", "it|your-org/your-repo"), desk.clock(), 60) == 0.0
    desk.clock.forward(reporting.DENIED[0] + 1)
    desk.tick()
    desk.clock.forward(1000)
    desk.tick()
    assert (answers, len(desk.planned)) == ([], 1)


def test_only_as_many_plans_as_allowed_are_made_at_once(desk: Desk) -> None:
    """The others wait in the records, not in a worker."""
    desk.open[8] = pull(number=8)
    desk.deliver("opened")
    desk.deliver("opened", 8)

    def other() -> None:
        desk.meanwhile = lambda: None
        desk.look("main|4711|8")
        assert len(desk.planned) == 1

    desk.meanwhile = other
    desk.look()
    assert desk.planned == ["7 1b"]
    desk.clock.forward(replanning.SOON)
    desk.tick()
    assert desk.planned == ["7 1b", "8 1b"]


def test_whoever_lost_its_turn_writes_no_more(desk: Desk) -> None:
    """A worker that stood still while another one planned the next head leaves that one's words standing."""
    desk.deliver("opened")

    def overtaken() -> None:
        desk.meanwhile = lambda: None
        desk.records.redis.delete("hookline:lease:pull:" + NAME, "hookline:lease:plans:0")
        desk.open[NUMBER] = pull(NEXT)
        desk.deliver("updated")
        desk.look()

    desk.meanwhile = overtaken
    desk.look()
    assert desk.told(NEXT) == Report(State.SUCCESS, PLANNED)
    assert desk.told(HEAD) == Report(State.SUCCESS, f"superseded by {NEXT[:7]}")
    assert desk.wrote == ["create"]
    assert NEXT[:7] in desk.comments[NUMBER][0]


def test_a_worker_that_dies_anywhere_is_followed_by_one_that_ends_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before or after each step that others see: one comment, one end, and a plan more only if none was on record."""
    steps, position = 0, 0
    real_tell, real_put = desk.records.pulls.tell, comments.put

    def counted(call: Any) -> Any:
        def around(*arguments: Any, **named: Any) -> Any:
            nonlocal steps
            for done in (False, True):
                result = call(*arguments, **named) if done else None
                steps += 1
                if steps == position:
                    raise Killed
            return result

        return around

    positions = 0
    for position in range(1, 40):
        desk.records.redis.flushall()
        desk.comments.clear()
        desk.wrote.clear()
        desk.planned.clear()
        steps = 0
        monkeypatch.setattr(desk.records.pulls, "tell", counted(real_tell))
        monkeypatch.setattr(comments, "put", counted(real_put))
        desk.deliver("opened")
        try:
            desk.look()
        except Killed:
            positions += 1
        else:
            break
        finally:
            monkeypatch.setattr(desk.records.pulls, "tell", real_tell)
            monkeypatch.setattr(comments, "put", real_put)
        desk.clock.forward(records.LOST + 1)
        desk.tick()
        assert desk.told() == Report(State.SUCCESS, PLANNED)
        assert (desk.wrote, len(desk.planned) <= 2) == (["create"], True), position
        assert desk.records.pulls.read(NAME).ids == ("700",)
    assert positions == 10
