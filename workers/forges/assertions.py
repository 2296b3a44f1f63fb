"""The JWT by which a GitHub App speaks for itself: signed with its private key, good for minutes. Pure."""

from __future__ import annotations

import base64
from typing import Final

import orjson

from workers import signing
from workers.errors import BadConfiguration

BACK: Final = 60
"""Seconds that a JWT claims to be old already, for clocks that differ."""
AHEAD: Final = 540
"""Seconds a JWT is good for. GitHub takes up to 600 by its own clock."""


def assertion(app: str, pem: str, now: float) -> str:
    """Return the JWT by which an App speaks for itself, signed with RS256. Pure.

    ``pem`` may have ``\\n`` written out, as environment variables often do. Raises :class:`BadConfiguration`, without
    the key, when it is none that can sign.
    """
    claims = {"iat": int(now) - BACK, "exp": int(now) + AHEAD, "iss": app}
    signed = ".".join(_segment(orjson.dumps(part)) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    try:
        key = signing.secret(pem.replace("\\n", "\n"), "RS256")
        return f"{signed}.{_segment(key.sign(signed.encode('ascii')))}"
    except BadConfiguration as error:
        wrong = "is a public key" if "BEGIN PUBLIC KEY" in pem else str(error)
        raise BadConfiguration(
            f"the private key of GitHub App {app} {wrong}: download a private key from the App's page"
        ) from None


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
