"""What one stand-in forge holds, handed to everything that answers for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from deploy.local.forge import changes
from deploy.local.forge.changes import Moved, Place
from deploy.local.forge.deployments import Deployments
from deploy.local.forge.faults import Script
from deploy.local.forge.github.apps import Apps
from deploy.local.forge.github.runs import Runs
from deploy.local.forge.hooks import Courier, Event
from deploy.local.forge.ledger import Ledger
from deploy.local.forge.pulls import Pull, Pulls
from deploy.local.forge.repository import Repository
from deploy.local.forge.talk import Review, Talk
from deploy.local.forge.web import Request, Response


class Api(Protocol):
    """What makes a stand-in GitHub's or GitLab's: the shape of its API and of its events."""

    @property
    def COMMITS_LIMIT(self) -> int:  # noqa: N802 - a constant of each forge
        """Commits listed in a push payload."""

    def answer(self, state: State, request: Request, path: str) -> Response:
        """Answer a call; ``path`` is below the API's base."""

    def pushed(self, state: State, place: Place, moves: list[Moved]) -> list[Event]:
        """Return the events of one push, which may have moved several refs."""

    def merged(self, state: State, place: Place, pull: Pull) -> list[Event]:
        """Return the events of one merge, that of the push left out."""

    def told(self, state: State, place: Place, pull: Pull, what: Told) -> list[Event]:
        """Return the events of what else happened to a pull request."""


@dataclass(frozen=True, slots=True)
class Told:
    """What happened to a pull request, by whom: ``action`` is GitHub's word, or "review"; the rest as it applies.

    ``before`` is the head before a push, ``label`` the one that was set or taken off.
    """

    action: str
    who: str
    before: str = ""
    label: str = ""
    review: Review | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One API call that came in, and the code it got (0 for a dropped connection)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    code: int


@dataclass(slots=True)
class State:
    """One forge. ``tokens`` maps each API token to its user; ``user`` is who pushes and merges.

    ``people`` maps whoever is known beside them to what they may do in every repository, in GitHub's words. ``apps``
    and ``runs`` are GitHub's Apps and check runs; ``moved`` maps former names to repository numbers. ``private`` maps
    repositories that not everybody may clone to the password that opens them, ``""`` for none but Apps' tokens.
    ``script`` has faults for statuses, ``talking`` for comments and ``deployments``.
    """

    data: Path
    api: Api
    tokens: dict[str, str]
    user: str
    courier: Courier
    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    talk: Talk = field(default_factory=Talk)
    pulls: Pulls = field(init=False)
    people: dict[str, str] = field(default_factory=dict)
    script: Script = field(default_factory=Script)
    talking: Script = field(default_factory=Script)
    calls: list[Call] = field(default_factory=list)
    fetches: list[str] = field(default_factory=list)
    apps: Apps = field(default_factory=Apps)
    runs: Runs = field(default_factory=Runs)
    deployments: Deployments = field(default_factory=Deployments)
    moved: dict[str, int] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    delay: float = 0.0
    """Seconds that each API call takes before it does anything."""

    def __post_init__(self) -> None:
        """Let the pull requests know their labels."""
        self.pulls = Pulls(self.talk)

    def place(self, repository: Repository) -> Place:
        """Return a repository as payloads name it."""
        return changes.place(repository, self.url)

    def rename(self, former: str, full_name: str) -> None:
        """Give a repository another name; the former one leads there."""
        repository = self.repositories.pop(former)
        self.repositories[full_name] = replace(repository, full_name=full_name)
        self.moved[former] = repository.number

    def announce_push(self, repository: Repository, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Tell the webhooks which refs moved; the caller holds the repository's lock."""
        moves = [
            changes.describe(repository, ref, was, now, self.api.COMMITS_LIMIT)
            for ref, was, now in changes.moves(before, after)
        ]
        for event in self.api.pushed(self, self.place(repository), moves) if moves else []:
            self.courier.announce(event)
        for move in moves:
            for pull in self.pulls.from_branch(repository, move.ref.removeprefix("refs/heads/")):
                home = self.repositories[pull.repository]
                if move.head is not None and not move.is_tag and move.after != pull.head_sha:
                    followed = self.pulls.follow(home, pull.number)
                    self.tell(home, followed, Told("synchronize", self.user, before=move.before))

    def tell(self, repository: Repository, pull: Pull, what: Told) -> None:
        """Tell the webhooks what happened to a pull request."""
        for event in self.api.told(self, self.place(repository), pull, what):
            self.courier.announce(event)

    def open(
        self,
        repository: Repository,
        head: str,
        base: str,
        title: str,
        body: str,
        author: str,
        fork: Repository | None = None,
    ) -> Pull:
        """Open a pull request and tell the webhooks; raises :class:`pulls.Conflict`."""
        pull = self.pulls.open(repository, head, base, title, body, author, fork)
        self.tell(repository, pull, Told("opened", author))
        return pull

    def close(self, repository: Repository, number: int, who: str, *, again: bool = False) -> Pull:
        """Close a pull request without merging it, or open it ``again``, and tell the webhooks."""
        pull = self.pulls.close(repository, number, 0.0 if again else time.time())
        self.tell(repository, pull, Told("reopened" if again else "closed", who))
        return pull

    def label(self, repository: Repository, pull: Pull, label: str, who: str, *, on: bool = True) -> None:
        """Set a label or take it off, and tell the webhooks what changed."""
        if self.talk.label(repository.full_name, pull.number, label, who, on=on):
            now = self.pulls.get(repository, pull.number) or pull
            self.tell(repository, now, Told("labeled" if on else "unlabeled", who, label=label))

    def review(self, repository: Repository, pull: Pull, who: str, state: str, commit: str) -> Review:
        """Judge a commit of a pull request, and tell the webhooks."""
        made = self.talk.review(repository.full_name, pull.number, who, state, commit)
        self.tell(repository, pull, Told("review", who, review=made))
        return made

    def merge(self, repository: Repository, pull: Pull, message: str, *, squash: bool) -> Pull:
        """Merge a pull request and tell the webhooks; raises :class:`pulls.Conflict`."""
        with repository.lock:
            before = repository.refs()
            merged = self.pulls.merge(repository, pull, message, time.time(), squash=squash)
            for event in self.api.merged(self, self.place(repository), merged):
                self.courier.announce(event)
            self.announce_push(repository, before, repository.refs())
            return merged

    def perform(self, write: Callable[[], Response], script: Script | None = None) -> Response:
        """Do one write that passed every rule, or what the script (of statuses) says goes wrong with it."""
        fault = (script or self.script).take()
        if fault is None:
            return write()
        if fault.does_write:
            write()
        if fault.hangs:
            self.stopping.wait()
        return fault.response()
