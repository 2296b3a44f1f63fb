"""The configuration: one YAML file, each field overridable by ``HOOKLINE_<GROUP>__<FIELD>`` in the environment.

Secrets are never written here; a field that needs one holds a reference, ``env:NAME`` or ``file:PATH``,
which is read when it is used and not before, so that a process holds only the secrets it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from workers.apis import Forge, Hook
from workers.credentials import RepositoryCredential, RepositorySecrets
from workers.decryption import Decryption
from workers.groups import (
    Alerts,
    Catalog,
    Group,
    Health,
    Holds,
    IgnoredDifferences,
    Seconds,
    SecretRef,
    Sync,
)
from workers.identities import PlanIdentity
from workers.issuers import Audit, Issuer
from workers.mirroring import Mirrors
from workers.rendering import Charts, Kustomize
from workers.signers import Signers


class Edge(Group):
    """The web process: where it listens and how much it takes from a stranger."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    max_body: int = Field(default=25 * 1024 * 1024, ge=1024)
    """Bytes of one delivery. 25 MiB because GitHub and GitLab send no more than that."""
    body_deadline: Seconds = 10.0
    """Seconds for the whole body to arrive: forges give up after 10 themselves."""
    max_headers: int = Field(default=64 * 1024, ge=4096)
    """Bytes of a request's line and headers together."""
    header_deadline: Seconds = 10.0
    """Seconds for a request's line and headers to arrive."""
    max_connections: int = Field(default=1024, ge=1)
    """Connections at once; one more is answered 503."""
    large_bodies: int = Field(default=1, ge=1)
    """Bodies of more than 256 KiB that are in memory at once; others wait in a temporary file."""
    max_failures: int = Field(default=60, ge=1)
    """Deliveries of one hook from one address that may fail verification in a minute; more are answered 429 unread.
    So many failed tokens of one address too, over all web processes and their restarts."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies whose X-Forwarded-For is believed."""
    metrics_token: SecretRef | None = None
    """A reference to the bearer token that `/metrics` asks for; without it there is no such path."""


class Redis(Group):
    """Where records and the queue live."""

    url: SecretRef | None = None
    """A reference to a redis:// or rediss:// URL; without it an embedded Redis runs in the data folder."""


class Cluster(Group):
    """One cluster: a kubeconfig context, or the one Hookline itself runs in (when nothing is set)."""

    server: str = ""
    """The ``destination.server`` that means this cluster; ``destination.name`` is its key here."""
    kubeconfig: Path | None = None
    context: str | None = None
    in_cluster: bool = False
    force_conflicts: bool = True
    """Take fields over from other field managers. Git wins by default, as in Argo CD and Flux."""
    plans: PlanIdentity | None = None


class Repository(Group):
    """What Git needs to know of a repository beyond its URL."""

    url: str
    clone: str = ""
    """Where to clone from instead of ``url`` (a mirror, or the demo's local server)."""


class Log(Group):
    """What the processes say on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"
    """``auto``: coloured lines on a terminal, JSON lines elsewhere."""


class Settings(BaseSettings):
    """All of it. Frozen: a running process has one configuration; to change it, restart."""

    model_config = SettingsConfigDict(
        env_prefix="HOOKLINE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
        use_attribute_docstrings=True,
    )

    url: str = "http://127.0.0.1:8080"
    """The address people and forges reach Hookline at."""
    data: Path = Path(".hookline")
    """The data folder: Git mirrors and the embedded Redis."""
    edge: Edge = Edge()
    redis: Redis = Redis()
    catalog: Catalog = Catalog()
    clusters: dict[str, Cluster] = Field(default_factory=lambda: {"in-cluster": Cluster(in_cluster=True)})
    hooks: dict[str, Hook] = {}
    forges: dict[str, Forge] = {}
    repositories: tuple[Repository, ...] = ()
    repository_credentials: dict[str, RepositoryCredential] = {}
    repository_secrets: RepositorySecrets = RepositorySecrets()
    decryption: dict[str, Decryption] = {}
    signatures: dict[str, Signers] = {}
    issuers: tuple[Issuer, ...] = ()
    audit: Audit = Audit()
    sync: Sync = Sync()
    ignored: tuple[IgnoredDifferences, ...] = ()
    health: Health = Health()
    alerts: Alerts = Alerts()
    holds: Holds = Holds()
    log: Log = Log()
    mirrors: Mirrors = Mirrors()
    charts: Charts = Charts()
    kustomize: Kustomize = Kustomize()
    helm: Path | None = None
    """The helm binary (version 4 or 3) that renders charts; without it `$HELM`, else `helm` on the PATH."""

    def planning(self, name: str) -> Hook | None:
        """Return a hook by its name, ``None`` for none; one that no account is for wants no plans."""
        hook = self.hooks.get(name)
        return hook if hook is None or self.serving(hook) else hook.model_copy(update={"plans": False})

    def serving(self, hook: Hook) -> dict[str, Forge]:
        """Return the accounts that may write the statuses of a hook's repositories, by name."""
        if hook.account:
            return {name: forge for name, forge in self.forges.items() if name == hook.account}
        return {
            name: forge
            for name, forge in self.forges.items()
            if forge.kind == hook.forge and hook.host.lower() in ("", forge.web.lower())
        }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file (which arrives as init arguments)."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings
