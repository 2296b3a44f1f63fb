"""What a bearer token says once its signature is right: claim by claim, against the caller's clock.

Nothing here knows keys or signatures. Source: RFC 7519 §4 (registered claims), RFC 8693 §4.2 (``scope``).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

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
class Claims:
    """What a verified token says: who, the token's id, the scopes, and the apps as globs."""

    subject: str
    token_id: str
    scopes: frozenset[str]
    apps: tuple[str, ...]

    def allows(self, scope: str, app: str) -> bool:
        """Whether the token grants ``scope`` on ``app``; without an ``apps`` claim it grants no app."""
        return scope in self.scopes and any(fnmatchcase(app, glob) for glob in self.apps)


def checked(claims: Mapping[str, Any], audience: str, now: float) -> Claims:
    """Return the claims of a token whose signature is right, for us (``audience``) and valid at ``now``.

    ``exp``, ``aud``, ``sub`` and ``jti`` are required. Raises :class:`BadToken` naming the claim.
    """
    named = claims.get("aud")
    if audience not in (named if isinstance(named, list) else [named]):
        raise BadToken("claim 'aud' does not name this Hookline")
    if _moment(claims, "exp", required=True) + SKEW <= now:
        raise BadToken("the token has expired")
    for name in ("nbf", "iat"):
        if _moment(claims, name) - SKEW > now:
            raise BadToken(f"claim '{name}' lies in the future")
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise BadToken("claim 'scope' must be a text of words separated by spaces")
    apps = claims.get("apps", [])
    if not isinstance(apps, list) or len(apps) > _MOST_APPS or not all(map(_is_name, apps)):
        raise BadToken(f"claim 'apps' must be a list of up to {_MOST_APPS} names or globs")
    return Claims(_name(claims, "sub"), _name(claims, "jti"), frozenset(scope.split()), tuple(apps))


def _moment(claims: Mapping[str, Any], name: str, *, required: bool = False) -> float:
    """Return a NumericDate (RFC 7519 §2), or 0 for an absent claim that is not required."""
    value = claims.get(name) if required or name in claims else 0
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
