"""GitHub Apps at the stand-in: who they are, where they are installed, and the tokens made for an installation.

Field facts: GitHub docs, "Generating a JSON Web Token (JWT) for a GitHub App" and "REST API endpoints for GitHub
Apps". A token in the stateless format (``ghs_APPID_JWT``) is good for an hour, for the repositories and permissions
it was asked for.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from jose import jwt
from jose.exceptions import JOSEError

LIFETIME: Final = 3600.0
"""Seconds an installation token is good for."""
MOST: Final = 600.0
"""Seconds into the future that a JWT may expire."""
_LEVELS: Final = ("read", "write", "admin")


class Denied(Exception):
    """GitHub turns the caller away with a code and words of its own."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


@dataclass(frozen=True, slots=True)
class App:
    """One App: its number, its client ID, its public key as PEM."""

    number: int
    client_id: str
    slug: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Installation:
    """An App at one owner's repositories; no names stand for all of them."""

    number: int
    app: App
    owner: str
    permissions: Mapping[str, str]
    names: tuple[str, ...] = ()
    suspended: bool = False

    def reaches(self, full_name: str) -> bool:
        """Whether a repository is one of its."""
        owner, _, name = full_name.partition("/")
        return owner == self.owner and (not self.names or name in self.names)


@dataclass(frozen=True, slots=True)
class Token:
    """What an installation token is good for, until ``expires`` (seconds since the epoch)."""

    text: str = field(repr=False)
    installation: int
    names: tuple[str, ...]
    permissions: Mapping[str, str]
    expires: float


@dataclass(slots=True)
class Apps:
    """All Apps of a forge. Safe for threads. ``now`` may be set, for tokens and JWTs of another time."""

    apps: list[App] = field(default_factory=list)
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    ahead: float = 0.0
    """Seconds that this forge's clock is ahead."""
    guard: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def now(self) -> float:
        """Return this forge's time, in seconds since the epoch."""
        return time.time() + self.ahead

    def register(self, public_key: str) -> App:
        """Make an App."""
        with self.guard:
            number = 1000 + len(self.apps)
            self.apps.append(App(number, f"Iv23li{number}", f"hookline-{number}", public_key))
            return self.apps[-1]

    def install(self, app: App, owner: str, permissions: Mapping[str, str], names: Sequence[str] = ()) -> Installation:
        """Install an App for an owner's repositories, all of them or the named."""
        with self.guard:
            made = Installation(5000 + len(self.installations), app, owner, dict(permissions), tuple(names))
            self.installations[made.number] = made
            return made

    def suspend(self, number: int, *, on: bool = True) -> None:
        """Suspend an installation, or end that."""
        with self.guard:
            self.installations[number] = replace(self.installations[number], suspended=on)

    def uninstall(self, number: int) -> None:
        """Remove an installation; its tokens are good for nothing."""
        with self.guard:
            del self.installations[number]

    def revoke(self) -> None:
        """Forget all tokens, as when somebody revokes them."""
        with self.guard:
            self.tokens.clear()

    def signed(self, assertion: str) -> App:
        """Return the App that a JWT speaks for. Raises :class:`Denied`, in GitHub's words."""
        undecoded = Denied(401, "A JSON web token could not be decoded")
        try:
            if jwt.get_unverified_header(assertion).get("alg") != "RS256":
                raise undecoded
            claims: dict[str, Any] = jwt.get_unverified_claims(assertion)
        except JOSEError:
            raise undecoded from None
        app = next((one for one in self.apps if str(claims.get("iss")) in (str(one.number), one.client_id)), None)
        if app is None:
            raise Denied(404, "Integration not found")
        try:
            jwt.decode(assertion, app.public_key, algorithms=["RS256"], options={"verify_exp": False})
        except JOSEError:
            raise undecoded from None
        begins, ends, now = claims.get("iat"), claims.get("exp"), self.now()
        if type(ends) is not int or ends <= now:
            raise Denied(
                401,
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the"
                " assertion expires",
            )
        if ends > now + MOST:
            raise Denied(401, "'Expiration time' claim ('exp') is too far in the future")
        if type(begins) is not int or begins > now:
            raise Denied(
                401,
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            )
        return app

    def grant(self, app: App, number: int, body: Mapping[str, Any], known: Mapping[int, str]) -> Token:
        """Make a token for an installation; ``known`` maps repository ids to full names. Raises :class:`Denied`."""
        with self.guard:
            place = self.installations.get(number)
            if place is None or place.app != app:
                raise Denied(404, "Not Found")
            if place.suspended:
                raise Denied(403, "This installation has been suspended")
            wanted = [f"{place.owner}/{name}" for name in body.get("repositories", ())]
            wanted += [known.get(one, "") for one in body.get("repository_ids", ())]
            if any(name not in known.values() or not place.reaches(name) for name in wanted):
                raise Denied(
                    422,
                    "There is at least one repository that does not exist or is not accessible to the parent"
                    " installation.",
                )
            permissions = dict(body.get("permissions") or place.permissions)
            if not all(_covers(place.permissions, name, level) for name, level in permissions.items()):
                raise Denied(422, "The permissions requested are not granted to this installation.")
            text = f"ghs_{app.number}_eyJhbGciOiJIUzI1NiJ9.{secrets.token_hex(12)}.{secrets.token_hex(24)}"
            self.tokens.append(Token(text, number, tuple(wanted), permissions, self.now() + LIFETIME))
            return self.tokens[-1]

    def holder(self, text: str, full_name: str, needs: tuple[str, str]) -> App:
        """Return the App a token makes its bearer, if the token is good for a call. Raises :class:`Denied`."""
        with self.guard:
            token = next((one for one in self.tokens if one.text == text and one.expires > self.now()), None)
            place = self.installations.get(token.installation) if token else None
            if token is None or place is None:
                raise Denied(401, "Bad credentials")
            if place.suspended:
                raise Denied(403, "This installation has been suspended")
            if not place.reaches(full_name) or (token.names and full_name not in token.names):
                raise Denied(404, "Not Found")
            if not _covers(token.permissions, *needs):
                raise Denied(403, "Resource not accessible by integration")
            return place.app


def _covers(granted: Mapping[str, str], name: str, level: str) -> bool:
    """Whether permissions hold one at a level or above. Pure."""
    has = granted.get(name, "")
    return has in _LEVELS and level in _LEVELS and _LEVELS.index(has) >= _LEVELS.index(level)
