"""Keys and tokens of a foreign issuer, such as a CI system, made for tests."""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from workers import signing

ISSUER = "https://ci.example"
AUDIENCE = "hookline"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def segment(value: Any) -> str:
    """One base64url segment of JSON, or of the bytes given."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int, size: int = 0) -> str:
    """A number as RFC 7518 writes it."""
    return segment(value.to_bytes(size or (value.bit_length() + 7) // 8 or 1, "big"))


def published(key: Private, kid: str = "", **more: Any) -> dict[str, Any]:
    """The public half of a key as a JSON Web Key."""
    match key:
        case rsa.RSAPrivateKey():
            numbers = key.public_key().public_numbers()
            found = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        case ec.EllipticCurvePrivateKey():
            point, size = key.public_key().public_numbers(), (key.curve.key_size + 7) // 8
            name = {256: "P-256", 384: "P-384", 521: "P-521"}[key.curve.key_size]
            found = {"kty": "EC", "crv": name, "x": number(point.x, size), "y": number(point.y, size)}
        case _:
            found = {"kty": "OKP", "crv": "Ed25519", "x": segment(key.public_key().public_bytes_raw())}
    return found | ({"kid": kid} if kid else {}) | more


def document(*keys: dict[str, Any]) -> bytes:
    """A key set."""
    return json.dumps({"keys": list(keys)}).encode()


def pem(key: Private) -> str:
    """The public half as PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


@dataclass
class Ci:
    """An issuer of tokens; ``claims`` are what a job of your-org/shop in production gets."""

    key: Private = field(default_factory=lambda: RSA_KEY)
    algorithm: str = "RS256"
    kid: str = "one"

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims as GitHub Actions makes them; ``...`` leaves one out."""
        now = time.time()
        good = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "repo:your-org/shop:environment:production",
            "jti": uuid.uuid4().hex,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "repository": "your-org/shop",
            "environment": "production",
            "ref": "refs/heads/main",
        }
        return {name: value for name, value in (good | changes).items() if value is not ...}

    def token(self, header: Any = None, payload: Any = None, **changes: Any) -> str:
        """A token signed with the key, whatever its parts say."""
        head = {"alg": self.algorithm, "typ": "JWT", "kid": self.kid} if header is None else header
        signed = f"{segment(head)}.{segment(self.claims(**changes) if payload is None else payload)}"
        return f"{signed}.{segment(signing.of(self.key, self.algorithm).sign(signed.encode()))}"
