"""Secrets that processes make for themselves and share."""

from __future__ import annotations

import secrets

from workers.records.keys import Client, key


class Secrets:
    """Makes each when it is first asked for, and never another one."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def pages(self) -> str:
        """Return the secret that the keys of pages are made from."""
        name = key("secret", "pages")
        if known := self._redis.get(name):
            return str(known)
        self._redis.set(name, secrets.token_hex(32), nx=True)  # of two that make it at once, one is kept
        return str(self._redis.get(name))
