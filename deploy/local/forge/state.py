"""What one stand-in forge holds, handed to everything that answers for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.local.forge import changes
from deploy.local.forge.changes import Moved, Place
from deploy.local.forge.faults import Script
from deploy.local.forge.hooks import Courier, Event
from deploy.local.forge.ledger import Ledger
from deploy.local.forge.pulls import Pull, Pulls
from deploy.local.forge.repository import Repository
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
    """One forge. ``tokens`` maps each API token to its user; ``user`` is who pushes and merges."""

    data: Path
    api: Api
    tokens: dict[str, str]
    user: str
    courier: Courier
    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    pulls: Pulls = field(default_factory=Pulls)
    script: Script = field(default_factory=Script)
    calls: list[Call] = field(default_factory=list)
    fetches: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def place(self, repository: Repository) -> Place:
        """Return a repository as payloads name it."""
        return changes.place(repository, self.url)

    def announce_push(self, repository: Repository, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Tell the webhooks which refs moved; the caller holds the repository's lock."""
        moves = [
            changes.describe(repository, ref, was, now, self.api.COMMITS_LIMIT)
            for ref, was, now in changes.moves(before, after)
        ]
        for event in self.api.pushed(self, self.place(repository), moves) if moves else []:
            self.courier.announce(event)

    def merge(self, repository: Repository, pull: Pull, message: str, *, squash: bool) -> Pull:
        """Merge a pull request and tell the webhooks; raises :class:`pulls.Conflict`."""
        with repository.lock:
            before = repository.refs()
            merged = self.pulls.merge(repository, pull, message, time.time(), squash=squash)
            for event in self.api.merged(self, self.place(repository), merged):
                self.courier.announce(event)
            self.announce_push(repository, before, repository.refs())
            return merged

    def perform(self, write: Callable[[], Response]) -> Response:
        """Do one status write that passed every rule, or what the script says goes wrong with it."""
        fault = self.script.take()
        if fault is None:
            return write()
        if fault.does_write:
            write()
        if fault.hangs:
            self.stopping.wait()
        return fault.response()
