"""Keys of bearer tokens: a text or a published key in, something that signs or verifies out.

RSA, elliptic curve and HMAC signatures are python-jose's; it knows no Ed25519 (RFC 8037), so that is `cryptography`'s,
behind the same seam. A key is bound to one algorithm when it is made, and proven to be of its kind: what a token's
header says can only choose among the algorithms allowed, never turn a public key into a secret (RFC 8725 §3.1).
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jose import jwk
from jose.exceptions import JOSEError

from workers.errors import BadConfiguration

HMAC: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
"""RFC 7518 §3.2: an HMAC key must be at least as long as the hash, in bytes."""
CURVES: Final = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
RSA: Final = frozenset({"RS256", "RS384", "RS512"})
ASYMMETRIC: Final = RSA | CURVES.keys() | {"EdDSA"}
LEAST_RSA: Final = 2048
"""Bits: RFC 7518 §3.3. More than the most would let whoever publishes a key decide how long we compute."""
MOST_RSA: Final = 8192

Public = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
_PRIVATE = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)
_PUBLIC = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)
_PEM = re.compile(r"\s*(-----BEGIN |ssh-|ecdsa-)")


class Key(Protocol):
    """Verifies, and signs where it is a secret or a private key."""

    def verify(self, msg: bytes, sig: bytes) -> bool:
        """Whether the signature is this key's, over these bytes; false for whatever is no signature at all."""

    def sign(self, msg: bytes) -> bytes:
        """Return the signature. Raises :class:`BadConfiguration` when this key only verifies."""


class _Ed25519:
    """EdDSA with Ed25519: RFC 8037 §3.1."""

    def __init__(self, key: ed25519.Ed25519PublicKey | ed25519.Ed25519PrivateKey) -> None:
        self._private = key if isinstance(key, ed25519.Ed25519PrivateKey) else None
        self._public = key.public_key() if isinstance(key, ed25519.Ed25519PrivateKey) else key

    def verify(self, msg: bytes, sig: bytes) -> bool:
        try:
            self._public.verify(sig, msg)
        except InvalidSignature:
            return False
        return True

    def sign(self, msg: bytes) -> bytes:
        if self._private is None:
            raise BadConfiguration("a public key cannot sign")
        return self._private.sign(msg)


class _Jose:
    """One of python-jose's keys; it verifies with the public half only."""

    def __init__(self, key: object, algorithm: str) -> None:
        public = key.public_key() if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else key
        self._signs = algorithm in HMAC or public is not key
        self._key = jwk.construct(key, algorithm)  # type: ignore[arg-type]
        self._public = jwk.construct(public, algorithm)  # type: ignore[arg-type]

    def verify(self, msg: bytes, sig: bytes) -> bool:
        return bool(self._public.verify(msg, sig))

    def sign(self, msg: bytes) -> bytes:
        if not self._signs:
            raise BadConfiguration("a public key cannot sign")
        return bytes(self._key.sign(msg))


def secret(text: str, algorithm: str) -> Key:
    """Return the key of a text: a shared secret for HMAC, otherwise a PEM, public or private.

    Raises :class:`BadConfiguration`, a sentence's end without the text: a secret that is too short or a PEM, a PEM
    that is none or is of another kind or curve than the algorithm's, RSA of less than 2048 bits.
    """
    if algorithm in HMAC:
        if len(text.encode("utf-8")) < HMAC[algorithm]:
            raise BadConfiguration(f"must have at least {HMAC[algorithm]} bytes")
        try:
            if _PEM.match(text):
                raise BadConfiguration(f"is a key pair's, not a secret for {algorithm}")
            return _Jose(text, algorithm)
        except JOSEError:
            raise BadConfiguration(f"is not one for {algorithm}") from None
    return of(_loaded(text.encode("utf-8")), algorithm)


def of(key: object, algorithm: str) -> Key:
    """Return the key for one algorithm. Raises :class:`BadConfiguration` when it is of another kind or too weak."""
    if wrong := unfit(key, algorithm):
        raise BadConfiguration(wrong)
    if isinstance(key, ed25519.Ed25519PublicKey | ed25519.Ed25519PrivateKey):
        return _Ed25519(key)
    return _Jose(key, algorithm)


def unfit(key: object, algorithm: str) -> str:
    """Return why a key is none for an algorithm, "" when it is one. Pure."""
    match key:
        case rsa.RSAPublicKey() | rsa.RSAPrivateKey() if algorithm in RSA:
            return "" if LEAST_RSA <= key.key_size <= MOST_RSA else f"has {key.key_size} bits: expected {LEAST_RSA}"
        case ec.EllipticCurvePublicKey() | ec.EllipticCurvePrivateKey() if algorithm in CURVES:
            return "" if key.curve.name == CURVES[algorithm] else f"has curve {key.curve.name}, not {algorithm}'s"
        case ed25519.Ed25519PublicKey() | ed25519.Ed25519PrivateKey() if algorithm == "EdDSA":
            return ""
    return f"is not one for {algorithm}"


def _loaded(pem: bytes) -> Public | Private:
    found: object = None
    for load in (serialization.load_pem_public_key, lambda text: serialization.load_pem_private_key(text, None)):
        try:
            found = load(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        break
    if not isinstance(found, (*_PUBLIC, *_PRIVATE)):
        raise BadConfiguration("is no key in PEM")
    return found
