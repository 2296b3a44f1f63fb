"""Speaking to GitHub as an App: a token for one repository and one purpose, made when it is needed.

Field facts: GitHub docs, "Generating a JSON Web Token (JWT) for a GitHub App" and "Create an installation access token
for an app". Tokens live in this process's memory and nowhere else: not in Redis, not on disk, not in another process.
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from workers.errors import AccessDenied, ForgeUnreachable, OperatorError
from workers.forges import github, http, limits
from workers.forges.account import Account
from workers.forges.assertions import assertion
from workers.forges.refusals import TokenRefused, too_many

if TYPE_CHECKING:
    import httpx2

    from workers.forges.http import Answer

EARLY: Final = 300.0
"""Seconds before its end from which a token is no longer used."""
_MOVED = re.compile(r"/repositories/(\d+)/")


class Purpose(NamedTuple):
    """What a token is for: the permissions it must have, and may have where the App has them, at one level."""

    needed: frozenset[str]
    useful: frozenset[str] = frozenset()
    level: str = "write"


REPORTING: Final = Purpose(frozenset({"checks"}), frozenset({"statuses"}))
"""Check runs; and an older commit status of the same name, to end it."""
REDELIVERY: Final = Purpose(frozenset({"repository_hooks"}))
CLONING: Final = Purpose(frozenset({"contents"}), level="read")
PULLS: Final = Purpose(frozenset({"pull_requests"}), frozenset({"issues"}))
"""Reading pull requests, their labels and reviews, and commenting below them."""
DEPLOYING: Final = Purpose(frozenset({"deployments"}))


@dataclass(frozen=True, slots=True)
class Token:
    """An installation token, usable until ``until`` (epoch seconds of this machine's clock)."""

    text: str = field(repr=False)
    until: float


@dataclass(frozen=True, slots=True)
class Place:
    """An installation: its number, what its owner granted, and the repository's number if it has another name now."""

    number: int
    granted: dict[str, str]
    repository: int = 0


class Installations:
    """The tokens of one App at one forge, for any repository it is installed for. Safe for threads.

    ``key`` is read for each new token, so that a key that was replaced counts at once.
    """

    def __init__(
        self,
        api: str,
        app: str,
        key: Callable[[], str],
        client: httpx2.Client,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = Account("github", api, lambda: assertion(app, key(), clock()), client=client)
        self._app, self._client, self._clock = app, client, clock
        self._held: dict[tuple[str, Purpose], Token] = {}
        self._locks: defaultdict[tuple[str, Purpose], threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()

    def token(self, repository: str, purpose: Purpose) -> str:
        """Return a token for one repository, the one at hand while it is good for :data:`EARLY` seconds more.

        Raises :class:`AccessDenied` when the App is unknown, not installed there, suspended or lacks a permission;
        otherwise as :func:`workers.forges.write`.
        """
        with self._guard:
            lock = self._locks[repository, purpose]
        with lock:
            held = self._held.get((repository, purpose))
            if held is None or held.until <= self._clock():
                held = self._held[repository, purpose] = self._made(repository, purpose)
            return held.text

    def renewed(self, repository: str, purpose: Purpose, refused: str) -> str:
        """Return another token than the one the forge refused; raises as :meth:`token`."""
        with self._guard:
            lock = self._locks[repository, purpose]
        with lock:
            held = self._held.get((repository, purpose))
            if held is not None and held.text == refused:
                del self._held[repository, purpose]
        return self.token(repository, purpose)

    def bot(self) -> str:
        """Return the name that what the App writes is by; raises as :meth:`token`."""
        found = self._answered("itself", http.Call("GET", "/app"), 200).json()
        slug = found.get("slug") if isinstance(found, dict) else None
        if not isinstance(slug, str) or not slug:
            raise OperatorError(f"{self._account.host} did not answer with an App: check `api`")
        return f"{slug}[bot]"

    def _made(self, repository: str, purpose: Purpose) -> Token:
        found = self._answered(repository, http.Call("GET", f"/repos/{github.named(repository)}/installation"), 200)
        place = installation(found, self._account.host)
        enough = {purpose.level, "write"}
        if lacking := sorted(name for name in purpose.needed if place.granted.get(name) not in enough):
            raise AccessDenied(
                f"GitHub App {self._app} lacks the permission to {purpose.level} {', '.join(lacking)} of {repository}:"
                " give it on the App's page, then the owner of the repository has to accept it"
            )
        wanted = {name for name in purpose.needed | purpose.useful if place.granted.get(name) in enough}
        body: dict[str, Any] = {"permissions": dict.fromkeys(sorted(wanted), purpose.level)}
        body |= (
            {"repository_ids": [place.repository]}
            if place.repository
            else {"repositories": [repository.partition("/")[2]]}
        )
        call = http.Call("POST", f"/app/installations/{place.number}/access_tokens", body)
        return token(self._answered(repository, call, 201), self._account.host, self._clock())

    def _answered(self, repository: str, call: http.Call, good: int) -> Answer:
        call = http.Call(call.method, call.path, call.body, github.HEADERS)
        answer = http.send(self._account, self._client, call)
        if answer.code != good:
            raise refusal(answer, self._account.host, self._app, repository, self._clock())
        return answer


def installation(answer: Answer, host: str) -> Place:
    """Read where an App is installed. Pure. Raises :class:`OperatorError` for what is no such answer,
    :class:`AccessDenied` for an installation that was suspended.
    """
    found = answer.json()
    number = found.get("id") if isinstance(found, dict) else None
    granted = found.get("permissions") if isinstance(found, dict) else None
    if type(number) is not int or not isinstance(granted, dict):
        raise OperatorError(f"{host} did not answer with an installation of an App: check `api`")
    if found.get("suspended_at"):
        raise AccessDenied(f"the App's installation {number} at {host} is suspended: its owner has to end that")
    moved = _MOVED.search(answer.moved)
    return Place(number, {str(key): str(value) for key, value in granted.items()}, int(moved[1]) if moved else 0)


def token(answer: Answer, host: str, now: float) -> Token:
    """Read an installation token. Pure; ``now`` is epoch seconds. Raises :class:`OperatorError` for anything else.

    How long it is good for is taken from the forge's own clock where the answer tells it.
    """
    made = answer.json()
    try:
        text, ends = str(made["token"]), datetime.fromisoformat(made["expires_at"]).timestamp()
    except (KeyError, TypeError, ValueError):
        raise OperatorError(f"{host} did not answer with a token of an installation: check `api`") from None
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        theirs = now
    return Token(text, now + ends - theirs - EARLY)


def refusal(answer: Answer, host: str, app: str, repository: str, now: float) -> OperatorError | ForgeUnreachable:
    """Return the error an answer to an App's own call means. Pure; ``now`` is epoch seconds."""
    code, says = answer.code, answer.says()
    said = f"{host} answered {code} to GitHub App {app} for {repository}" + (f" ({says})" if says else "")
    if code in (403, 429) and (wait := github.pause(answer, now)) is not None:
        return too_many(said, wait)
    if code == 401:
        return TokenRefused(f"{said}: check `app.id`, `app.key` and this machine's clock")
    if code == 404 and "integration not found" in says.lower():
        return TokenRefused(f"{said}: there is no such App, check `app.id`")
    if code == 404:
        return AccessDenied(f"{said}: the App is not installed there, or no longer; install it for the repository")
    if code == 403:
        return AccessDenied(f"{said}: the App's installation is suspended or blocked; its owner has to end that")
    if code == 422:
        return AccessDenied(f"{said}: the App lacks a permission or the repository; look at its installation")
    if code in (408, 409) or code >= 500:
        return ForgeUnreachable(said, limits.wait(answer.headers, now))
    return OperatorError(f"{said}: check that `api` is the address of GitHub's API")
