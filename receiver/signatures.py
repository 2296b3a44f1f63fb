"""Did the holder of one of our secrets send these bytes? Constant-time answers, standard library only.

Every check takes what the sender wrote (untrusted, possibly absent or malformed) and the live secrets of one
hook, and answers yes or no; none of them raises, and none of them parses the body. The shape of a header is
checked before anything is computed, so that no malformed header can become an error. Several secrets may be
live at once, which is how a secret is rotated. An empty secret never verifies, nor does an empty list.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEX = re.compile(r"[0-9a-f]{64}")
_GITHUB = re.compile(r"sha256=([0-9a-f]{64})")
_STANDARD = re.compile(r"v1,([A-Za-z0-9+/]{43}=)")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_ID = re.compile(r"[!-~]{1,256}")
_MOST_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class Secrets:
    """The live secrets of one hook; ``repr`` shows none of them.

    ``secrets`` are GitHub's HMAC secrets or GitLab's plain tokens. ``signing_keys`` are GitLab signing tokens
    as the forge shows them (``whsec_`` and base64); when there is any, a signature is required and a plain
    token is no longer enough.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    signing_keys: tuple[bytes, ...] = field(default=(), repr=False)


def github(header: str | None, body: bytes, secrets: Sequence[bytes]) -> bool:
    """Check ``X-Hub-Signature-256`` over the raw ``body``: ``sha256=`` and lower-case hex HMAC-SHA256.

    The SHA-1 header is never a substitute. Source: GitHub docs, "Validating webhook deliveries".
    """
    shape = _GITHUB.fullmatch(header or "")
    return shape is not None and hexadecimal(shape[1], body, secrets)


def hexadecimal(digest: str | None, body: bytes, secrets: Sequence[bytes]) -> bool:
    """Check a lower-case hex HMAC-SHA256 of ``body``, as Gitea and Forgejo send it: bare."""
    if not _HEX.fullmatch(digest or ""):
        return False
    given = (digest or "").encode("ascii")
    matched = False
    for secret in filter(None, secrets):
        expected = hmac.new(secret, body, hashlib.sha256).hexdigest().encode("ascii")
        matched |= hmac.compare_digest(expected, given)
    return matched


def gitlab_token(header: str | None, secrets: Sequence[bytes]) -> bool:
    """Check ``X-Gitlab-Token``, which is the secret itself and says nothing about the body.

    Header text is bytes read as Latin-1 (ASGI), so it is turned back into those bytes before comparing.
    """
    try:
        given = (header or "").encode("latin-1")
    except UnicodeEncodeError:
        return False
    matched = False
    for secret in filter(None, secrets):
        matched |= hmac.compare_digest(secret, given)
    return matched


def standard_webhooks(
    id: str | None,  # noqa: A002 - the specification's word
    timestamp: str | None,
    signature_header: str | None,
    body: bytes,
    secrets: Sequence[bytes],
    now: float,
    tolerance: float = 300.0,
) -> bool:
    """Check the three ``webhook-*`` headers of the Standard Webhooks specification over the raw ``body``.

    The header may hold several space-separated ``version,signature`` pairs; one good ``v1`` is enough and
    other versions are skipped. ``timestamp`` may differ from ``now`` by ``tolerance`` seconds either way.
    ``secrets`` are ``whsec_`` tokens; one that does not decode verifies nothing.
    """
    if not _ID.fullmatch(id or "") or not _TIMESTAMP.fullmatch(timestamp or ""):
        return False
    if not abs(now - int(timestamp or "")) <= tolerance:
        return False
    pairs = (signature_header or "").split(" ", _MOST_SIGNATURES)[:_MOST_SIGNATURES]
    given = [shape[1].encode("ascii") for shape in map(_STANDARD.fullmatch, pairs) if shape is not None]
    signed = f"{id}.{timestamp}.".encode("ascii") + body
    matched = False
    for key in filter(None, map(signing_key, secrets)):
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        for signature in given:
            matched |= hmac.compare_digest(expected, signature)
    return matched


def signing_key(secret: bytes) -> bytes:
    """Return the HMAC key inside a ``whsec_`` token, or ``b""`` when it is not such a token."""
    if not secret.startswith(b"whsec_"):
        return b""
    try:
        return base64.b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except binascii.Error:
        return b""
