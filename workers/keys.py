"""Gathers the private keys that open an app's encrypted files: of the configuration and of the cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from workers import decryption, kube, secretrefs, variables
from workers.apps import App
from workers.errors import BadConfiguration, SourceMissing
from workers.given import Keys, Service
from workers.settings import Settings

VAULT_TOKEN: Final = "sops.vault-token"  # noqa: S105 - the name of an entry
"""The entry of Flux's Secret that has a token of Vault."""


def of(client: kube.Client, settings: Settings, app: App) -> Keys:
    """Return the keys for an app. One GET for a Secret that it names (Flux's ``decryption.secretRef``).

    A reference that leads nowhere is a fault of the keys, which only an app with encrypted files has to hear. Raises
    :class:`SourceMissing` naming a Secret that is not there.
    """
    age, pgp, places, services, fault = [], [], [], [], ""
    for name in decryption.fitting(settings.decryption, app.name, app.project):
        declared = settings.decryption[name]
        places.append(f"decryption.{name}")
        try:
            age += [secretrefs.read(ref) for ref in declared.age]
            pgp += [secretrefs.read(ref) for ref in declared.pgp]
            if declared.keys:
                given = {variable: secretrefs.read(ref) for variable, ref in declared.environment.items()}
                services.append(Service(declared.keys, tuple(sorted(given.items()))))
        except BadConfiguration as error:
            fault = fault or f"{places[-1]}: {error}"
    if app.build.keys_from:
        namespace, name = app.build.keys_from
        live = client.get(client.resource("", "Secret", "v1"), namespace, name)
        if live is None:
            raise SourceMissing(
                f"{app.origin}: spec.decryption.secretRef: there is no Secret {namespace}/{name}: make it"
            )
        places.append(f"Secret {namespace}/{name}")
        held = variables.values(live)
        age += [value for name, value in sorted(held.items()) if name.endswith(".agekey")]
        pgp += [value for name, value in sorted(held.items()) if name.endswith(".asc")]
        if token := held.get(VAULT_TOKEN, "").strip():
            services = [_with_token(one, token) for one in services]
    return Keys(tuple(age), tuple(pgp), tuple(places), fault, tuple(services))


def _with_token(service: Service, token: str) -> Service:
    """Return a service that is asked with the token of an app's own."""
    return replace(service, environment=tuple(sorted({**dict(service.environment), "VAULT_TOKEN": token}.items())))
