"""A forge of each kind over real HTTP, and the worker that writes statuses to it, with a clock the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.forge import Forge
from deploy.local.forge.bitbucket.cloud import Cloud
from deploy.local.forge.bitbucket.data_center import DataCenter
from tests.fixtures import Clock
from tests.workers import desks
from workers import reporting
from workers.context import Context
from workers.model import Commit, Report, State
from workers.records import Records, commits
from workers.records.coding import commit_id

REPOSITORY = "your-org/your-repo"
FINAL = Report(State.SUCCESS, "synced: 1 created; healthy", 3)
OPEN = Report(State.PENDING, "accepted, waiting for a worker")
_GITHUBS = {State.PENDING: "pending", State.SUCCESS: "success", State.FAILURE: "failure"}
_BITBUCKETS = {State.PENDING: "INPROGRESS", State.SUCCESS: "SUCCESSFUL", State.FAILURE: "FAILED"}
WORDS = {
    "github": _GITHUBS,
    "gitlab": {State.PENDING: "running", State.SUCCESS: "success", State.FAILURE: "failed"},
    "gitea": _GITHUBS,
    "forgejo": _GITHUBS,
    "bitbucket": _BITBUCKETS,
    "bitbucket-data-center": _BITBUCKETS,
}
"""What each kind of forge calls a state; a row more for each kind more."""
KINDS = sorted(WORDS.keys() - {"forgejo"})
"""The kinds with a stand-in each; what is written to Forgejo is what is written to Gitea, by the same code."""
ONE_OF_A_NAME = ("bitbucket", "bitbucket-data-center")
"""Where the forge keeps one status of a name: what may have arrived is written again, and nobody sees it twice."""


@dataclass
class Desk:
    """A forge of one kind, and a worker that writes to it."""

    kind: str
    forge: Forge
    revisions: Iterator[str]
    clock: Clock
    context: Context

    @property
    def records(self) -> Records:
        """The worker's records."""
        return self.context.records

    def commit(self, ref: str = "refs/heads/main") -> Commit:
        """Return a commit nothing was said of yet."""
        return Commit("main", REPOSITORY, next(self.revisions), ref)

    def say(self, commit: Commit, **apps: Report) -> str:
        """Let apps say something of a commit, as the end of a sync does; return the commit's record name."""
        with self.records.redis.pipeline() as pipe:
            for app, report in apps.items():
                commits.say(pipe, app, {commit: report})
            pipe.execute()
        return commit_id(commit)

    def publish(self, commit: Commit) -> None:
        """Let the worker look at a commit's statuses once."""
        reporting.publish(self.context, commit_id(commit))

    def settle(self, commit: Commit, rounds: int = 30, repair: Callable[[], None] = lambda: None) -> int:
        """Look again when that is due, until all is written; return how many looks it took. No real time passes."""
        name = commit_id(commit)
        for turn in range(rounds):
            self.publish(commit)
            due = self.records.redis.zscore("hookline:dirty", name)
            if due is None:
                return turn + 1
            self.clock.now = max(self.clock.now, float(due)) + 0.01
            if turn == 2:
                repair()
        raise AssertionError(f"not written in {rounds} looks")

    def calls(self) -> int:
        """Return how many calls came in so far."""
        return len(self.forge.calls)

    def shown(self, commit: Commit) -> dict[str, tuple[str, str]]:
        """Return the newest state and text of each context."""
        return {one.context: (one.state, one.description) for one in self.forge.statuses(sha=commit.revision)}

    def kept(self, commit: Commit) -> list[str]:
        """Return the context of each status the forge keeps of a commit, sorted: several of one where it keeps all."""
        api = self.forge.state.api
        if isinstance(api, Cloud | DataCenter):
            return sorted(one.key for one in api.builds.of(commit.revision))
        return sorted(one.context for one in self.forge.statuses(sha=commit.revision))

    def word(self, state: State) -> str:
        """Return the forge's word for a state."""
        return WORDS[self.kind][state]


@pytest.fixture(scope="module")
def standings(tmp_path_factory: pytest.TempPathFactory, redis_data: Path) -> Iterator[Callable[[str], Desk]]:
    """A forge of each kind that is asked for."""
    yield from desks.standings(_desk, tmp_path_factory.mktemp, redis_data)


def _desk(maker: desks.Maker) -> Desk:
    """A forge with a repository of many commits, and a worker."""
    forge = maker.forge()
    revisions = desks.history(forge.create(REPOSITORY).path)
    clock, made = maker.worker(forge, catalog={"folders": [maker.folder]}, sync={"lease": 1})
    return Desk(maker.kind, forge, iter(revisions), clock, made)


@pytest.fixture(params=KINDS)
def standing(request: pytest.FixtureRequest, standings: Callable[[str], Desk]) -> Desk:
    """One of them."""
    return standings(request.param)


@pytest.fixture
def desk(standing: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The forge and the worker, whose records are empty."""
    monkeypatch.setenv("TOKEN", standing.forge.token)
    standing.records.redis.flushall()
    standing.clock.now = Clock().now
    return standing
