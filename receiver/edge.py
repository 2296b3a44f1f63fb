"""What the web process holds: made once at start, read by every request."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

from receiver.forges import Secrets
from workers import configuration, secretrefs, tokens
from workers.broker import Counter
from workers.catalog import Catalog
from workers.records import Records, connect
from workers.settings import Hook, Settings


@dataclass(frozen=True, slots=True)
class Edge:
    """Settings, hook secrets (read at start: a missing one stops it), token issuers, catalog, records and counter."""

    settings: Settings
    secrets: dict[str, Secrets]
    issuers: tuple[tokens.Issuer, ...]
    catalog: Catalog
    records: Records
    counter: Counter
    clock: Callable[[], float] = time.time


def create(settings: Settings | None = None) -> Edge:
    """Make the edge from its configuration.

    Raises :class:`workers.errors.BadConfiguration` when a hook's secret or an issuer's key cannot be read: a hook
    that cannot verify anybody does not open.
    """
    settings = settings or configuration.load()
    secrets = {name: hook_secrets(hook) for name, hook in settings.hooks.items()}
    issuers = issuers_of(settings)
    records = connect(settings)
    return Edge(settings, secrets, issuers, Catalog(settings.catalog.folders), records, Counter(settings, records))


def hook_secrets(hook: Hook) -> Secrets:
    """Read a hook's secrets."""
    return Secrets(
        secrets=tuple(secretrefs.read(ref).encode() for ref in hook.secrets),
        signing_keys=tuple(secretrefs.read(ref).encode() for ref in hook.signing_keys),
    )


def issuers_of(settings: Settings) -> tuple[tokens.Issuer, ...]:
    """Return the token issuers; each key is read once, so that a missing one is found at start."""
    found = []
    for declared in settings.issuers:
        secretrefs.read(declared.key)
        key = functools.partial(secretrefs.read, declared.key)
        found.append(tokens.Issuer(declared.issuer, declared.audience, tuple(declared.algorithms), key))
    return tuple(found)
