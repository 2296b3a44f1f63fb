"""A GitHub App of the stand-in and its keys, for tests."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwt

from deploy.local.forge import Forge
from deploy.local.forge.github.apps import App

GRANTED = {"checks": "write", "statuses": "write", "repository_hooks": "write", "metadata": "read"}


@cache
def key(_number: int = 0) -> tuple[str, str]:
    """Return a private and a public key, as PEM; another pair for each number."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return (
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode(),
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


def register(forge: Forge) -> App:
    """Make an App with the first key."""
    return forge.state.apps.register(key()[1])


def assertion(app: App, pem: str = "", algorithm: str = "RS256", **claims: Any) -> str:
    """Return a JWT as an App makes it, but for what is named."""
    now = int(time.time())
    whole = {"iat": now - 60, "exp": now + 540, "iss": app.client_id, **claims}
    return jwt.encode({name: value for name, value in whole.items() if value is not None}, pem or key()[0], algorithm)
