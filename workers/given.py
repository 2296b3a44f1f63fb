"""What a render reads besides its own source: variables, the cluster's word, the files of the other sources."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.git.trees import Tree


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a chart may ask of the cluster: its version, and the APIs it serves (``apps/v1``, ``apps/v1/Deployment``).

    Without a version, helm's own default stands in.
    """

    version: str = ""
    apis: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """Keys of Vault or a cloud's KMS that may be asked to open files: globs over their names with the field of
    `decryption` that lists them, and variables for the clients that ask.
    """

    keys: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens files encrypted with SOPS: age identities, armored PGP keys, services that hold keys; the ``places``
    they come from (without any, nothing is decrypted), and what is wrong with one of those, "" for nothing.
    """

    age: tuple[str, ...] = field(default=(), repr=False)
    pgp: tuple[str, ...] = field(default=(), repr=False)
    places: tuple[str, ...] = ()
    fault: str = ""
    services: tuple[Service, ...] = ()

    @property
    def digest(self) -> str:
        """Tells whether two are the same, and nothing else of them."""
        services = [(one.keys, one.environment) for one in self.services]
        return hashlib.sha256(repr((self.age, self.pgp, self.places, self.fault, services)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kustomize:
    """Which Kustomize builds: a ``binary`` ("" for the default), others by ``versions``; whether it inflates charts."""

    binary: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    charts: bool = False


NO_KEYS = Keys()
"""Nothing is decrypted."""


@dataclass(frozen=True, slots=True)
class Given:
    """Values of variables, the cluster, the files of the app's other sources in order, the configured helm, keys, the
    configured Kustomize, the values of a chart that objects of the cluster hold, "" for none, and the charts that its
    charts depend on: (URL and path of the source, name, files).
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    cluster: Cluster = Cluster()
    trees: tuple[Tree, ...] = ()
    helm: str = ""
    keys: Keys = NO_KEYS
    kustomize: Kustomize = Kustomize()
    values: str = field(default="", repr=False)
    depends: tuple[tuple[tuple[str, str], str, Tree], ...] = ()
