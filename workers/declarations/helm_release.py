"""Flux's ``HelmRelease`` (helm.toolkit.fluxcd.io/v2), every field of it.

What Hookline syncs is what ``helm template`` renders: there is no release in the cluster, and what is about one (its
history, its tests, its rollback) has no effect.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from workers.declarations.charts import ChartRef, ChartTemplate
from workers.declarations.common import Duration, Fields, Metadata, Path, Vocabulary
from workers.declarations.flux import Depends, IgnoreRule, Image, Patch


class ValuesFrom(Fields):
    """Values from an object of the cluster."""

    kind: Literal["ConfigMap", "Secret"]
    name: str = Field(min_length=1)
    values_key: str = "values.yaml"
    target_path: str = ""
    optional: bool = False


class Kustomize(Fields):
    """What is changed in the rendered manifests."""

    patches: list[Patch] = []
    images: list[Image] = []


class PostRenderer(Fields):
    """One step after rendering."""

    kustomize: Kustomize | None = None


class Drift(Fields):
    """What is done about drift."""

    mode: Literal["enabled", "warn", "disabled"] = "disabled"
    ignore: list[IgnoreRule] = []


class Action(Fields):
    """What installing and upgrading have in common."""

    timeout: Duration | None = None
    remediation: dict[str, Any] | None = None
    strategy: dict[str, Any] | None = None
    disable_take_ownership: bool = False
    disable_wait: bool = False
    disable_wait_for_jobs: bool = False
    disable_hooks: bool = False
    disable_open_api_validation: bool = Field(default=False, alias="disableOpenAPIValidation")
    disable_schema_validation: bool = False


class Install(Action):
    """How a release is installed."""

    server_side_apply: bool | None = None
    replace: bool = False
    skip_crds: bool = Field(default=False, alias="skipCRDs")
    crds: Literal["Skip", "Create", "CreateReplace"] = "Create"
    create_namespace: bool = False


class Upgrade(Action):
    """How a release is upgraded."""

    server_side_apply: str = ""
    force: bool = False
    preserve_values: bool = False
    cleanup_on_fail: bool = False
    crds: Literal["Skip", "Create", "CreateReplace"] = "Skip"


class Uninstall(Fields):
    """How a release is taken away."""

    timeout: Duration | None = None
    disable_hooks: bool = False
    keep_history: bool = False
    disable_wait: bool = False
    deletion_propagation: Literal["background", "foreground", "orphan"] = "background"


class HelmReleaseSpec(Fields):
    """The specification of a HelmRelease."""

    interval: Duration
    chart: ChartTemplate | None = None
    chart_ref: ChartRef | None = None
    values: dict[str, Any] | None = None
    values_from: list[ValuesFrom] = []
    release_name: str = Field(default="", max_length=53)
    target_namespace: str = Field(default="", max_length=63)
    storage_namespace: str = ""
    depends_on: list[Depends] = []
    timeout: Duration = "5m"
    suspend: bool = False
    max_history: int = 5
    service_account_name: str = ""
    kube_config: dict[str, Any] | None = None
    persistent_client: bool = True
    drift_detection: Drift = Drift()
    install: Install = Install()
    upgrade: Upgrade = Upgrade()
    uninstall: Uninstall = Uninstall()
    test: dict[str, Any] | None = None
    rollback: dict[str, Any] | None = None
    post_renderers: list[PostRenderer] = []
    common_metadata: dict[str, Any] | None = None
    health_check_exprs: list[dict[str, Any]] = []
    wait_strategy: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_chart(self) -> HelmReleaseSpec:
        if (self.chart is None) == (self.chart_ref is None):
            raise ValueError("expected either `chart` or `chartRef`")
        return self


class HelmRelease(Fields):
    """One HelmRelease document."""

    api_version: Literal["helm.toolkit.fluxcd.io/v2"]
    kind: Literal["HelmRelease"]
    metadata: Metadata
    spec: HelmReleaseSpec
    status: Any = None


_HOOKS = "hooks run as phases of the sync: remove the field, or the annotations of the hooks"
_TRIED = "a failed sync is tried again after `interval`; `hookline.dev/rollback` goes back to the last good commit"
_NO_RELEASE = "there is no release in the cluster that it could be about"
_ACTIONS = ("install", "upgrade")
REFUSED: dict[Path, str] = {
    ("spec", "serviceAccountName"): "impersonation is not served yet: remove the field, knowing that",
    ("spec", "kubeConfig"): "clusters are the configuration's: an app of one is declared as an Application",
    ("spec", "dependsOn", "*", "readyExpr"): "there is no HelmRelease in the cluster it could ask: remove the field",
    ("spec", "chart", "spec", "verify"): "signed charts are not checked yet: remove the field, knowing that",
    ("spec", "healthCheckExprs"): "not served yet: `health.folders` of the configuration takes such rules",
    ("spec", "commonMetadata"): "not served yet: use a patch of `postRenderers`",
    ("spec", "upgrade", "preserveValues"): "what Git says counts, and nothing that was said before: remove the field",
    **{("spec", action, "disableHooks"): _HOOKS for action in _ACTIONS},
}
NAMED: dict[Path, str] = {
    ("spec", "chart", "metadata"): "there is no HelmChart in the cluster that would have it",
    ("spec", "chart", "spec", "interval"): "`sync.sweep_every` looks for new versions",
    ("spec", "chart", "spec", "reconcileStrategy"): "a chart in Git is looked at with every commit",
    ("spec", "storageNamespace"): _NO_RELEASE,
    ("spec", "maxHistory"): "the last 50 syncs are kept",
    ("spec", "persistentClient"): _NO_RELEASE,
    ("spec", "test"): "tests of a chart never run",
    ("spec", "rollback"): _TRIED,
    ("spec", "waitStrategy"): "health is judged as everywhere (`docs/health.md`)",
    ("spec", "upgrade", "crds"): "CRDs are synced with the rest, unless `install.crds` says Skip",
    (
        "spec",
        "upgrade",
        "force",
    ): "what cannot be changed is said so; `kustomize.toolkit.fluxcd.io/force` makes it anew",
    ("spec", "upgrade", "cleanupOnFail"): "what a failed sync made stays its app's",
    ("spec", "install", "replace"): _NO_RELEASE,
    ("spec", "uninstall", "timeout"): "`timeout` counts",
    ("spec", "uninstall", "disableHooks"): "hooks of a deletion run",
    ("spec", "uninstall", "keepHistory"): _NO_RELEASE,
    ("spec", "uninstall", "disableWait"): "nothing waits for a deletion but a deletion in the foreground",
    **{
        ("spec", action, field): sentence
        for action in _ACTIONS
        for field, sentence in (
            ("timeout", "`timeout` counts"),
            ("remediation", _TRIED),
            ("strategy", _TRIED),
            ("disableTakeOwnership", "an object of another app is never taken"),
            ("disableWaitForJobs", "`disableWait` counts"),
            ("disableOpenAPIValidation", "the API server validates"),
            ("serverSideApply", "everything is applied by the server"),
        )
    },
}
VOCABULARY = Vocabulary(HelmRelease, REFUSED, NAMED)
