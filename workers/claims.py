"""What a bearer token says once its signature is right: claim by claim, against the caller's clock.

Nothing here knows keys or signatures. Source: RFC 7519 §4 (registered claims), RFC 8693 §4.2 (``scope``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workers import globs
from workers.errors import HooklineError

if TYPE_CHECKING:
    from collections.abc import Mapping

SKEW = 60.0
"""How far the clocks of issuer and edge may differ, in seconds."""

_LAST_MOMENT = 253402300799  # 9999-12-31: beyond it a number is no date but an attempt
_MOST_APPS = 1000
_LONGEST_NAME = 256


class BadToken(HooklineError):
    """The request carries no token we accept (answered 401); the message shows nothing of the token."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Scopes, each on every app that one of the globs stands for."""

    scopes: frozenset[str]
    apps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a token of a foreign issuer is worth when each of these claims fits its glob."""

    claims: tuple[tuple[str, str], ...]
    granted: Granted

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether a token's claims are as this rule wants them. Only texts, whole numbers and booleans can be."""
        return bool(self.claims) and all(globs.matches(_text(claims.get(name)), glob) for name, glob in self.claims)


@dataclass(frozen=True, slots=True)
class Terms:
    """What an issuer's tokens must be: for whom, how long at most (seconds), and what foreign ones are worth.

    Without ``rules`` a token's own ``scope`` and ``apps`` count; with them, only the rules do.
    """

    audience: str
    longest: float = 86400.0
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: who, the token's id, what is granted, who issued it and when it ends."""

    subject: str
    token_id: str
    grants: tuple[Granted, ...]
    issuer: str = field(default="", compare=False)
    expires: float = field(default=0.0, compare=False)

    def allows(self, scope: str, app: str) -> bool:
        """Whether the token grants ``scope`` on ``app``; without an ``apps`` claim it grants no app."""
        found = (one for one in self.grants if scope in one.scopes)
        return any(globs.matches(app, glob) for one in found for glob in one.apps)

    def allows_all(self, scope: str) -> bool:
        """Whether the token grants ``scope`` on every app, those of the future too."""
        return any(scope in one.scopes and not {"*", "**"}.isdisjoint(one.apps) for one in self.grants)

    @property
    def digest(self) -> str:
        """A name of fixed length for this very token: of its issuer and id."""
        return hashlib.sha256(f"{self.issuer}\0{self.token_id}".encode()).hexdigest()


def checked(claims: Mapping[str, Any], terms: Terms, now: float) -> Claims:
    """Return the claims of a token whose signature is right, for us and valid at ``now``.

    ``iss exp nbf iat aud sub jti`` are required. Raises :class:`BadToken` naming the claim.
    """
    named = claims.get("aud")
    if terms.audience not in (named if isinstance(named, list) else [named]):
        raise BadToken("claim 'aud' does not name this Hookline")
    expires, issued, begins = (_moment(claims, name) for name in ("exp", "iat", "nbf"))
    if expires + SKEW <= now:
        raise BadToken("the token has expired")
    for name, moment in (("nbf", begins), ("iat", issued)):
        if moment - SKEW > now:
            raise BadToken(f"claim '{name}' lies in the future")
    if expires - issued > terms.longest + SKEW:
        raise BadToken(f"the token is good for longer than the {terms.longest:g} s its issuer may give")
    if terms.rules:
        grants = tuple(rule.granted for rule in terms.rules if rule.fits(claims))
    else:
        grants = (Granted(_scopes(claims), _apps(claims)),)
    return Claims(_name(claims, "sub"), _name(claims, "jti"), grants, _name(claims, "iss"), expires)


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise BadToken("claim 'scope' must be a text of words separated by spaces")
    return frozenset(scope.split(" ")) - {""}


def _apps(claims: Mapping[str, Any]) -> tuple[str, ...]:
    apps: Sequence[object] = claims.get("apps", [])
    if not isinstance(apps, list) or len(apps) > _MOST_APPS or not all(map(_is_name, apps)):
        raise BadToken(f"claim 'apps' must be a list of up to {_MOST_APPS} names or globs")
    if wrong := next(filter(None, map(globs.fault, apps)), ""):
        raise BadToken(f"claim 'apps' cannot be read: a glob {wrong}")
    return tuple(apps)


def _text(value: object) -> str:
    """Return a claim as it is compared; "", which fits nothing, for what is no plain value."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else ""


def _moment(claims: Mapping[str, Any], name: str) -> float:
    """Return a NumericDate (RFC 7519 §2)."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_MOMENT:
        raise BadToken(f"claim '{name}' must be a date in seconds since 1970")
    return value


def _name(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not _is_name(value):
        raise BadToken(f"claim '{name}' must be a text of 1 to {_LONGEST_NAME} printable characters")
    return str(value)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()
