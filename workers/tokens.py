"""Bearer tokens: signed JSON Web Tokens that say who may ask for what, on which apps.

``hookline token`` makes them (:func:`mint`), the edge checks them (:func:`verify`). Whose tokens count is
:mod:`workers.trust`'s, keys and signatures are :mod:`workers.signing`'s; the claims are checked in
:mod:`workers.claims` against the caller's clock: python-jose reads its own and takes a token without ``exp``.
Sources: RFC 7515 (JWS), 7518 (algorithms),
8725 (best current practice), 6750 (Bearer).
"""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from workers.claims import BadToken, Claims, Granted, Rule, checked
from workers.errors import BadConfiguration
from workers.trust import Issuer

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LONGEST_HEADER", "BadToken", "Claims", "Granted", "Issuer", "Rule", "Signed", "mint", "read", "verify"]

LONGEST_HEADER = 8 * 1024
"""Longest ``Authorization`` value looked at, in characters."""

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_BRINGS_KEYS = frozenset({"jwk", "jku", "x5u", "x5c"})


@dataclass(frozen=True, slots=True)
class Signed:
    """A token taken apart; nothing of it is true before its signature is checked."""

    issuer: object
    kid: str
    algorithm: object
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def read(header: str | None) -> Signed:
    """Take the token of an ``Authorization`` header apart. Raises :class:`BadToken` when it is none of our kind.

    Keys that a token brings or points to itself are never looked at: such a token is refused. ``kid`` is only a name.
    """
    if not header:
        raise BadToken("no bearer token was sent")
    if len(header) > LONGEST_HEADER:
        raise BadToken(f"the Authorization header is longer than {LONGEST_HEADER} characters")
    shape = _BEARER.fullmatch(header)
    if shape is None:
        raise BadToken("the Authorization header must be 'Bearer' and one signed token")
    head, claims = _object(shape[1]), _object(shape[2])
    if "crit" in head or str(head.get("typ", "JWT")).lower() not in _TYPES:
        raise BadToken("the token is of a kind Hookline does not know")
    if not _BRINGS_KEYS.isdisjoint(head):
        raise BadToken("the token names a key of its own: only the issuer's configured keys count")
    kid = head.get("kid", "")
    if not isinstance(kid, str):
        raise BadToken("the token's 'kid' must be a text")
    signed = f"{shape[1]}.{shape[2]}".encode("ascii")
    return Signed(claims.get("iss"), kid, head.get("alg"), claims, signed, _decoded(shape[3]))


def verify(header: str | None, issuers: Sequence[Issuer], now: float) -> Claims:
    """Return the claims of the token in an ``Authorization`` header, valid at ``now`` (epoch seconds).

    Raises :class:`BadToken` for whatever the sender got wrong, and for a key of ours that cannot be used
    :class:`BadConfiguration` or what ``Issuer.keys`` raises; nothing else. Two issuers of one name are both tried:
    that is key rotation.
    """
    token = read(header)
    candidates = [issuer for issuer in issuers if issuer.issuer == token.issuer]
    if not candidates:
        raise BadToken("the token's issuer is not one Hookline trusts")
    for issuer in candidates:
        if _signed(token, issuer):
            return checked(token.claims, issuer.terms, now)
    raise BadToken("the token's signature or algorithm is wrong")


def mint(
    issuer: Issuer,
    subject: str,
    scopes: Sequence[str],
    apps: Sequence[str],
    lifetime: float,
    now: float,
    token_id: str,
) -> str:
    """Return a signed token for ``subject``, valid from ``now`` for ``lifetime`` seconds.

    ``scopes`` are single words, ``apps`` globs. Signed with the issuer's first algorithm. Raises
    :class:`BadConfiguration` when the key cannot sign, or the token would not pass :func:`verify`.
    """
    if not (0 < lifetime < math.inf and 0 < now < math.inf):
        raise BadConfiguration("a token's lifetime must be a positive number of seconds")
    if any(scope.split() != [scope] for scope in scopes):
        raise BadConfiguration("a scope must be one word")
    algorithm = issuer.algorithms[0]
    claims = {
        "iss": issuer.issuer,
        "aud": issuer.audience,
        "sub": subject,
        "jti": token_id,
        "iat": math.floor(now),
        "nbf": math.floor(now),
        "exp": math.ceil(now + lifetime),
        "scope": " ".join(scopes),
        "apps": list(apps),
    }
    try:
        checked(claims, issuer.terms, now)
    except BadToken as error:
        raise BadConfiguration(f"no such token can be made: {error}") from None
    signed = f"{_segment(orjson.dumps({'alg': algorithm, 'typ': 'JWT'}))}.{_segment(orjson.dumps(claims))}"
    key = issuer.local(algorithm)
    try:
        token = f"{signed}.{_segment(key.sign(signed.encode('ascii')))}"
    except BadConfiguration as error:
        raise BadConfiguration(f"the key of issuer {issuer.issuer!r} cannot sign {algorithm}: {error}") from None
    if len(token) + len("Bearer ") > LONGEST_HEADER:
        raise BadConfiguration("no such token can be made: it would be too long, name fewer apps")
    return token


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decoded(segment: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise BadToken("the token is not made of base64url segments") from None


def _object(segment: str) -> dict[str, Any]:
    """Decode one segment that must be a JSON object; NaN, lone surrogates and deep nesting are refused."""
    try:
        value = orjson.loads(_decoded(segment))
    except orjson.JSONDecodeError:
        raise BadToken("the token is not made of JSON") from None
    if not isinstance(value, dict):
        raise BadToken("the token is not made of JSON objects")
    return value


def _signed(token: Signed, issuer: Issuer) -> bool:
    """Whether the issuer signed these bytes with an algorithm it may use.

    A key is bound to the algorithm and asked directly: ``jws.verify`` would parse the header again with another JSON
    reader (which overflows the stack on nested arrays) and try the key as a key set.
    """
    if not isinstance(token.algorithm, str) or token.algorithm not in issuer.algorithms:
        return False
    return any(key.verify(token.signed, token.signature) for key in issuer.candidates(token.algorithm, token.kid))
