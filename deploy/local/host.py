"""What the demo's story asks of a forge: the stand-in and a real Gitea both give it."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

from deploy.local.forge import Attempt, Checkout, Delivery, Written
from deploy.local.processes import POLL


class Pull(Protocol):
    """A pull request."""

    @property
    def number(self) -> int:
        """Its number in the repository."""


class Host(Protocol):
    """A forge that runs. ``token`` is for the API at ``api``, ``secret`` signs deliveries."""

    @property
    def kind(self) -> str:
        """The configuration's word for it."""

    @property
    def url(self) -> str:
        """The address of its pages."""

    @property
    def api(self) -> str:
        """The base URL of its API."""

    @property
    def token(self) -> str:
        """What statuses are written with."""

    @property
    def secret(self) -> str:
        """What deliveries are signed with."""

    def public_url(self, full_name: str) -> str:
        """Return the clone URL that its deliveries name."""

    def clone_url(self, full_name: str) -> str:
        """Return where a repository is really cloned from."""

    def checkout(self, full_name: str, folder: Path, branch: str = "main") -> Checkout:
        """Clone a repository into ``folder``, as a person who may push."""

    def open_pull(self, full_name: str, head: str, base: str = "main", title: str = "") -> Pull:
        """Open a pull request."""

    def merge(self, full_name: str, number: int) -> str:
        """Merge a pull request as the button does, and return the new commit."""

    def page(self, full_name: str, number: int) -> str:
        """Return the address of a pull request's page, ``""`` where it has none."""

    def add_webhook(self, url: str) -> None:
        """Send deliveries of what happens from now on to ``url``."""

    def statuses(self, *, sha: str, context: str) -> Sequence[Written]:
        """Return every status of a commit and context, oldest first."""

    def wait_for_status(
        self, sha: str, context: str, state: str | Collection[str], timeout: float = 60, after: int = 0
    ) -> Written:
        """Return the first status of a commit and context in ``state`` with a number above ``after``."""

    def settle(self, timeout: float = 60) -> Sequence[Delivery]:
        """Wait until every delivery has its answer and return them."""


def answer_to(host: Host, commit: str, seconds: float) -> Attempt:
    """Return the first answer to what told of a commit; raises :class:`TimeoutError` where nothing did.

    A busy forge tells late: a sync that was under way may have found the commit, and ended it, before.
    """
    deadline = time.monotonic() + seconds
    while True:
        told = (one for one in host.settle() if commit.encode() in one.body)
        if found := next((attempt for one in told for attempt in one.attempts), None):
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody was told of {commit[:7]} in {seconds:.0f} s")
        time.sleep(POLL)
