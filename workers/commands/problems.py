"""What ``hookline check`` looks for beyond the configuration's own form: one sentence for each thing found.

Reads app documents and secrets; never connects to anything.
"""

from __future__ import annotations

import logging
import time

import structlog

from workers import catalogs, clusters, reporting, secretrefs, tokens
from workers.apps import Index
from workers.errors import HooklineError
from workers.records import Records
from workers.settings import Settings


def catalog(settings: Settings, records: Records | None = None) -> Index:
    """Read the catalog without a word in the log: a command shows the faults itself, and prints JSON beside them.

    What apps declare is in it when ``records`` are given.
    """
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        return catalogs.open_(settings, records.children if records else None).index()
    finally:
        structlog.configure(**before)


def all_of(settings: Settings, index: Index) -> list[str]:
    """Return everything that keeps Hookline or an app from working."""
    return [
        *missing_secrets(settings),
        *issuer_problems(settings),
        *index.faults,
        *app_problems(settings, index),
    ]


def warnings(settings: Settings, index: Index) -> list[str]:
    """Return what works, though perhaps not as meant."""
    found = [f"{app.origin}: {warning}" for app in index.apps.values() for warning in app.warnings]
    for hook in settings.hooks:
        try:
            reporting.account(settings, hook)
        except HooklineError as error:
            found.append(f"hooks.{hook}: {error}")
    return found


def missing_secrets(settings: Settings) -> list[str]:
    """Return a sentence for every secret reference that leads nowhere, with the field that holds it."""
    refs = {
        f"hooks.{name}.secrets[{i}]": ref for name, hook in settings.hooks.items() for i, ref in enumerate(hook.secrets)
    }
    refs |= {
        f"hooks.{name}.signing_keys[{i}]": ref
        for name, hook in settings.hooks.items()
        for i, ref in enumerate(hook.signing_keys)
    }
    refs |= {f"forges.{name}.token": forge.token for name, forge in settings.forges.items()}
    refs |= {f"issuers[{i}].key": issuer.key for i, issuer in enumerate(settings.issuers)}
    if settings.redis.url:
        refs["redis.url"] = settings.redis.url
    found = []
    for field, ref in refs.items():
        try:
            secretrefs.read(ref)
        except HooklineError as error:
            found.append(f"{field}: {error}")
    return found


def app_problems(settings: Settings, index: Index) -> list[str]:
    """Return a sentence for every app that cannot be served."""
    found = []
    for app in index.apps.values():
        if app.fault:
            found.append(app.fault)
            continue
        try:
            clusters.name_for(settings, app)
        except HooklineError as error:
            found.append(str(error))
    return found


def issuer_problems(settings: Settings) -> list[str]:
    """Return a sentence for every issuer whose algorithms or shared key cannot be used."""
    found = []
    for number, declared in enumerate(settings.issuers):
        try:
            key = secretrefs.read(declared.key)
        except HooklineError:
            continue  # said by missing_secrets
        try:
            issuer = tokens.Issuer(declared.issuer, declared.audience, tuple(declared.algorithms), lambda: key)  # noqa: B023
            if "HS256" in declared.algorithms:
                tokens.mint(issuer, "check", ["read"], [], 1, time.time(), "check")
        except HooklineError as error:
            found.append(f"issuers[{number}]: {error}")
    return found
