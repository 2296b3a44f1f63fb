"""How each forge signs a delivery. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac


def github(secret: str, body: bytes) -> str:
    """Return the value of ``X-Hub-Signature-256`` (GitHub docs, "Validating webhook deliveries")."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard_webhooks(secret: str, identifier: str, timestamp: int, body: bytes) -> str:
    """Return the value of ``webhook-signature`` (the Standard Webhooks specification); ``secret`` is ``whsec_…``."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
