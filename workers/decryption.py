"""Settings of the keys that open files encrypted with SOPS, and which of them are for an app."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from pydantic import model_validator

from workers.groups import Group, SecretRef


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

    @model_validator(mode="after")
    def _usable(self) -> Decryption:
        if not self.age and not self.pgp:
            raise ValueError("expected `age` or `pgp`: references to private keys")
        return self


def fitting(declared: Mapping[str, Decryption], app: str, project: str) -> list[str]:
    """Return the names of the entries whose keys an app of a project may use, in order. Pure."""
    return [
        name
        for name, one in declared.items()
        if any(fnmatchcase(app, glob) for glob in one.apps) and any(fnmatchcase(project, glob) for glob in one.projects)
    ]
