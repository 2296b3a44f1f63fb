"""Bearer tokens: signed JSON Web Tokens that say who may ask for what, on which apps.

``hookline token`` makes them (:func:`mint`), the edge checks them (:func:`verify`). The signature is checked
with python-jose; the claims are checked in :mod:`workers.claims` against the caller's clock, because
python-jose reads its own and takes a token without ``exp``. Sources: RFC 7515 (JWS), 7518 (algorithms),
8725 (best current practice), 6750 (Bearer).
"""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from jose import jwk, jws
from jose.exceptions import JOSEError

from workers.claims import BadToken, Claims, checked
from workers.errors import BadConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jose.backends.base import Key

__all__ = ["LONGEST_HEADER", "BadToken", "Claims", "Issuer", "mint", "verify"]

LONGEST_HEADER = 8 * 1024
"""Longest ``Authorization`` value looked at, in characters."""

# RFC 7518 §3.2: an HMAC key must be at least as long as the hash, in bytes
_HMAC = {"HS256": 32, "HS384": 48, "HS512": 64}
_ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"})
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})


@dataclass(frozen=True, slots=True)
class Issuer:
    """Someone whose tokens count: name, the audience they must name us by, allowed algorithms, and the key.

    ``key`` returns the HMAC secret, or a PEM: public to verify, private to mint. It is called for every
    token, so a replaced key file counts at once. Raises :class:`BadConfiguration` when the algorithms are
    none, unknown, or mix shared secrets with key pairs (which invites using a public key as a secret).
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    key: Callable[[], str] = field(repr=False)

    def __post_init__(self) -> None:
        allowed = set(self.algorithms)
        if not self.issuer or not self.audience:
            raise BadConfiguration("a token issuer needs a name and an audience", field="issuer")
        if not allowed or not (allowed <= _HMAC.keys() or allowed <= _ASYMMETRIC):
            known = f"{', '.join(sorted(_HMAC))}, or of {', '.join(sorted(_ASYMMETRIC))}"
            raise BadConfiguration(f"must be one or more of {known}, not a mix", field="algorithms")


def verify(header: str | None, issuers: Sequence[Issuer], now: float) -> Claims:
    """Return the claims of the token in an ``Authorization`` header, valid at ``now`` (epoch seconds).

    Raises :class:`BadToken` for whatever the sender got wrong and :class:`BadConfiguration` for a key of
    ours that cannot be used; nothing else. Two issuers of one name are both tried: that is key rotation.
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
    candidates = [issuer for issuer in issuers if issuer.issuer == claims.get("iss")]
    if not candidates:
        raise BadToken("the token's issuer is not one Hookline trusts")
    signed, signature = f"{shape[1]}.{shape[2]}".encode("ascii"), _decoded(shape[3])
    for issuer in candidates:
        if _signed(signed, signature, head.get("alg"), issuer):
            return checked(claims, issuer.audience, now)
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
        checked(claims, issuer.audience, now)
        token = jws.sign(claims, _key(issuer, algorithm), algorithm=algorithm)
    except BadToken as error:
        raise BadConfiguration(f"no such token can be made: {error}") from None
    except JOSEError as error:
        raise BadConfiguration(f"the key of issuer {issuer.issuer!r} cannot sign {algorithm}") from error
    if len(token) + len("Bearer ") > LONGEST_HEADER:
        raise BadConfiguration("no such token can be made: it would be too long, name fewer apps")
    return token


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


def _key(issuer: Issuer, algorithm: str) -> Key:
    """Return the issuer's key, proven to be of the algorithm's kind; a PEM is never taken for a secret."""
    text = issuer.key()
    least = _HMAC.get(algorithm, 1)
    if len(text.encode("utf-8")) < least:
        raise BadConfiguration(f"the key of issuer {issuer.issuer!r} must have at least {least} bytes")
    try:
        key = jwk.construct(text, algorithm)
        # python-jose takes any PEM for any algorithm and stumbles later; describing the key finds out now
        curve = algorithm not in _HMAC and key.public_key().to_dict().get("crv")
    except (JOSEError, AttributeError, KeyError) as error:
        message = f"the key of issuer {issuer.issuer!r} is not one for {algorithm}"
        raise BadConfiguration(message) from error
    if curve and curve != _CURVES.get(algorithm):
        raise BadConfiguration(f"the key of issuer {issuer.issuer!r} has curve {curve}, not {algorithm}'s")
    return key


def _signed(signed: bytes, signature: bytes, algorithm: object, issuer: Issuer) -> bool:
    """Whether the issuer signed these bytes with an algorithm it may use.

    The key object is bound to the algorithm and asked directly: ``jws.verify`` would parse the header again
    with another JSON reader (which overflows the stack on nested arrays) and try the key as a key set.
    """
    if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
        return False
    key = _key(issuer, algorithm)
    return (key if algorithm in _HMAC else key.public_key()).verify(signed, signature)
