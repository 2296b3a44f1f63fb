"""Which account writes the statuses of a repository: the hook's own, else by host and by the narrowest glob."""

from __future__ import annotations

import ssl
import threading
from collections import defaultdict
from typing import TYPE_CHECKING

import httpx2

from workers import repositories, secretrefs
from workers.errors import BadConfiguration, UnknownName
from workers.forges.account import Account, Author
from workers.forges.apps import REPORTING, Installations, Purpose

if TYPE_CHECKING:
    from workers.apis import Forge
    from workers.settings import Settings

SECONDS = 10.0
"""Seconds for connecting and for each read of an account's own client."""


def serving(settings: Settings, hook: str) -> dict[str, Forge]:
    """Return the accounts that may serve a hook's repositories, by name. Pure.

    Raises :class:`UnknownName` when the hook is gone or no account is for it.
    """
    declared = settings.hooks.get(hook)
    if declared is None:
        raise UnknownName(f"the hook {hook} is no longer configured: its commits get no statuses")
    found = settings.serving(declared)
    if not found:
        where = f" whose repositories are at {declared.host}" if declared.host else ""
        raise UnknownName(
            f"no forge of kind {declared.forge}{where} is configured:"
            f" add one under `forges` to get statuses for hook {hook}"
        )
    return found


def choose(settings: Settings, hook: str, repository: str) -> str:
    """Return the name of the account for a repository (``your-org/your-repo``) that a hook serves. Pure.

    Raises :class:`UnknownName` when none is for it, :class:`BadConfiguration` when nothing says which of several.
    """
    found = serving(settings, hook)
    widths = {name: _narrowness(repository, forge) for name, forge in found.items()}
    best = max(widths.values())
    if best < 0:
        raise UnknownName(
            f"none of the accounts {', '.join(sorted(found))} is for {repository}:"
            " add it to the `repositories` of one of them under `forges`"
        )
    chosen = sorted(name for name, width in widths.items() if width == best)
    if len(chosen) > 1:
        raise BadConfiguration(
            f"the accounts {' and '.join(chosen)} are both for {repository}: set `account` or `host` of the hook,"
            " or say in `repositories` which account is for which",
            field=f"hooks.{hook}",
        )
    return chosen[0]


def _narrowness(repository: str, forge: Forge) -> int:
    """How many characters of a repository's name an account's globs spell out; -1 when none matches."""
    fitting = [glob for glob in forge.repositories if repositories.matches(repository, [glob])]
    return max((sum(char not in "*?[]" for char in glob) for glob in fitting), default=-1)


class Accounts:
    """The accounts of one process, with their HTTP clients. Safe for threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[str, httpx2.Client] = {}
        self._apps: dict[str, Installations] = {}
        self._memories: defaultdict[str, dict[str, Author]] = defaultdict(dict)
        self._guard = threading.Lock()

    def of(self, hook: str, repository: str, purpose: Purpose = REPORTING) -> Account:
        """Return the account for a repository that a hook serves; ``purpose`` is what an App's token is made for.

        Raises what :func:`choose` raises, and :class:`BadConfiguration` for certificates or a proxy that cannot be
        used. No token is read or made before it is asked for.
        """
        return self.named(choose(self._settings, hook, repository), repository, purpose)

    def named(self, name: str, repository: str, purpose: Purpose = REPORTING) -> Account:
        """Return a configured account, for a repository and a purpose.

        Raises :class:`BadConfiguration` for certificates or a proxy that cannot be used.
        """
        forge = self._settings.forges[name]
        with self._guard:
            client, installations = self._client(name, forge), self._installations(name, forge)
            memory = self._memories[name]
        if installations is None:
            reference = forge.token or ""
            return Account(
                forge.kind, forge.api, lambda: secretrefs.read(reference), name=name, client=client, memory=memory
            )
        return Account(
            forge.kind,
            forge.api,
            lambda: installations.token(repository, purpose),
            name=name,
            renew=lambda refused: installations.renewed(repository, purpose, refused),
            is_app=True,
            client=client,
            bot=installations.bot,
            memory=memory,
        )

    def _client(self, name: str, forge: Forge) -> httpx2.Client | None:
        """The account's own client, ``None`` for one that needs none."""
        if forge.ca is None and forge.proxy is None and forge.app is None:
            return None
        if name not in self._clients:
            self._clients[name] = connect(name, forge)
        return self._clients[name]

    def _installations(self, name: str, forge: Forge) -> Installations | None:
        """The tokens of the account's App, ``None`` for one with a token of its own."""
        if forge.app is None:
            return None
        if name not in self._apps:
            reference = forge.app.key
            self._apps[name] = Installations(
                forge.api, forge.app.id, lambda: secretrefs.read(reference), self._clients[name]
            )
        return self._apps[name]


def connect(name: str, forge: Forge) -> httpx2.Client:
    """Return a client that trusts an account's certificates and goes through its proxy.

    Raises :class:`BadConfiguration` without quoting either: a proxy's URL may hold a password.
    """
    place = f"forges.{name}"
    try:
        verify = ssl.create_default_context(cafile=str(forge.ca)) if forge.ca else True
    except (OSError, ssl.SSLError):  # no file, no right to read it, or no certificate in it
        raise BadConfiguration(f"{forge.ca} is no file of certificates in PEM", field=f"{place}.ca") from None
    try:
        proxy = secretrefs.read(forge.proxy) if forge.proxy else None
        return httpx2.Client(timeout=SECONDS, verify=verify, proxy=proxy)
    except (ValueError, httpx2.InvalidURL):
        raise BadConfiguration(
            f"what {forge.proxy} holds is no URL of a proxy such as http://proxy.example:3128", field=f"{place}.proxy"
        ) from None
