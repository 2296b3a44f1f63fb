"""Where and as whom we speak to a forge."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from workers.errors import AccessDenied

_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Account:
    """One account at one forge. ``repr`` shows no token, and none is kept: it is read for each call.

    ``kind`` is ``github`` or ``gitlab``. ``api`` is the base URL of the API, with any path before it
    (``https://api.github.com``, ``https://ghes.example/api/v3``, ``https://gitlab.com/api/v4``).
    """

    kind: str
    api: str
    token: Callable[[], str] = field(repr=False)

    @property
    def host(self) -> str:
        """Host and port of the API, for messages; never what stands before an ``@``."""
        try:
            return urlsplit(self.api).netloc.rpartition("@")[2]
        except ValueError:  # half an IPv6 address; `http` says so
            return "the forge"

    def secret(self) -> str:
        """Return the token, fit for a header.

        Raises :class:`AccessDenied` when it is empty or holds a space or line break: an HTTP library that
        refuses such a header would quote it in its own message.
        """
        token = self.token()
        if not _TOKEN.fullmatch(token):
            raise AccessDenied(
                f"the token for {self.host} is empty or holds a space, a line break or a character outside"
                " ASCII: write the token alone into its variable or file"
            )
        return token
