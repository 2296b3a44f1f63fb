"""A forge with deployments over real HTTP, apps of environments, and the worker that tells it of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deploy.local.forge import Forge
from deploy.local.forge.deployments import Deployments
from deploy.local.forge.faults import Script
from deploy.local.stack import APPLICATION, PUBLIC_URL, REPOSITORY
from tests.fixtures import Clock
from tests.workers import desks
from workers import deployed, deploying
from workers.apps import App
from workers.context import Context
from workers.flight import Flight
from workers.model import Action, Change, Outcome, Ref, Request, Stage, SyncRecord, Why
from workers.records import Records

MAIN = "refs/heads/main"
GITHUBS = {"in progress": "in_progress", "success": "success", "failure": "failure", "error": "error"}
GITLABS = {"in progress": "running", "success": "success", "failure": "failed", "error": "failed"}
WORDS = {"github": {**GITHUBS, "inactive": "inactive"}, "gitlab": {**GITLABS, "inactive": "canceled"}}
KINDS = tuple(sorted(WORDS))


def declared(name: str, environment: str = "production", page: str = "") -> str:
    """An app that is deployed to an environment."""
    lines = [f"  name: {name}", "  annotations:", f"    hookline.dev/environment: {environment}"]
    lines += [f"    hookline.dev/environment-url: {page}"] if page else []
    document = APPLICATION.replace("  name: myapp", "\n".join(lines if environment else lines[:1]), 1)
    return document.replace("path: myapp", f"path: {name}")


@dataclass
class Desk:
    """A forge of one kind, and a worker that tells it of environments."""

    kind: str
    forge: Forge
    revisions: list[str]
    clock: Clock
    context: Context
    catalog: Path

    @property
    def records(self) -> Records:
        """The worker's records."""
        return self.context.records

    def declare(self, *names: str, environment: str = "production", page: str = "") -> None:
        """Declare apps."""
        for name in names:
            (self.catalog / f"{name}.yaml").write_text(declared(name, environment, page))
        self.context.catalog.refresh()

    def app(self, name: str) -> App:
        """Return an app as it is declared."""
        return self.context.catalog.index().apps[name]

    def ask(self, name: str, revision: str) -> int:
        """Record a request as a push of a revision does; return its number."""
        request = Request(name, 0, Why.PUSH, "ada", self.clock(), MAIN, revision)
        return self.context.counter.accept(None, [request]).numbers[name]

    def begin(self, name: str, revision: str, changes: int = 1, began: float = 0.0) -> None:
        """Let a sync wait that wrote something."""
        change = Change(Ref("", "ConfigMap", "default", "one"), Action.CREATED)
        flight = Flight(1, revision, "i", began or self.clock(), 9e9, (), (change,) * changes, ref=MAIN)
        deployed.under_way(self.context, self.app(name), flight)

    def end(
        self,
        name: str,
        revision: str,
        outcome: Outcome = Outcome.SUCCEEDED,
        text: str = "synced: 1 created; healthy",
        stage: Stage = Stage.HEALTH,
        began: float = 0.0,
        *,
        app: App | None = None,
        removing: bool = False,
        silent: bool = False,
    ) -> None:
        """Let a sync end, as far as its environment is concerned; its requests are done."""
        progress = self.records.progress.app(name)
        began = began or self.clock()
        record = SyncRecord(name, 3, "push", "ada", revision, outcome, text, stage, began, self.clock())
        add = deployed.of_sync(self.context, app or self.app(name), record, MAIN, (), removing=removing, silent=silent)
        with self.records.redis.pipeline() as pipe:
            pipe.hset(f"hookline:app:{name}", "done", progress.wanted)
            add(pipe)
            pipe.execute()
        self.clock.forward(1)

    def leave(self, name: str) -> None:
        """Take an app out of the catalog, and let its removal end."""
        last = self.app(name)
        (self.catalog / f"{name}.yaml").unlink()
        self.context.catalog.refresh()
        text = "no longer declared in the catalog: its objects are left as they are"
        self.end(name, "", Outcome.NOT_AFFECTED, text, app=last, removing=True)

    def publish(self) -> None:
        """Let the worker look at every environment that is due."""
        for name in self.records.environments.due(self.clock()):
            deploying.publish(self.context, name)

    def settle(self, rounds: int = 30, repair: Callable[[], None] = lambda: None) -> int:
        """Look again when that is due, until all is told; return how many looks it took. No real time passes."""
        for turn in range(rounds):
            self.publish()
            due = self.records.redis.zrange("hookline:environments", 0, 0, withscores=True)
            if not due:
                return turn + 1
            self.clock.now = max(self.clock.now, float(due[0][1])) + 0.01
            if turn == 2:
                repair()
        raise AssertionError(f"not told in {rounds} looks")

    def shown(self, environment: str = "production") -> list[tuple[int, list[str]]]:
        """Return each deployment, oldest first: which commit it is of, and all it was told, in our words."""
        back = {word: ours for ours, word in WORDS[self.kind].items() if ours != "error" or self.kind == "github"}
        found = self.forge.state.deployments.of(REPOSITORY, environment)[::-1]
        return [(self.revisions.index(one.sha), [back[told.state] for told in one.told]) for one in found]

    def writes(self) -> list[str]:
        """Return the writes that came in so far, in order."""
        return [f"{one.method} {one.path}" for one in self.forge.calls if one.method != "GET"]


@pytest.fixture(scope="module")
def standings(tmp_path_factory: pytest.TempPathFactory, redis_data: Path) -> Iterator[Callable[[str], Desk]]:
    """A forge of each kind that is asked for."""
    yield from desks.standings(_desk, tmp_path_factory.mktemp, redis_data)


def _desk(maker: desks.Maker) -> Desk:
    """A forge with a repository of some commits, and a worker."""
    forge = maker.forge()
    revisions = desks.history(forge.create(REPOSITORY, public_url=PUBLIC_URL).path)
    catalog = maker.folder / "catalog"
    catalog.mkdir()
    clock, made = maker.worker(
        forge,
        catalog={"folders": [catalog]},
        clusters={"test": {"kubeconfig": maker.folder / "none", "server": "https://kubernetes.default.svc"}},
        repositories=[{"url": PUBLIC_URL, "clone": forge.clone_url(REPOSITORY)}],
        sync={"lease": 20},
    )
    return Desk(maker.kind, forge, revisions, clock, made, catalog)


@pytest.fixture(params=KINDS)
def standing(request: pytest.FixtureRequest, standings: Callable[[str], Desk]) -> Desk:
    """One of them."""
    return standings(request.param)


@pytest.fixture
def desk(standing: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The forge and the worker, whose records and catalog are empty."""
    monkeypatch.setenv("TOKEN", standing.forge.token)
    standing.records.redis.flushall()
    standing.forge.state.deployments = Deployments()
    standing.forge.state.talking = Script()
    standing.forge.state.calls.clear()
    standing.forge.add_token(standing.forge.token, "hookline-bot")
    for file in standing.catalog.iterdir():
        file.unlink()
    standing.context.catalog.refresh()
    standing.clock.now = Clock().now
    return replace(standing)
