"""Who to be at a cluster instead of who its credentials say. Nothing here does I/O but reading a token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from urllib3 import HTTPHeaderDict


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody else: by a ``token`` that is read when it is needed, or a ``user`` and ``groups`` to impersonate.

    Without any, whoever the credentials say. Source: "User impersonation" in the Kubernetes documentation.
    """

    token: Callable[[], str] | None = None
    user: str = ""
    groups: tuple[str, ...] = ()

    def taken_on(self, loaded: Any) -> Any:
        """Return a ``Configuration`` with this identity's token and no other credential in it."""
        if self.token is None:
            return loaded
        loaded.cert_file = loaded.key_file = loaded.username = loaded.password = None
        loaded.refresh_api_key_hook = None  # it would put the other token back
        loaded.api_key = {"BearerToken": f"Bearer {self.token()}"}
        loaded.api_key_prefix = {}
        return loaded

    def headers(self) -> HTTPHeaderDict:
        """Return the headers that impersonate, none where that is not asked for."""
        found = HTTPHeaderDict()
        if self.user:
            found.add("Impersonate-User", self.user)
            for group in self.groups:
                found.add("Impersonate-Group", group)
        return found


ITSELF = Identity()
"""Whoever the credentials say."""
