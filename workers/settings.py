"""The configuration: one YAML file, each field overridable by ``HOOKLINE_<GROUP>__<FIELD>`` in the environment.

Secrets are never written here; a field that needs one holds a reference, ``env:NAME`` or ``file:PATH``,
which is read when it is used and not before, so that a process holds only the secrets it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from workers.groups import Catalog, Group, Seconds, SecretRef, Sync


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
    """Deliveries of one hook from one address that may fail verification in a minute; more are answered 429 unread."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies whose X-Forwarded-For is believed."""


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


class Forge(Group):
    """A forge's API: where statuses are written."""

    kind: Literal["github", "gitlab"]
    api: str
    """Base URL: https://api.github.com, https://ghes.example/api/v3, https://gitlab.com/api/v4 …"""
    token: SecretRef


class Hook(Group):
    """One webhook: the URL path ``/hooks/<key>``, its forge, its secrets and the repositories it may speak for."""

    forge: Literal["github", "gitlab", "gitea", "forgejo", "bitbucket", "bitbucket-data-center"]
    secrets: tuple[SecretRef, ...] = ()
    """Every secret here is accepted, so that one can be rotated while the other is still in use."""
    signing_keys: tuple[SecretRef, ...] = ()
    """GitLab's signing tokens (whsec_…). When any is set, the plain secret token is no longer accepted."""
    repositories: tuple[str, ...] = ("**",)
    """Globs over the full name; ``*`` stays within one segment, a last ``**`` takes all below. Or ``id:<number>``:
    the forge's own id of a repository, which a rename does not change."""
    host: str = ""
    """The host of the repositories' URLs, when only that one is to be believed. Bitbucket Data Center before 8.0
    needs it: its deliveries name no URL."""
    account: str = ""
    """The forge (a key under ``forges``) that gets the statuses; "" when there is one of this kind."""

    @model_validator(mode="after")
    def _closed_by_default(self) -> Hook:
        if not self.secrets and not self.signing_keys:
            raise ValueError("a hook without a secret would accept anybody: add `secrets: [env:NAME]`")
        if self.signing_keys and self.forge != "gitlab":
            raise ValueError("signing_keys are GitLab's: use `secrets` for other forges")
        return self


class Repository(Group):
    """What Git needs to know of a repository beyond its URL."""

    url: str
    clone: str = ""
    """Where to clone from instead of ``url`` (a mirror, or the demo's local server)."""


class Issuer(Group):
    """Who may mint the bearer tokens of the API."""

    issuer: str
    audience: str = "hookline"
    algorithms: tuple[Literal["HS256", "RS256", "ES256"], ...] = ("HS256",)
    key: SecretRef
    """HS256: a shared key of 32 bytes at least. RS256 and ES256: the public key as PEM."""


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
    issuers: tuple[Issuer, ...] = ()
    sync: Sync = Sync()
    log: Log = Log()

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
