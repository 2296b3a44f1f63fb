"""What ``hookline check`` looks for beyond the configuration's own form: one sentence for each thing found.

Reads app documents and secrets; never connects to anything.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import structlog

from workers import catalogs, clusters, deployed, environments, secretrefs, trust
from workers.alerts import routes, services
from workers.apps import Index
from workers.commands import programs
from workers.errors import HooklineError, UnknownName
from workers.forges import accounts, assertions
from workers.health import loading
from workers.records import Records
from workers.settings import Settings


def check_name(app: str, index: Index, records: Records) -> None:
    """Raise :class:`UnknownName` for an app that is neither declared nor on record; "" names none and is fine."""
    if app and app not in index.apps and app not in records.progress.apps():
        raise UnknownName(f"no app is called {app}: `hookline status` lists them all")


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keep everything inside the block out of the log: a command shows faults itself, and prints JSON beside them."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def catalog(settings: Settings, records: Records | None = None) -> Index:
    """Read the catalog without a word in the log. What apps declare is in it when ``records`` are given."""
    with quietly():
        return catalogs.open_(settings, records.children if records else None).index()


def all_of(settings: Settings, index: Index) -> list[str]:
    """Return everything that keeps Hookline or an app from working."""
    return [
        *missing_secrets(settings),
        *issuer_problems(settings),
        *[str(one) for one in loading.read(settings.health.folders, settings.health.configmaps)[1]],
        *target_problems(settings),
        *account_problems(settings),
        *programs.missing(settings, index),
        *index.faults,
        *app_problems(settings, index),
    ]


def warnings(settings: Settings, index: Index) -> list[str]:
    """Return what works, though perhaps not as meant."""
    found = [f"{app.origin}: {warning}" for app in index.apps.values() for warning in app.warnings]
    found += [
        f"{app.origin}: no target is called {name}: expected one of {sorted(settings.alerts.targets)}"
        for app in index.apps.values()
        for name in routes.unknown(settings.alerts, app)
    ]
    places = ((app, deployed.place_of(settings, app)[1]) for app in index.apps.values())
    found += [f"{app.origin}: {environments.ENVIRONMENT} has no effect: {why}" for app, why in places if why]
    for hook in settings.hooks:
        try:
            accounts.serving(settings, hook)
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
    for name, forge in settings.forges.items():
        held = {"token": forge.token, "app.key": forge.app and forge.app.key, "proxy": forge.proxy}
        refs |= {f"forges.{name}.{field}": ref for field, ref in held.items() if ref}
    for name, one in settings.repository_credentials.items():
        hosts = f"file:{one.known_hosts}" if one.known_hosts else None
        given = {"password": one.password, "ssh_key": one.ssh_key, "known_hosts": hosts}
        refs |= {f"repository_credentials.{name}.{field}": ref for field, ref in given.items() if ref}
    for name, keys in settings.decryption.items():
        both = {"age": keys.age, "pgp": keys.pgp}
        refs |= {f"decryption.{name}.{kind}[{i}]": ref for kind, held in both.items() for i, ref in enumerate(held)}
        refs |= {f"decryption.{name}.environment.{variable}": ref for variable, ref in keys.environment.items()}
    refs |= {f"alerts.targets.{name}.url": target.url for name, target in settings.alerts.targets.items()}
    refs |= {f"issuers[{i}].key": issuer.key for i, issuer in enumerate(settings.issuers) if issuer.key}
    refs |= {
        f"clusters.{name}.plans.token": cluster.plans.token
        for name, cluster in settings.clusters.items()
        if cluster.plans and cluster.plans.token
    }
    if settings.redis.url:
        refs["redis.url"] = settings.redis.url
    if settings.edge.metrics_token:
        refs["edge.metrics_token"] = settings.edge.metrics_token
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


def account_problems(settings: Settings) -> list[str]:
    """Return a sentence for every account at a forge whose certificates, proxy or App's key cannot be used."""
    found = []
    for name, forge in settings.forges.items():
        try:
            for ref in (forge.proxy, forge.app and forge.app.key):
                if ref:
                    secretrefs.read(ref)
        except HooklineError:
            continue  # said by missing_secrets
        try:
            accounts.connect(name, forge).close()
            if forge.app:
                assertions.assertion(forge.app.id, secretrefs.read(forge.app.key), 0.0)
        except HooklineError as error:
            found.append(str(error))
    return found


def target_problems(settings: Settings) -> list[str]:
    """Return a sentence for every target of alerts whose URL is none of a known service; the URL is not repeated."""
    found = []
    for name, target in settings.alerts.targets.items():
        try:
            problem = services.problem(secretrefs.read(target.url))
        except HooklineError:
            continue  # said by missing_secrets
        if problem:
            found.append(
                f"alerts.targets.{name}.url: what {target.url} holds {problem}: see apprise's list of services"
            )
    return found


def issuer_problems(settings: Settings) -> list[str]:
    """Return a sentence for every issuer whose algorithms, key or key set in a file cannot be used; fetches nothing."""
    found = []
    for number, declared in enumerate(settings.issuers):
        try:
            if declared.key:
                secretrefs.read(declared.key)
        except HooklineError:
            continue  # said by missing_secrets
        try:
            issuer = trust.trusted(declared)
            if declared.key:
                for algorithm in declared.algorithms:
                    issuer.local(algorithm)
            elif "://" not in declared.jwks:
                trust.read_file(declared.jwks.removeprefix("file:"))
        except HooklineError as error:
            found.append(f"issuers[{number}]: {error}")
    return found
