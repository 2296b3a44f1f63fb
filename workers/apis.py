"""Settings of forges: the webhooks they call, and the accounts that statuses are written with."""

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
    comments: bool = False
    """Whether a comment ``/hookline approve [APP]`` below a merged pull request, or its commit, approves what it
    brought, when its author may write to the repository. The forge has to send comments, too."""
    plans: bool = True
    """Whether pull requests get plans (`docs/plans.md`), where an account is for the hook: a comment and the status
    `hookline/plan`. The forge has to send pull requests, too."""
    deployed: bool = False
    """Whether a merged pull request gets a comment that says how its deployment fares (`docs/environments.md`), where
    an account is for the hook."""
    plan_label: str = "hookline/plan"
    """The label with which a person who may write lets the pull request of a fork be planned, until its next push."""
    account: str = ""
    """The account (a key under ``forges``) that writes the statuses. Without it: one of this kind whose host is
    ``host``, if set, and whose ``repositories`` hold the repository."""

    @model_validator(mode="after")
    def _closed_by_default(self) -> Hook:
        if not self.secrets and not self.signing_keys:
            raise ValueError("a hook without a secret would accept anybody: add `secrets: [env:NAME]`")
        if self.signing_keys and self.forge != "gitlab":
            raise ValueError("signing_keys are GitLab's: use `secrets` for other forges")
        return self
