"""A worker that plans, on real records, with what it asks of others in its hands: the forge's answers and the plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import redis

from deploy.local.stack import APPLICATION, PUBLIC_URL, REPOSITORY
from tests.fixtures import Clock
from tests.workers.conftest import Counter
from workers import context, intake, pulling, sweep, turning
from workers.context import Context
from workers.forges import comments, consents, permissions
from workers.forges import pulls as at_forge
from workers.forges.consents import Consent
from workers.forges.pulls import Seen
from workers.model import Commit, Delivery, Event, EventKind, Ref, Report, Taken
from workers.plans import Answer, Effect, Plan, Planned, PullPlan
from workers.pull import Pull
from workers.records import Records
from workers.records.coding import commit_id
from workers.settings import Settings

NUMBER = 7
ID = "4711"
NAME = f"main|{ID}|{NUMBER}"
MAIN = "refs/heads/main"
BASE, HEAD, NEXT, MOVED = "b" * 40, "1" * 40, "2" * 40, "c" * 40


class Killed(BaseException):
    """The worker died here."""


def pull(head: str = HEAD, number: int = NUMBER, **named: object) -> Pull:
    """A pull request into main."""
    made = Pull("main", REPOSITORY, ID, number, MAIN, "", head, "feature", author="ada", author_id="41")
    return replace(made, **named)  # type: ignore[arg-type]


@dataclass
class Desk:
    """A forge that says what it is told to, a planner, and the worker between them."""

    context: Context
    counter: Counter
    clock: Clock
    open: dict[int, Pull] = field(default_factory=dict)
    merges: dict[int, str] = field(default_factory=dict)
    consents: list[Consent] = field(default_factory=list)
    writers: set[str] = field(default_factory=set)
    comments: dict[int, tuple[str, ...]] = field(default_factory=dict)
    wrote: list[str] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    base: str = BASE
    trouble: list[BaseException] = field(default_factory=list)
    """What the next reads of the forge meet."""
    failing: list[BaseException] = field(default_factory=list)
    """What the next plans meet."""
    meanwhile: Callable[[], None] = lambda: None
    """What happens while a plan is made."""

    @property
    def records(self) -> Records:
        """The worker's records."""
        return self.context.records

    def deliver(self, action: str, number: int = NUMBER, key: str = "", **named: object) -> None:
        """Take a delivery in as the edge does."""
        event = Event("github", "main", key or f"{action}{self.clock()}", EventKind.PULL_REQUEST, REPOSITORY, ID)
        event = replace(event, urls=(PUBLIC_URL,), ref=MAIN, action=action, number=number, sender="ada", sender_id="41")
        self.take(replace(event, **named))  # type: ignore[arg-type]

    def push(self, revision: str, ref: str = MAIN) -> None:
        """Take a push in as the edge does; the planner finds the branch there."""
        self.base = revision
        event = Event("github", "main", revision, EventKind.PUSH, REPOSITORY, ID, (PUBLIC_URL,), ref, BASE, revision)
        self.take(replace(event, action="updated"))

    def take(self, event: Event) -> None:
        """Take an event in."""
        hook = self.context.settings.planning("main")
        assert hook is not None
        blank, index = Delivery("main", event.key, self.clock(), Taken.ACCEPTED), self.context.catalog.index()
        intake.take(hook, (event,), index, self.counter, self.records.hooks.known, self.clock(), blank)

    def tick(self) -> None:
        """Do what beat does every two seconds, and what that sends about pull requests."""
        sweep.tick(self.context)
        self.drain()

    def drain(self) -> None:
        """Look at every pull request there is a message for."""
        while self.counter.planned:
            self.look(self.counter.planned.pop(0))

    def look(self, name: str = NAME) -> None:
        """Let a worker look at one."""
        pulling.look(self.context, name, self.plan)

    def plan(self, context: Context, about: Pull, urls: Sequence[str]) -> PullPlan:
        """Make a plan that creates one object."""
        assert (context, tuple(urls)) == (self.context, ("github.com/your-org/your-repo",))
        self.planned.append(f"{about.number} {about.head[:1]}{self.base[:1]}")
        self.meanwhile()
        if self.failing:
            raise self.failing.pop(0)
        made = Planned(Ref("", "ConfigMap", "default", "one"), Effect.CREATED, "myapp/one.yaml:1", (), "+a: b")
        plan = Plan("myapp", "test", "", about.head, (made,))
        return PullPlan(about.head, self.base, (Answer("myapp", "test", plan),))

    def told(self, head: str = HEAD, number: int = NUMBER, source: str = "refs/heads/feature") -> Report | None:
        """Return what a head was told."""
        record = self.records.commits.read(commit_id(Commit("main", REPOSITORY, head, source)))
        return record.plans.get(str(number))

    def state(self, head: str = HEAD, source: str = "refs/heads/feature") -> str:
        """Return the state of a head's status, "" for none."""
        report = self.told(head, source=source)
        return report.state.value if report else ""


@pytest.fixture
def desk(tmp_path: Path, redis_client: redis.Redis, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An app that follows main, and a pull request into it."""
    monkeypatch.setenv("SECRET", "s" * 20)
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "app.yaml").write_text(APPLICATION)
    settings = Settings.model_validate(
        {
            "data": tmp_path / "data",
            "catalog": {"folders": [tmp_path / "catalog"]},
            "hooks": {"main": {"forge": "github", "secrets": ["env:SECRET"]}},
            "forges": {"it": {"kind": "github", "api": "https://api.github.com", "token": "env:SECRET"}},
        }
    )
    records = Records(redis_client, clock)
    counter = Counter(records)
    made = Desk(context.create(settings, records, counter), counter, clock)
    made.open[NUMBER] = pull()

    def seen(_account: object, _client: object, hook: str, repository: str, known: str, number: int) -> Seen:
        assert (hook, repository, known in ("", ID)) == ("main", REPOSITORY, True)
        if made.trouble:
            raise made.trouble.pop(0)
        return Seen(made.open.get(number), made.merges.get(number, ""))

    def put(
        _account: object,
        _client: object,
        about: Pull,
        marker: str,
        bodies: Sequence[str],
        known: Sequence[str],
        admit: Callable[[], None],
    ) -> tuple[str, ...]:
        assert marker == turning.MARKER
        if made.comments.get(about.number) != tuple(bodies):
            admit()
            made.wrote.append("edit" if about.number in made.comments else "create")
            made.comments[about.number] = tuple(bodies)
        return tuple(str(100 * about.number + part) for part, _ in enumerate(bodies))

    def remove(_account: object, _client: object, about: Pull, *_: object) -> None:
        if made.comments.pop(about.number, None):
            made.wrote.append("remove")

    def may_write(_account: object, _client: object, _repository: str, _known: str, who: str, _person: str) -> bool:
        return who in made.writers

    monkeypatch.setattr(at_forge, "seen", seen)
    monkeypatch.setattr(comments, "put", put)
    monkeypatch.setattr(comments, "remove", remove)
    monkeypatch.setattr(permissions, "may_write", may_write)
    monkeypatch.setattr(consents, "consents", lambda *_: tuple(made.consents))
    yield made
    made.context.http.close()
