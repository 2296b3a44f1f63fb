"""Starts a Gitea, fills it, and stops it; and the calls a person or a test makes of it."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from deploy.local import binaries, build
from deploy.local.forge import Checkout, Delivery, Written
from deploy.local.gitea import deliveries, settings
from deploy.local.gitea.api import Api, Pull
from deploy.local.places import free_port
from deploy.local.processes import POLL
from deploy.local.server import Server
from workers.errors import OperatorError

USER: Final = "ada"
BOT: Final = "hookline-bot"


class Gitea(Server):
    """One server in folder ``data``; use it as a context manager. ``binary`` is its folder, built when not given.

    ``token`` is the API token of :data:`BOT`, who may write to the repositories and no more; :data:`USER` owns the
    server, pushes and merges, and ``owner`` is the API as that one calls it. ``secret`` signs the deliveries.
    """

    kind = "gitea"

    def __init__(self, data: Path, *, binary: Path | None = None) -> None:
        super().__init__(data)
        self.data = data
        self._binary = binary
        self.secret, self._password = secrets.token_hex(20), secrets.token_hex(16)
        self.token = self.url = self.api = ""
        self.owner = Api("", "")
        self._names: list[str] = []

    def start(self) -> None:
        """Make the database and two users, serve, and return when it answers.

        Raises :class:`workers.errors.OperatorError` when it does not come up, with its last words.
        """
        folder = self._binary or build.ensure_alone(binaries.GITEA)
        (self.data / "home").mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.url, self.api = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}/api/v1"
        config = self.data / "app.ini"
        config.write_text(settings.text(self.data, folder, port, secrets.token_hex(32)), "utf-8")
        program = [str(folder / "gitea"), "--config", str(config)]
        self._run(program, "migrate")
        user = ("--username", USER, "--email", f"{USER}@localhost.localdomain", "--random-password", "--admin")
        self._run(program, "admin", "user", "create", *user, "--must-change-password=false")
        named = ("--username", USER, "--token-name", "demo", "--scopes", "all", "--raw")
        token = self._run(program, "admin", "user", "generate-access-token", *named).split()[-1]
        self.owner = Api(self.api, token)
        self._processes.start("gitea", [*program, "web"], env=self._environment())
        self._processes.wait_until(self.owner.is_up, "Gitea to answer")
        self._add_bot()

    def stop(self) -> None:
        """End it. Doing it twice is harmless."""
        super().stop()
        self.owner.close()

    # repositories

    def create(self, full_name: str) -> None:
        """Make a public repository of an organisation, which is made too if it is not there; the bot may write."""
        organisation, _, name = full_name.partition("/")
        if not any(known.startswith(f"{organisation}/") for known in self._names):
            self.owner.ask("POST", "/orgs", {"username": organisation})
        self.owner.ask("POST", f"/orgs/{organisation}/repos", {"name": name, "default_branch": "main"})
        self.owner.ask("PUT", f"/repos/{full_name}/collaborators/{BOT}", {"permission": "write"})
        self._names.append(full_name)

    def clone_url(self, full_name: str) -> str:
        """Return where everybody clones a repository from."""
        return f"{self.url}/{full_name}.git"

    def public_url(self, full_name: str) -> str:
        """Return the clone URL that payloads name: the same."""
        return self.clone_url(full_name)

    def checkout(self, full_name: str, folder: Path, branch: str = "main") -> Checkout:
        """Clone a repository into ``folder``, as :data:`USER` does, who may push."""
        return Checkout(self.clone_url(full_name).replace("://", f"://{USER}:{self.owner.token}@"), folder, branch)

    def page(self, full_name: str, number: int) -> str:
        """Return the address of a pull request's page."""
        return f"{self.url}/{full_name}/pulls/{number}"

    def open_pull(self, full_name: str, head: str, base: str = "main", title: str = "") -> Pull:
        """Open a pull request, once Gitea has taken note of the push: it does so on the side."""
        self.owner.until(f"/repos/{full_name}", lambda found: not found["empty"])
        self.owner.until(f"/repos/{full_name}/branches/{quote(head, safe='')}", lambda _: True)
        body = {"head": head, "base": base, "title": title or head}
        made = self.owner.ask("POST", f"/repos/{full_name}/pulls", body)
        return Pull(int(made["number"]))

    def merge(self, full_name: str, number: int) -> str:
        """Merge a pull request as the button does, and return the new commit."""
        place = f"/repos/{full_name}/pulls/{number}"
        self.owner.until(place, lambda found: bool(found["mergeable"]))  # it finds out on the side, too
        self.owner.ask("POST", f"{place}/merge", {"Do": "merge"})
        return str(self.owner.ask("GET", place)["merge_commit_sha"])

    def add_webhook(self, url: str) -> None:
        """Send signed deliveries of pushes and pull requests of every repository to ``url``."""
        for name in self._names:
            config = {"url": url, "content_type": "json", "secret": self.secret}
            hook = {"type": "gitea", "active": True, "events": ["push", "pull_request"], "config": config}
            self.owner.ask("POST", f"/repos/{name}/hooks", hook)

    # what came of it

    def statuses(self, *, sha: str, context: str = "") -> list[Written]:
        """Return every status written to a commit, oldest first; ``""`` means any context."""
        found = [one for name in self._names for one in self.owner.statuses(name, sha)]
        return [one for one in found if context in ("", one.context)]

    def combined(self, full_name: str, sha: str) -> str:
        """Return Gitea's one state for the newest statuses of all contexts of a commit."""
        return str(self.owner.ask("GET", f"/repos/{full_name}/commits/{sha}/status")["state"])

    def wait_for_status(
        self, sha: str, context: str, state: str | Collection[str], timeout: float = 60, after: int = 0
    ) -> Written:
        """Return the first status of a commit and context in ``state`` with a number above ``after``.

        Its ``at`` is when it was seen here, for Gitea keeps whole seconds only. Raises :class:`TimeoutError` naming
        what came instead.
        """
        states = (state,) if isinstance(state, str) else state
        deadline = time.monotonic() + timeout
        while True:
            seen = self.statuses(sha=sha, context=context)
            if found := [one for one in seen if one.state in states and one.number > after]:
                return replace(found[0], at=time.time())
            self._processes.check()
            if time.monotonic() > deadline:
                words = [(one.state, one.description) for one in seen]
                raise TimeoutError(f"{sha} got no {context} {' or '.join(states)} in {timeout} s, only {words}")
            time.sleep(POLL)

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries so far, in the order of what happened."""
        return deliveries.read(self.data / "gitea.db")

    def settle(self, timeout: float = 60) -> list[Delivery]:
        """Wait until every delivery has its answer and return them; raises :class:`TimeoutError`."""
        deadline = time.monotonic() + timeout
        while not all(one.attempts for one in self.deliveries):
            if time.monotonic() > deadline:
                raise TimeoutError(f"deliveries still without an answer after {timeout} s")
            time.sleep(POLL)
        return [one for one in self.deliveries if one.attempts]

    def add_token(self, scope: str) -> str:
        """Make another API token of :data:`BOT` with one scope and return it."""
        return self.owner.make_token(BOT, self._password, scope)

    def _add_bot(self) -> None:
        """A user of its own for Hookline, with a token that may write to repositories and nothing else."""
        user = {"username": BOT, "email": f"{BOT}@localhost.localdomain", "password": self._password}
        self.owner.ask("POST", "/admin/users", {**user, "must_change_password": False})
        self.token = self.add_token("write:repository")

    def _environment(self) -> dict[str, str]:
        """Ours, but for Git's and Gitea's settings: both would be read from the user's home."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "GITEA_"))}
        return {**kept, "HOME": str(self.data / "home"), "GIT_CONFIG_NOSYSTEM": "1"}

    def _run(self, program: list[str], *arguments: str) -> str:
        done = subprocess.run(
            [*program, *arguments], env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise OperatorError(f"gitea {' '.join(arguments[:3])}: {done.stderr[-1000:] or done.stdout[-1000:]}")
        return done.stdout
