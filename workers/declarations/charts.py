"""Where Flux's ``HelmRelease`` has its chart from."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from workers.declarations.common import Duration, Fields


class SourceRef(Fields):
    """Where a chart comes from."""

    api_version: str = ""
    kind: Literal["HelmRepository", "GitRepository", "Bucket"]
    name: str = Field(min_length=1)
    namespace: str = ""


class ChartSpec(Fields):
    """A chart: a name in a chart repository, or a path in one of Git."""

    chart: str = Field(min_length=1)
    version: str = "*"
    source_ref: SourceRef
    interval: Duration | None = None
    reconcile_strategy: Literal["ChartVersion", "Revision"] = "ChartVersion"
    values_files: list[str] = []
    ignore_missing_values_files: bool = False
    verify: dict[str, Any] | None = None


class ChartTemplate(Fields):
    """What Flux makes a HelmChart of."""

    metadata: dict[str, Any] | None = None
    spec: ChartSpec


class ChartRef(Fields):
    """An artifact that is the chart."""

    api_version: str = ""
    kind: Literal["OCIRepository", "HelmChart", "ExternalArtifact"]
    name: str = Field(min_length=1)
    namespace: str = ""
