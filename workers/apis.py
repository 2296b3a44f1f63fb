"""Settings of the accounts at forges: where statuses are written, and as whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, model_validator

from workers import addresses
from workers.groups import Group, SecretRef


class GitHubApp(Group):
    """A GitHub App in place of a token (`docs/credentials.md`); its check runs have a button to run them again."""

    id: Annotated[str, BeforeValidator(str)]
    """Its client ID, or its App ID."""
    key: SecretRef
    """A reference to one of its private keys, as PEM."""


class Forge(Group):
    """An account at a forge: where statuses are written, and as whom. Several may be of one kind and host."""

    kind: Literal["github", "gitlab", "gitea", "forgejo", "bitbucket", "bitbucket-data-center"]
    api: Annotated[str, AfterValidator(addresses.base)]
    """Base URL: https://api.github.com, https://ghes.example/api/v3, https://gitlab.com/api/v4 …"""
    token: SecretRef | None = None
    """A reference to the token that writes commit statuses."""
    app: GitHubApp | None = None
    repositories: tuple[str, ...] = ("**",)
    """Globs over the full names of the repositories it is for; of two accounts, the narrower glob decides."""
    host: str = ""
    """The host of the repositories' URLs. Without it, that of `api` without `api.` in front."""
    ca: Path | None = None
    """A file with the certificates to trust, as PEM, in place of the public ones."""
    proxy: SecretRef | None = None
    """A reference to the URL of an HTTP proxy. Without it, `HTTPS_PROXY` and `NO_PROXY` count."""
    plain_http: bool = False
    """Whether `api` may be http beyond this machine: the token is then readable on the way."""

    @property
    def web(self) -> str:
        """The host of the repositories' URLs."""
        return self.host or (urlsplit(self.api).hostname or "").removeprefix("api.")

    @model_validator(mode="after")
    def _usable(self) -> Forge:
        if (self.token is None) == (self.app is None):
            raise ValueError("expected either `token` or `app`")
        if self.app and self.kind != "github":
            raise ValueError("`app` is a GitHub App: use `token` for other forges")
        if not self.plain_http and not addresses.is_safe(self.api):
            raise ValueError(
                "`api` must be https, so that nobody on the way reads the token; else say `plain_http: true`"
            )
        return self
