"""Flux's ``HelmRepository`` and ``OCIRepository`` (source.toolkit.fluxcd.io/v1), every field of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from workers.declarations.common import Duration, Fields, Metadata, Path, Vocabulary
from workers.declarations.git_repository import Local


class HelmRepositorySpec(Fields):
    """The specification of a HelmRepository."""

    url: str = Field(min_length=1)
    type: Literal["default", "oci"] = "default"
    interval: Duration = "1m"
    timeout: Duration = "60s"
    suspend: bool = False
    secret_ref: Local | None = None
    cert_secret_ref: Local | None = None
    proxy_secret_ref: Local | None = None
    pass_credentials: bool = False
    insecure: bool = False
    provider: str = ""
    access_from: dict[str, Any] | None = None


class HelmRepository(Fields):
    """One HelmRepository document."""

    api_version: Literal["source.toolkit.fluxcd.io/v1"]
    kind: Literal["HelmRepository"]
    metadata: Metadata
    spec: HelmRepositorySpec
    status: Any = None


class OciRef(Fields):
    """Which version: the first of these that is given counts (Flux's order)."""

    digest: str = Field(default="", pattern=r"^$|^sha256:[0-9a-f]{64}$")
    semver: str = ""
    semver_filter: str = ""
    tag: str = ""


class LayerSelector(Fields):
    """Which layer counts, and what is done with it."""

    media_type: str = ""
    operation: Literal["extract", "copy"] = "extract"


class OciRepositorySpec(Fields):
    """The specification of an OCIRepository."""

    url: str = Field(pattern=r"^oci://.+")
    ref: OciRef = OciRef()
    layer_selector: LayerSelector = LayerSelector()
    interval: Duration = "1m"
    timeout: Duration = "60s"
    suspend: bool = False
    secret_ref: Local | None = None
    service_account_name: str = ""
    cert_secret_ref: Local | None = None
    proxy_secret_ref: Local | None = None
    provider: str = ""
    insecure: bool = False
    verify: dict[str, Any] | None = None
    ignore: str | None = None


class OciRepository(Fields):
    """One OCIRepository document."""

    api_version: Literal["source.toolkit.fluxcd.io/v1"]
    kind: Literal["OCIRepository"]
    metadata: Metadata
    spec: OciRepositorySpec
    status: Any = None


_CREDENTIALS = "no cloud is asked for credentials: name a Secret in `secretRef`"
_NAMED: dict[Path, str] = {
    ("spec", "interval"): "`sync.sweep_every` looks for new versions",
    ("spec", "timeout"): "`charts.seconds` bounds a fetch",
    ("spec", "certSecretRef"): "this machine's certificates count",
    ("spec", "proxySecretRef"): "charts and artifacts are fetched without a proxy",
    ("spec", "provider"): _CREDENTIALS,
    ("spec", "insecure"): "set `charts.plain_http` for http",
}
HELM_REPOSITORY = Vocabulary(
    HelmRepository,
    {},
    {
        **_NAMED,
        ("spec", "passCredentials"): "a credential is sent to the host it was given for and to no other",
        ("spec", "accessFrom"): "the catalog's projects say who may use what",
    },
)
OCI_REPOSITORY = Vocabulary(
    OciRepository,
    {
        ("spec", "verify"): "signed artifacts are not checked yet: remove the field, knowing that",
        ("spec", "ref", "semverFilter"): "not served yet: name a range in `semver`, or one `tag`",
    },
    {
        **_NAMED,
        ("spec", "serviceAccountName"): _CREDENTIALS,
        ("spec", "layerSelector"): "the layer that is a chart, or a folder as Flux pushes it, is found by itself",
    },
)
