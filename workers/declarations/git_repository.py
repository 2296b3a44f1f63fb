"""Flux's ``GitRepository`` (source.toolkit.fluxcd.io/v1), every field of it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from workers.declarations.common import Duration, Fields, Metadata, Path, Vocabulary


class Local(Fields):
    """A reference by name."""

    name: str = Field(min_length=1)


class GitRef(Fields):
    """Which commit: the last of these that is given counts (Flux's order)."""

    branch: str = ""
    tag: str = ""
    semver: str = ""
    name: str = ""
    commit: str = ""


class Verification(Fields):
    """What has to be signed, by a key of a Secret."""

    mode: Literal["head", "HEAD", "Tag", "TagAndHEAD"] = "HEAD"
    secret_ref: Local


class RepositorySpec(Fields):
    """The specification of a GitRepository."""

    url: str = Field(min_length=1)
    interval: Duration = "1m"
    ref: GitRef = GitRef()
    secret_ref: Local | None = None
    service_account_name: str = ""
    proxy_secret_ref: Local | None = None
    provider: str = ""
    timeout: Duration = "60s"
    verify: Verification | None = None
    ignore: str | None = None
    include: list[dict[str, Any]] = []
    recurse_submodules: bool = False
    sparse_checkout: list[str] = []
    suspend: bool = False


class GitRepository(Fields):
    """One GitRepository document."""

    api_version: Literal["source.toolkit.fluxcd.io/v1"]
    kind: Literal["GitRepository"]
    metadata: Metadata
    spec: RepositorySpec
    status: Any = None


REPOSITORY = Vocabulary(
    GitRepository,
    {
        ("spec", "include"): "included repositories are not served: use a Kustomization each",
        ("spec", "recurseSubmodules"): "submodules are never fetched: use a Kustomization each",
    },
    {
        ("spec", "interval"): "a push is served at once, and `sync.sweep_every` looks for those nobody told of",
        ("spec", "serviceAccountName"): "no cloud is asked for credentials: name a Secret in `secretRef`",
        ("spec", "proxySecretRef"): "proxies are the environment's",
        ("spec", "timeout"): "a fetch has two minutes",
    },
)
QUIET: frozenset[Path] = frozenset({("spec", "interval"), ("spec", "timeout")})
"""Fields that everybody has to write: the page names them, a warning on every app would only be noise."""
