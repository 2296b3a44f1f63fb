"""Where and as whom we speak to a forge."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workers.errors import AccessDenied

if TYPE_CHECKING:
    import httpx2

_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Author:
    """An author: the value of one field by which the forge tells authors apart."""

    field: str
    value: str

    def wrote(self, author: Mapping[str, Any]) -> bool:
        """Whether an author as the forge tells one is this one."""
        told = author.get(self.field)
        return isinstance(told, str | int) and not isinstance(told, bool) and str(told) == self.value


@dataclass(frozen=True, slots=True)
class Account:
    """One account at one forge. ``repr`` shows no token, and none is kept: it is read for each call.

    ``kind`` is a key of `FORGES`. ``api`` is the base URL of the API, with any path before it
    (``https://api.github.com``, ``https://ghes.example/api/v3``, ``https://gitlab.com/api/v4``). ``name`` is its key
    under ``forges``.

    ``renew`` gets a token that the forge refused as unknown (401) and returns a fresh one: only a GitHub App's tokens
    can be renewed. ``is_app`` says that it is such an App, so that statuses become check runs. ``client`` goes before
    any other HTTP client: it trusts the account's own certificates and knows its proxy. ``bot`` tells as whom an App
    writes; ``memory`` keeps what `selves` found out, of all accounts of one name in this process.
    """

    kind: str
    api: str
    token: Callable[[], str] = field(repr=False)
    name: str = ""
    renew: Callable[[str], str] | None = field(default=None, repr=False)
    is_app: bool = False
    client: httpx2.Client | None = field(default=None, repr=False, compare=False)
    bot: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    memory: dict[str, Author] = field(default_factory=dict, repr=False, compare=False)

    @property
    def host(self) -> str:
        """Host and port of the API, for messages; never what stands before an ``@``."""
        try:
            return urlsplit(self.api).netloc.rpartition("@")[2]
        except ValueError:  # half an IPv6 address; `http` says so
            return "the forge"

    def secret(self) -> str:
        """Return the token, fit for a header; raises what ``token`` and :meth:`fit` raise."""
        return self.fit(self.token())

    def fit(self, token: str) -> str:
        """Return a token that is fit for a header.

        Raises :class:`AccessDenied` when it is empty or holds a space or line break: an HTTP library that
        refuses such a header would quote it in its own message.
        """
        if not _TOKEN.fullmatch(token):
            raise AccessDenied(
                f"the token for {self.host} is empty or holds a space, a line break or a character outside"
                " ASCII: write the token alone into its variable or file"
            )
        return token
