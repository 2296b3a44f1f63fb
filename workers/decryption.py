"""Settings of the keys that open files encrypted with SOPS, and which of them are for an app."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from workers.groups import Group, SecretRef

SERVICES: Final = ("kms", "gcp_kms", "azure_keyvault", "hc_vault_transit_uri")
"""The fields that list keys of a service, as the rules of ``.sops.yaml`` call them."""


def _listed(begin: str, example: str) -> AfterValidator:
    """A glob over names of keys that says where they are: by a regular expression of its begin."""

    def check(text: str) -> str:
        if not re.match(begin, text):
            raise ValueError(f"expected a key such as {example}, with no glob before its path, not {text!r}")
        return text

    return AfterValidator(check)


_HOST: Final = r"[A-Za-z0-9._:-]+"
Arn = Annotated[str, _listed(r"arn:aws[a-z-]*:kms:", "arn:aws:kms:eu-west-1:111122223333:key/*")]
Resource = Annotated[str, _listed("projects/", "projects/shop/locations/*/keyRings/*/cryptoKeys/*")]
AzureKey = Annotated[str, _listed(f"https://{_HOST}/keys/.", "https://shop.vault.azure.net/keys/sops/*")]
VaultKey = Annotated[str, _listed(f"https?://{_HOST}/v1/.+/keys/.", "https://vault.example:8200/v1/sops/keys/shop")]
Variable = Annotated[str, StringConstraints(pattern="^[A-Z][A-Z0-9_]*$")]


class Decryption(Group):
    """Keys that open files encrypted with SOPS, for some apps (`docs/secrets.md`). They are read when an app is
    rendered.
    """

    apps: tuple[str, ...] = ("*",)
    """Globs over the names of the apps that may use them."""
    projects: tuple[str, ...] = ("*",)
    """Globs over the names of their projects; both have to match."""
    age: tuple[SecretRef, ...] = ()
    """References to age identities, as `age-keygen` writes them."""
    pgp: tuple[SecretRef, ...] = ()
    """References to PGP private keys without a passphrase, as `gpg --export-secret-keys --armor` writes them."""

    kms: tuple[Arn, ...] = ()
    """Globs over keys of AWS KMS that may be asked to open files: ARNs, and `ARN+ROLE` where a file names a role."""
    gcp_kms: tuple[Resource, ...] = ()
    """The same of Google Cloud KMS: resource ids."""
    azure_keyvault: tuple[AzureKey, ...] = ()
    """The same of Azure Key Vault: URLs of keys."""
    hc_vault_transit_uri: tuple[VaultKey, ...] = ()
    """The same of the transit engine of Vault or OpenBao: URIs of keys."""
    environment: dict[Variable, SecretRef] = Field(default={})
    """Variables for the clients of those services, such as `VAULT_TOKEN`, as references. They are given the worker's
    own ones (`AWS_…`, `AZURE_…`, `GOOGLE_…`, `VAULT_…`, proxies, certificates) besides.
    """

    @model_validator(mode="after")
    def _usable(self) -> Decryption:
        if not (self.age or self.pgp or self.keys):
            raise ValueError(f"expected one of age, pgp, {', '.join(SERVICES)}: what opens files")
        return self

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Every key of a service that is listed, with the field that lists it."""
        return tuple((field, glob) for field in SERVICES for glob in getattr(self, field))


def fitting(declared: Mapping[str, Decryption], app: str, project: str) -> list[str]:
    """Return the names of the entries whose keys an app of a project may use, in order. Pure."""
    return [
        name
        for name, one in declared.items()
        if any(fnmatchcase(app, glob) for glob in one.apps) and any(fnmatchcase(project, glob) for glob in one.projects)
    ]
