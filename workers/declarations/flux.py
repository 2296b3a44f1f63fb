"""Flux's ``Kustomization`` (kustomize.toolkit.fluxcd.io/v1), every field of it.

Field names and meanings are Flux's own (its API reference). What would change what is deployed, or who may, and is not
served yet is refused; everything else that has no effect here is named in a warning.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from workers.declarations.common import Duration, Fields, Metadata, Vocabulary
from workers.declarations.sources import Target


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


class SecretRef(Fields):
    """A Secret in the namespace of the Kustomization."""

    name: str = Field(min_length=1)


class Decrypt(Fields):
    """How encrypted files are opened."""

    provider: Literal["sops"]
    secret_ref: SecretRef | None = None
    service_account_name: str = ""


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
    current: str = Field(min_length=1)
    in_progress: str = ""
    failed: str = ""


class IgnoreRule(Fields):
    """Fields whose difference does not count."""

    paths: list[str]
    target: Target | None = None


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
    decryption: Decrypt | None = None
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


KUSTOMIZATION = Vocabulary(
    Kustomization,
    {
        ("spec", "serviceAccountName"): "impersonation is not served yet: remove the field, knowing that",
        ("spec", "kubeConfig"): "clusters are the configuration's: an app of one is declared as an Application",
        ("spec", "decryption", "serviceAccountName"): "keys of a cloud are asked for as the worker: see `decryption`",
        (
            "spec",
            "dependsOn",
            "*",
            "readyExpr",
        ): "there is no Kustomization in the cluster it could ask: remove the field",
    },
    {},
)
