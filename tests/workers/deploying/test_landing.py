"""A merged pull request hears how its deployment fares: one comment, at every forge, and only where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from deploy.local.forge import LOST, Checkout, Fault, Forge, faults
from deploy.local.forge.faults import Script
from deploy.local.forge.talk import Comment
from deploy.local.stack import PUBLIC_URL, REPOSITORY
from tests.fixtures import Clock
from tests.workers import desks
from tests.workers.deploying.conftest import declared
from workers import deployed, landing
from workers.context import Context
from workers.landed import Row, rendered
from workers.model import Commit, Outcome, Report, Request, Stage, State, SyncRecord, Why
from workers.records import Records, coding, commits, landings

MAIN = "refs/heads/main"
DONE = Report(State.SUCCESS, "synced: 1 configured; healthy", 1)
KINDS = ("github", "gitlab", "bitbucket", "bitbucket-data-center")


@dataclass
class Desk:
    """A forge of one kind with merged pull requests, and a worker that tells them."""

    forge: Forge
    work: Checkout
    clock: Clock
    context: Context
    names: Iterator[int]

    @property
    def records(self) -> Records:
        """The worker's records."""
        return self.context.records

    def merged(self, *, message: str = "") -> tuple[int, Commit]:
        """Merge a pull request, or push a commit with a message; return its number and the commit, asked for."""
        name = f"change-{next(self.names)}"
        self.work.run("fetch", "--quiet", "origin")
        self.work.switch(name, "origin/main")
        self.work.commit({f"web/{name}": "1"}, message or name)
        self.work.push(name)
        number = self.forge.open_pull(REPOSITORY, name).number
        if message:
            self.work.push(f"{name}:main")
            revision = self.work.head
        else:
            revision = self.forge.merge(REPOSITORY, number)
        self.context.mirror(self.context.catalog.index().apps["web"]).fetch()
        commit = Commit("main", REPOSITORY, revision, MAIN)
        blank = Request("web", 0, Why.PUSH, "ada", self.clock(), MAIN, revision, commit=commit)
        self.context.counter.accept(None, [blank, replace(blank, app="api")])
        return number, commit

    def end(self, commit: Commit, app: str, report: Report = DONE) -> None:
        """Let an app's sync of a commit end."""
        outcome = Outcome.SUCCEEDED if report.state is State.SUCCESS else Outcome.FAILED
        stage, at = Stage.HEALTH, self.clock()
        record = SyncRecord(app, report.number, "push", "ada", commit.revision, outcome, report.text, stage, at, at)
        add = deployed.of_sync(self.context, self.context.catalog.index().apps[app], record, MAIN, [commit])
        with self.records.redis.pipeline() as pipe:
            commits.say(pipe, app, {commit: report})
            pipe.lpush(f"hookline:syncs:{app}", coding.encode(record))
            add(pipe)
            pipe.execute()

    def publish(self) -> None:
        """Let the worker look at all that is due."""
        for name in self.records.landings.due(self.clock()):
            landing.publish(self.context, name)

    def settle(self) -> int:
        """Look again when that is due, until all is told; return how many looks it took. No real time passes."""
        for turn in range(20):
            self.publish()
            due = self.records.redis.zrange("hookline:landings", 0, 0, withscores=True)
            if not due:
                return turn + 1
            self.clock.now = max(self.clock.now, float(due[0][1])) + 0.01
        raise AssertionError("not told")

    def said(self, number: int) -> list[Comment]:
        """Return the comments below a pull request."""
        return self.forge.state.talk.comments(REPOSITORY, number)


@pytest.fixture(scope="module")
def standings(tmp_path_factory: pytest.TempPathFactory, redis_data: Path) -> Iterator[Callable[[str], Desk]]:
    """A forge of each kind that is asked for."""
    yield from desks.standings(_desk, tmp_path_factory.mktemp, redis_data)


def _desk(maker: desks.Maker) -> Desk:
    forge = maker.forge()
    forge.create(REPOSITORY, public_url=PUBLIC_URL)
    work = forge.checkout(REPOSITORY, maker.folder / "work")
    work.commit({"web/a": "1", "api/a": "1"}, "first")
    work.push()
    catalog = maker.folder / "catalog"
    catalog.mkdir()
    for name in ("web", "api"):
        (catalog / f"{name}.yaml").write_text(declared(name))
    clock, made = maker.worker(
        forge,
        catalog={"folders": [catalog]},
        hooks={"main": {"forge": maker.kind, "secrets": ["env:SECRET"], "deployed": True}},
        repositories=[{"url": PUBLIC_URL, "clone": forge.clone_url(REPOSITORY)}],
    )
    return Desk(forge, work, clock, made, count(1))


@pytest.fixture(params=["github"])
def desk(request: pytest.FixtureRequest, standings: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """One of them, with empty records."""
    found = standings(request.param)
    monkeypatch.setenv("TOKEN", found.forge.token)
    found.records.redis.flushall()
    found.forge.state.talking = Script()
    found.clock.now = Clock().now
    return found


@pytest.mark.parametrize("desk", KINDS, indirect=True)
def test_one_comment_is_edited_as_the_apps_end(desk: Desk) -> None:
    """At every forge: which commit, where to, how long it took from the delivery to the last end."""
    number, commit = desk.merged()
    desk.clock.forward(5)
    desk.end(commit, "api")
    desk.publish()
    [first] = desk.said(number)
    assert "⏳ **Being deployed to production**, 1 of 2 done" in first.body
    desk.clock.forward(3)
    desk.end(commit, "web", Report(State.SUCCESS, "synced: 2 created; healthy", 2))
    desk.settle()
    [last] = desk.said(number)
    assert (last.number, last.author) == (first.number, "hookline-bot")
    assert "✅ **Deployed to production in 8 s**: " in last.body
    assert commit.revision[:7] in last.body
    assert "synced: 1 configured; healthy, 5 s" in last.body
    assert "synced: 2 created; healthy, 8 s" in last.body
    calls = len(desk.forge.calls)
    desk.end(commit, "web", Report(State.SUCCESS, "synced: 2 created; healthy", 2))
    desk.settle()
    assert [one.method for one in desk.forge.calls[calls:] if one.method != "GET"] == []


def test_while_apps_are_under_way_it_is_written_every_ten_seconds(desk: Desk) -> None:
    """The end is written at once."""
    number, commit = desk.merged()
    desk.end(commit, "api", Report(State.SUCCESS, "not affected: nothing api reads has changed", 1))
    desk.publish()
    assert desk.said(number) == []  # nothing is known of the other one
    desk.context.counter.accept(None, [Request("third", 0, Why.PUSH, "ada", 1.0, MAIN, commit.revision, commit=commit)])
    desk.end(commit, "web")
    desk.publish()
    [first] = desk.said(number)
    desk.clock.forward(4)
    desk.end(commit, "web", Report(State.FAILURE, "health failed: no", 2))
    desk.publish()
    assert desk.said(number) == [first]
    desk.clock.forward(6.1)
    desk.publish()
    assert "❌ **Not deployed to production**, as 1 of 2 apps failed" in desk.said(number)[0].body


def test_a_commit_of_no_pull_request_is_told_nowhere(desk: Desk) -> None:
    """Whatever number its message has: the forge says which one was merged so."""
    other, _ = desk.merged()
    for message in ("fix", f"Merge pull request #{other} from ada/x\n\nmine", f"fix (#{other})", "fix (#999)"):
        _, commit = desk.merged(message=message)
        desk.end(commit, "web")
        desk.settle()
        assert desk.said(other) == []


def test_the_end_of_its_plan_names_the_pull_request_also_after_a_rebase(desk: Desk) -> None:
    """Whichever of the two comes first."""
    for is_first in (True, False):
        number, commit = desk.merged(message="rebased")
        if is_first:
            desk.records.landings.came_from(coding.commit_id(commit), number)
            desk.settle()
        for app in ("web", "api"):
            desk.end(commit, app)
        desk.settle()
        if not is_first:
            assert desk.said(number) == []
            desk.records.landings.came_from(coding.commit_id(commit), number)
            desk.settle()
        assert [one.body.count("Deployed to production") for one in desk.said(number)] == [1]


def test_who_wants_no_comment_gets_none(desk: Desk) -> None:
    """Nothing is recorded for it, either."""
    number, commit = desk.merged()
    hook = desk.context.settings.hooks["main"]
    desk.context.settings.hooks["main"] = hook.model_copy(update={"deployed": False})
    try:
        desk.end(commit, "web")
    finally:
        desk.context.settings.hooks["main"] = hook
    assert desk.records.landings.due(9e9) == []
    with desk.records.redis.pipeline() as pipe:
        landings.touch(pipe, coding.commit_id(commit))
        commits.say(pipe, "web", {commit: Report(State.SUCCESS, "not affected: no", 1)})
        commits.say(pipe, "api", {commit: Report(State.SUCCESS, "not affected: no", 1)})
        pipe.execute()
    desk.settle()
    assert desk.said(number) == []


@pytest.mark.parametrize(
    ("trouble", "least"),
    [(LOST, 1.0), (faults.too_many(9), 9.0), (Fault(403, "Resource not accessible by integration"), 15.0)],
    ids=["lost", "429", "403"],
)
def test_whatever_breaks_there_is_one_comment(
    desk: Desk, trouble: Fault, least: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lost answer is looked for, a limit waited for, and a missing right said."""
    number, commit = desk.merged()
    at = desk.clock()
    desk.forge.state.talking.add(trouble)
    for app in ("web", "api"):
        desk.end(commit, app)
    assert desk.settle() <= 3
    assert desk.clock() - at >= least
    assert len(desk.said(number)) == 1
    if trouble.code == 403:
        assert "the right to comment on pull requests" in capsys.readouterr().out


def test_a_commit_that_was_overtaken_is_told_so(desk: Desk) -> None:
    """Its own pull request hears of the commit that brought it."""
    number, commit = desk.merged()
    for app in ("web", "api"):
        desk.end(commit, app, Report(State.SUCCESS, "superseded: included in abc1234", 1))
    desk.settle()
    assert "superseded: included in abc1234" in desk.said(number)[0].body


def row(
    app: str, text: str, state: State = State.SUCCESS, environment: str = "production", seconds: float = 0.0
) -> Row:
    """One app."""
    return Row(app, Report(state, text, 1), environment, seconds)


TITLES = {
    "alone": ([row("web", "synced", seconds=8.4)], "✅ **Deployed to production in 8 s**"),
    "long": ([row("web", "synced", seconds=150)], "✅ **Deployed to production in 2 min**"),
    "nowhere": ([row("web", "synced", environment="")], "✅ **Deployed**"),
    "two places": (
        [row("web", "synced", environment="qa", seconds=1), row("api", "synced", seconds=3)],
        "✅ **Deployed to production and qa in 3 s**",
    ),
    "many places": (
        [row(f"a{at}", "synced", environment=f"e{at}") for at in range(4)],
        "✅ **Deployed to 4 environments**",
    ),
    "failed": ([row("web", "apply failed: no", State.FAILURE)], "❌ **Not deployed to production**, as the app failed"),
    "waits": (
        [row("web", "waits for a sync window"), row("api", "synced")],
        "⏸️ **Not deployed to production yet**, as 1 of 2 apps waits",
    ),
    "under way": (
        [row("web", "accepted", State.PENDING), row("api", "synced")],
        "⏳ **Being deployed to production**, 1 of 2 done",
    ),
}


@pytest.mark.parametrize("case", TITLES)
def test_the_first_line_says_what_there_is_to_know(case: str) -> None:
    """The worst first."""
    rows, title = TITLES[case]
    assert rendered("github", "4f2a91c" + "0" * 33, rows).startswith(f"{title}: <code>4f2a91c</code>\n")


@pytest.mark.parametrize("kind", ["github", "bitbucket"])
def test_what_apps_say_breaks_out_of_nothing(kind: str) -> None:
    """Neither of its cell nor into a mention, and a thousand apps still are a comment."""
    hostile = row("web", "apply failed: @all | x\n| <script> [a](http://b.example)", State.FAILURE)
    body = rendered(kind, "4" * 40, [hostile, *(row(f"app-{at}", "y" * 900) for at in range(1000))])
    lines = body.splitlines()
    assert len(lines) == 2 + 2 + 50 + 2
    assert "@all" not in body
    assert "<script>" not in body
    assert "951 more apps are not listed." in lines
    assert len(body) < 32_000
