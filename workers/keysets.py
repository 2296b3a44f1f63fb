"""JSON Web Key Sets (RFC 7517): an issuer's published document in, public keys out. Hostile input; nothing is fetched.

Only public keys of kinds we verify with are taken: RSA of 2048 bits or more, P-256, P-384, P-521, Ed25519. A shared
secret (``oct``) is never taken from a public document, private members are not read, and two keys of one ``kid`` for
one algorithm are both left out: which one is meant cannot be said.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from workers import signing
from workers.errors import BadConfiguration

MOST_BYTES: Final = 256 * 1024
MOST_KEYS: Final = 64
_LONGEST_KID = 256
_LONGEST_NUMBER = 2048
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}


@dataclass(frozen=True, slots=True)
class Published:
    """One usable key: its ``kid`` ("" for none), the one algorithm it names ("" for any of its kind), and the key."""

    kid: str
    algorithm: str
    key: signing.Public

    def fits(self, algorithm: str) -> bool:
        """Whether it verifies signatures of this algorithm."""
        return self.algorithm in ("", algorithm) and not signing.unfit(self.key, algorithm)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a document, and a few words on each that is not."""

    keys: tuple[Published, ...] = ()
    refused: tuple[str, ...] = ()

    def named(self, kid: str, algorithm: str) -> list[signing.Key]:
        """Return the keys a token may be signed with: the one of its ``kid``; all that fit when it names none.

        ``kid`` is compared and nothing else: it is no path and no address.
        """
        found = [one for one in self.keys if kid in ("", one.kid) and one.fits(algorithm)]
        return [signing.of(one.key, algorithm) for one in found]


def read(document: bytes) -> KeySet:
    """Read a key set. Raises :class:`BadConfiguration` when it is none, is too large, or holds no key we can use."""
    if len(document) > MOST_BYTES:
        raise BadConfiguration(f"the key set is larger than {MOST_BYTES >> 10} KiB")
    try:
        value = orjson.loads(document)
    except orjson.JSONDecodeError:
        raise BadConfiguration("the key set is not JSON") from None
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_KEYS:
        raise BadConfiguration(f"the key set must have 1 to {MOST_KEYS} `keys`")
    keys: list[Published] = []
    refused: list[str] = []
    for place, item in enumerate(listed):
        try:
            keys.append(_published(item))
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            refused.append(f"keys[{place}]: {error}")
    known = {name for one in keys for name in _names(one)}
    doubled = {name for name in known if Counter(name for one in keys for name in _names(one))[name] > 1}
    refused += [f"kid {kid!r} for {algorithm} is there twice" for kid, algorithm in sorted(doubled)]
    usable = tuple(one for one in keys if doubled.isdisjoint(_names(one)))
    if not usable:
        raise BadConfiguration("the key set holds no key that can be used: " + "; ".join(refused[:3]))
    return KeySet(usable, tuple(refused))


def _names(one: Published) -> list[tuple[str, str]]:
    """Return what a key is chosen by; a key without ``kid`` is never in another's way."""
    return [(one.kid, algorithm) for algorithm in sorted(signing.ASYMMETRIC) if one.kid and one.fits(algorithm)]


def _published(item: Any) -> Published:
    """Return one key; raises ``ValueError`` with the end of a sentence."""
    if not isinstance(item, dict):
        raise ValueError("is no object")  # noqa: TRY004 -- one kind of error for whatever is wrong in the document
    kid, algorithm, use, operations = (item.get(name, "") for name in ("kid", "alg", "use", "key_ops"))
    if not (isinstance(kid, str) and len(kid) <= _LONGEST_KID and isinstance(algorithm, str)):
        raise ValueError("`kid` or `alg` is no short text")
    verifies = operations == "" or (isinstance(operations, list) and "verify" in operations)
    if use not in ("", "sig") or not verifies:
        raise ValueError("is not for verifying")
    found = Published(kid, algorithm, _key(item))
    if not any(found.fits(name) for name in signing.ASYMMETRIC):
        raise ValueError(signing.unfit(found.key, algorithm or "RS256") or "is of no use")
    return found


def _key(item: dict[str, Any]) -> signing.Public:
    match item.get("kty"), item.get("crv"):
        case "RSA", _:
            exponent, modulus = _number(item, "e"), _number(item, "n")
            if exponent.bit_length() > 32 or modulus.bit_length() > signing.MOST_RSA:
                raise ValueError("has numbers beyond any real key")
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()
        case "EC", str(curve) if curve in _CURVES:
            return ec.EllipticCurvePublicNumbers(_number(item, "x"), _number(item, "y"), _CURVES[curve]).public_key()
        case "OKP", "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(item, "x"))
    raise ValueError("is of a kind that is not used here")


def _number(item: dict[str, Any], name: str) -> int:
    return int.from_bytes(_bytes(item, name), "big")


def _bytes(item: dict[str, Any], name: str) -> bytes:
    text = item.get(name)
    if not isinstance(text, str) or len(text) > _LONGEST_NUMBER or not _BASE64URL.fullmatch(text):
        raise ValueError(f"`{name}` is no base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
