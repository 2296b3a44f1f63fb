"""What the web process holds: made once at start, read by every request."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

from receiver.failures import Failures
from receiver.forges import Secrets
from receiver.published import Published
from receiver.signatures import signing_key
from workers import catalogs, configuration, secretrefs, tokens, trust
from workers.apis import Hook
from workers.broker import Counter
from workers.catalog import Catalog
from workers.errors import BadConfiguration
from workers.records import Records, connect
from workers.settings import Settings

COLLECTED_AFTER = 20_000
"""Objects more than freed, after which Python looks for cycles: a payload is many objects and no cycle."""
SHORTEST_KEY = 24
"""Bytes: the least a Standard Webhooks secret may have."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Settings, hook secrets (read at start: a missing one stops it), token issuers, catalog, records and counter."""

    settings: Settings
    secrets: dict[str, Secrets]
    issuers: tuple[tokens.Issuer, ...]
    published: dict[str, tuple[Published, ...]]
    """By issuer, the key sets that have to be fetched."""
    catalog: Catalog
    records: Records
    counter: Counter
    failures: Failures
    turns: asyncio.Semaphore
    """Taken by whoever holds a large body."""
    metrics_token: bytes = b""
    """What `/metrics` asks for; empty: there is no such path."""
    clock: Callable[[], float] = time.time


def create(settings: Settings | None = None) -> Edge:
    """Make the edge from its configuration.

    Raises :class:`workers.errors.BadConfiguration` when a hook's secret or an issuer's key cannot be read: a hook
    that cannot verify anybody does not open.
    """
    settings = settings or configuration.load()
    secrets = {name: hook_secrets(name, hook) for name, hook in settings.hooks.items()}
    issuers, published = issuers_of(settings)
    records = connect(settings)
    catalog = catalogs.open_(settings, records.children, beside=True)
    catalog.index()
    # What lives as long as the process is no garbage: a collection that walks 10,000 apps would hold up an answer.
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER)
    return Edge(
        settings,
        secrets,
        issuers,
        published,
        catalog,
        records,
        Counter(settings, records),
        Failures(settings.edge.max_failures),
        asyncio.Semaphore(settings.edge.large_bodies),
        secretrefs.read(settings.edge.metrics_token).encode() if settings.edge.metrics_token else b"",
    )


def hook_secrets(name: str, hook: Hook) -> Secrets:
    """Read a hook's secrets. Raises :class:`BadConfiguration` for an empty one and for what is no signing key."""
    found = Secrets(
        secrets=tuple(secretrefs.read(ref).encode() for ref in hook.secrets),
        signing_keys=tuple(secretrefs.read(ref).encode() for ref in hook.signing_keys),
    )
    for ref, secret in zip(hook.secrets, found.secrets, strict=True):
        if not secret.strip():
            text = f"{ref} is empty: an empty secret would verify anybody"
            raise BadConfiguration(text, field=f"hooks.{name}.secrets")
    for ref, secret in zip(hook.signing_keys, found.signing_keys, strict=True):
        if len(signing_key(secret)) < SHORTEST_KEY:
            raise BadConfiguration(
                f"{ref} is no signing token: expected whsec_ and 32 bytes in base64, as GitLab shows it",
                field=f"hooks.{name}.signing_keys",
            )
    return found


def issuers_of(settings: Settings) -> tuple[tuple[tokens.Issuer, ...], dict[str, tuple[Published, ...]]]:
    """Return the token issuers, and the key sets to fetch by issuer. Fetches nothing.

    Each local key and key set is read once, so that a missing one is found at start.
    """
    found: list[tokens.Issuer] = []
    remote: dict[str, tuple[Published, ...]] = {}
    for declared in settings.issuers:
        published = Published(declared.jwks) if "://" in declared.jwks else None
        if published:
            remote[declared.issuer] = (*remote.get(declared.issuer, ()), published)
        elif declared.key:
            secretrefs.read(declared.key)
        else:
            trust.read_file(declared.jwks.removeprefix("file:"))
        found.append(trust.trusted(declared, published.keys if published else None))
    return tuple(found), remote
