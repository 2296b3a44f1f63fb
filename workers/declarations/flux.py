"""Flux's ``GitRepository`` (source.toolkit.fluxcd.io/v1) and ``Kustomization`` (kustomize.toolkit.fluxcd.io/v1).

Field names and meanings are Flux's own (its API reference). What would change what is deployed, or who may, and is not
served yet is refused; everything else that has no effect here is named in a warning.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from workers.declarations.common import Duration, Fields, Metadata, Path, Vocabulary
from workers.declarations.sources import Target


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
    verify: dict[str, Any] | None = None
    ignore: str = ""
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


class SourceRef(Fields):
    """The source of a Kustomization."""

    api_version: str = ""
    kind: str
    name: str = Field(min_length=1)
    namespace: str = ""


class Depends(Fields):
    """A Kustomization that has to be ready first."""

    name: str = Field(min_length=1)
    namespace: str = ""
    ready_expr: str = ""


class Image(Fields):
    """An image to put in place of another."""

    name: str
    new_name: str = ""
    new_tag: str = ""
    digest: str = ""


class Patch(Fields):
    """An inline patch."""

    patch: str
    target: Target | None = None


class Common(Fields):
    """Labels and annotations of every object."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class SubstituteFrom(Fields):
    """Variables from an object of the cluster."""

    kind: Literal["ConfigMap", "Secret"]
    name: str = Field(min_length=1)
    optional: bool = False


class PostBuild(Fields):
    """Variables put into the built manifests."""

    substitute: dict[str, str] = {}
    substitute_from: list[SubstituteFrom] = []
    substitute_strategy: Literal["WithVariables", "Always"] = "WithVariables"


class HealthCheck(Fields):
    """An object whose health counts."""

    api_version: str = "v1"
    kind: str
    name: str = Field(min_length=1)
    namespace: str = ""


class HealthCheckExpr(Fields):
    """CEL expressions that judge a kind."""

    api_version: str
    kind: str
    current: str = ""
    in_progress: str = ""
    failed: str = ""


class IgnoreTarget(Fields):
    """Which objects an ignore rule is for."""

    model_config = {**Target.model_config, "extra": "allow"}


class IgnoreRule(Fields):
    """Fields whose difference does not count."""

    paths: list[str]
    target: IgnoreTarget | None = None


class KustomizationSpec(Fields):
    """The specification of a Kustomization."""

    interval: Duration
    source_ref: SourceRef
    prune: bool
    path: str = ""
    retry_interval: Duration | None = None
    timeout: Duration | None = None
    suspend: bool = False
    force: bool = False
    wait: bool = False
    target_namespace: str = Field(default="", max_length=63)
    name_prefix: str = Field(default="", max_length=200)
    name_suffix: str = Field(default="", max_length=200)
    common_metadata: Common = Common()
    patches: list[Patch] = []
    images: list[Image] = []
    components: list[str] = []
    ignore_missing_components: bool = False
    post_build: PostBuild = PostBuild()
    depends_on: list[Depends] = []
    health_checks: list[HealthCheck] = []
    health_check_exprs: list[HealthCheckExpr] = []
    deletion_policy: Literal["MirrorPrune", "Delete", "WaitForTermination", "Orphan"] = "MirrorPrune"
    service_account_name: str = ""
    kube_config: dict[str, Any] | None = None
    decryption: dict[str, Any] | None = None
    ignore: list[IgnoreRule] = []

    @model_validator(mode="after")
    def _coherent(self) -> KustomizationSpec:
        if self.wait and self.health_checks:
            raise ValueError("`wait` looks at every object: remove `healthChecks`, or set wait to false")
        return self


class Kustomization(Fields):
    """One Kustomization document."""

    api_version: Literal["kustomize.toolkit.fluxcd.io/v1"]
    kind: Literal["Kustomization"]
    metadata: Metadata
    spec: KustomizationSpec
    status: Any = None


REPOSITORY = Vocabulary(
    GitRepository,
    {
        ("spec", "verify"): "signed commits are not checked yet: remove the field, knowing that",
        ("spec", "include"): "included repositories are not served: use a Kustomization each",
        ("spec", "recurseSubmodules"): "submodules are never fetched: use a Kustomization each",
    },
    {
        ("spec", "interval"): "a push is served at once, and `sync.sweep_every` looks for those nobody told of",
        ("spec", "secretRef"): "credentials of repositories are the configuration's",
        ("spec", "serviceAccountName"): "credentials of repositories are the configuration's",
        ("spec", "proxySecretRef"): "proxies are the environment's",
        ("spec", "provider"): "credentials of repositories are the configuration's",
        ("spec", "ignore"): "every file of the path counts",
        ("spec", "timeout"): "a fetch has two minutes",
    },
)
KUSTOMIZATION = Vocabulary(
    Kustomization,
    {
        ("spec", "serviceAccountName"): "impersonation is not served yet: remove the field, knowing that",
        ("spec", "kubeConfig"): "clusters are the configuration's: an app of one is declared as an Application",
        ("spec", "decryption"): "SOPS is not served yet",
        ("spec", "healthCheckExprs"): "CEL is not served yet: remove the field, kinds are judged by their conditions",
        ("spec", "dependsOn", "*", "readyExpr"): "CEL is not served yet: remove the field",
    },
    {
        ("spec", "ignore"): "not served yet",
        ("spec", "interval"): "a push is served at once and drift is repaired at once",
    },
)
QUIET: frozenset[Path] = frozenset({("spec", "interval"), ("spec", "timeout")})
"""Fields that everybody has to write: the page names them, a warning on every app would only be noise."""
