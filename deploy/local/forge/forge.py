"""The stand-in forge as one object."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, Self

from deploy.local.forge import changes, site
from deploy.local.forge.checkout import Checkout
from deploy.local.forge.faults import Fault
from deploy.local.forge.gitlab.jobs import Job
from deploy.local.forge.gitlab.side import GitLab
from deploy.local.forge.hooks import Courier, Delivery
from deploy.local.forge.kinds import KINDS
from deploy.local.forge.ledger import Written
from deploy.local.forge.pulls import Pull
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import Call, State
from deploy.local.forge.web import Server

TOKEN: Final = "stand-in-token"  # noqa: S105 - opens nothing but this stand-in
SECRET: Final = "stand-in-secret"  # noqa: S105 - signs for this stand-in only


class Forge:
    """A forge on 127.0.0.1, in threads of this process; use it as a context manager, or start and stop it.

    ``kind`` is one of :data:`KINDS`. Repositories live below ``data``. ``secret`` signs deliveries
    (a ``whsec_`` token makes GitLab's signature). ``token`` is the API token of ``bot``; ``user`` pushes and
    merges. ``port`` 0 takes a free port.
    """

    def __init__(
        self,
        data: Path,
        *,
        kind: str = "github",
        token: str = TOKEN,
        secret: str = SECRET,
        webhooks: Sequence[str] = (),
        port: int = 0,
        user: str = "ada",
        bot: str = "hookline-bot",
    ) -> None:
        self.kind, self.token, self.secret = kind, token, secret
        courier = Courier(lambda delivery: KINDS[kind].headers(delivery, self.secret))
        self._state = State(data=data, api=KINDS[kind].api(), tokens={token: bot}, user=user, courier=courier)
        self._server = Server(lambda request: site.answer(self._state, request), port)
        self.url = self._state.url = f"http://127.0.0.1:{self._server.port}"
        self.api = self.url + KINDS[kind].path
        for url in webhooks:
            self.add_webhook(url)

    def start(self) -> Self:
        """Begin to serve and to deliver."""
        self._state.courier.start()
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop serving, let go of everybody who waits, and end all threads."""
        self._state.stopping.set()
        self._state.ledger.close()
        self._server.stop()
        self._state.courier.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # repositories

    def create(self, full_name: str, *, public_url: str = "", default_branch: str = "main") -> Repository:
        """Make a repository, or take over the one on disk. Payloads name ``public_url``, if set, to clone from."""
        path = self._state.data / "git" / f"{full_name}.git"
        repository = Repository(changes.identity(full_name), full_name, path, public_url)
        repository.prepare(default_branch)
        self._state.repositories[full_name] = repository
        return repository

    def public_url(self, full_name: str) -> str:
        """Return the clone URL that payloads name."""
        return self._state.repositories[full_name].public_url or self.clone_url(full_name)

    def clone_url(self, full_name: str) -> str:
        """Return where a repository is really cloned from."""
        return f"{self.url}/{full_name}.git"

    def checkout(self, full_name: str, folder: Path, branch: str = "main") -> Checkout:
        """Clone a repository into ``folder``, as a person who works on it does."""
        return Checkout(self.clone_url(full_name), folder, branch)

    def open_pull(self, full_name: str, head: str, base: str = "main", title: str = "", fork: str = "") -> Pull:
        """Open a pull request, from a branch of ``fork`` where one is named: by whoever owns that.

        Raises ``pulls.Conflict`` when there is nothing to merge.
        """
        state, source = self._state, self._state.repositories.get(fork)
        author = fork.partition("/")[0] or state.user
        return state.open(state.repositories[full_name], head, base, title or head, "", author, source)

    def merge(self, full_name: str, number: int, *, squash: bool = False) -> str:
        """Merge a pull request as the button does, deliveries included, and return the new commit."""
        repository = self._state.repositories[full_name]
        pull = self._state.pulls.get(repository, number)
        if pull is None:
            raise KeyError(f"{full_name} has no pull request {number}")
        message = f"Merge pull request #{number} from {pull.head}\n\n{pull.title}"
        return self._state.merge(repository, pull, message, squash=squash).merge_sha

    def page(self, full_name: str, number: int) -> str:
        """Return the address of a pull request's page."""
        return f"{self.url}/{full_name}/pull/{number}"

    # statuses

    def statuses(self, *, repository: str = "", sha: str = "", context: str = "") -> list[Written]:
        """Return the statuses accepted so far, oldest first; ``""`` means any."""
        return self._state.ledger.all(repository=repository, sha=sha, context=context)

    def wait_for_status(
        self, sha: str, context: str, state: str | Collection[str], timeout: float = 60, after: int = 0
    ) -> Written:
        """Return the first status of a commit and context in ``state`` (a word of the forge, or several).

        One that came before counts, unless its number is not above ``after``. Raises :class:`TimeoutError`
        naming what came instead, and ``ledger.Closed`` when the forge stops meanwhile.
        """
        states = (state,) if isinstance(state, str) else state
        found = self._state.ledger.wait(sha=sha, context=context, states=states, timeout=timeout, after=after)
        if found is None:
            seen = [(one.context, one.state, one.description) for one in self.statuses(sha=sha)]
            raise TimeoutError(f"{sha} got no {context} {' or '.join(states)} in {timeout} s, only {seen}")
        return found

    def fail_next(self, *troubles: Fault) -> None:
        """Let the next status writes that pass every rule meet ``troubles`` (see :mod:`faults`), one each."""
        self._state.script.add(*troubles)

    def note(self, repository: str, sha: str, context: str, state: str) -> Written:
        """Keep a status as if somebody had written it, past every rule."""
        return self._state.ledger.add(
            repository=repository, sha=sha, context=context, state=state, description="", target_url="", creator="note"
        )

    def jobs(self, project: str, sha: str) -> list[Job]:
        """Return GitLab's jobs of a commit, oldest first; none for a forge of another kind."""
        api = self._state.api
        return api.jobs(project, sha) if isinstance(api, GitLab) else []

    @property
    def state(self) -> State:
        """All that the forge holds: its GitHub Apps, its check runs, and what it can do to its repositories."""
        return self._state

    def add_token(self, token: str, user: str) -> None:
        """Let another bot user in."""
        self._state.tokens[token] = user

    @property
    def calls(self) -> list[Call]:
        """The API calls that came in, oldest first."""
        return list(self._state.calls)

    @property
    def fetches(self) -> list[str]:
        """The full names of the repositories objects were fetched from, once for each fetch or clone."""
        return list(self._state.fetches)

    # deliveries

    def add_webhook(self, url: str) -> None:
        """Send deliveries of what happens from now on to ``url`` too."""
        self._state.courier.subscribe(url)

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries so far, in the order of what happened; wait with :meth:`settle` for their answers."""
        return self._state.courier.all()

    def settle(self, timeout: float = 60) -> list[Delivery]:
        """Wait until every delivery has its answer and return them; raises :class:`TimeoutError`."""
        if not self._state.courier.settle(timeout):
            raise TimeoutError(f"deliveries still without an answer after {timeout} s")
        return self.deliveries

    def redeliver(self, guid: str) -> None:
        """Send a delivery once more: the same GUID and bytes. Works for one that silence swallowed, too."""
        if not self._state.courier.redeliver(guid):
            raise KeyError(f"no delivery {guid}")

    def silence(self, *, on: bool = True) -> None:
        """Record deliveries and do not send them, as when a forge's deliveries get lost; ``on=False`` ends it."""
        self._state.courier.is_silent = on
