"""Argo CD's ``Application`` (argoproj.io/v1alpha1), as far as Hookline serves it today.

Field names and meanings are Argo CD's own (its user guide, "Application Specification Reference"). Fields that
are valid there and have no effect here yet are accepted and named in :func:`unserved`; fields that would change
what is deployed are refused instead of being ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

NAME_LIMIT = 63
NAME_PATTERN = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"


class Fields(BaseModel):
    """Strict about names and types: a misspelt field or a number where text belongs is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class Metadata(Fields):
    """The object's identity; what the API server adds is accepted, so that exported documents work."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(pattern=NAME_PATTERN, max_length=NAME_LIMIT)
    namespace: str = ""
    annotations: dict[str, str] = {}


class Destination(Fields):
    """Where the objects go: ``server`` or ``name`` picks the cluster."""

    server: str = ""
    name: str = ""
    namespace: str = ""

    @model_validator(mode="after")
    def _one_cluster(self) -> Destination:
        if bool(self.server) == bool(self.name):
            raise ValueError("expected exactly one of `server` and `name`")
        return self


class Source(Fields):
    """Where the manifests come from: a folder of a Git repository at a revision."""

    repo_url: str = Field(alias="repoURL", min_length=1)
    path: str = "."
    target_revision: str = "HEAD"
    name: str = ""
    chart: Any = None
    helm: Any = None
    kustomize: Any = None
    directory: Any = None
    plugin: Any = None
    ref: Any = None


class Automated(Fields):
    """Sync without being asked."""

    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False
    enabled: bool = True


class SyncPolicy(Fields):
    """When and how to sync."""

    automated: Automated | None = None
    sync_options: list[str] = []
    retry: Any = None
    managed_namespace_metadata: Any = None


class Spec(Fields):
    """The specification of an Application."""

    destination: Destination
    source: Source | None = None
    sources: Any = None
    project: str = "default"
    sync_policy: SyncPolicy = SyncPolicy()
    ignore_differences: Any = None
    info: Any = None
    revision_history_limit: int = 10
    source_hydrator: Any = None

    @model_validator(mode="after")
    def _one_source(self) -> Spec:
        if self.source is None:
            raise ValueError("expected `source`: a repository, a path and a revision")
        return self


class Application(Fields):
    """One Application document."""

    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["Application"]
    metadata: Metadata
    spec: Spec
    status: Any = None
    operation: Any = None


REFUSED = {
    ("spec", "sources"): "several sources are not served yet: use one `source`",
    ("spec", "sourceHydrator"): "the source hydrator is not served: use `source`",
    ("spec", "ignoreDifferences"): "ignored differences are not served yet: remove the field",
    ("spec", "source", "chart"): "Helm charts are not served yet: commit the rendered manifests",
    ("spec", "source", "helm"): "Helm is not served yet: commit the rendered manifests",
    ("spec", "source", "kustomize"): "Kustomize options are not served yet: put them into kustomization.yaml",
    ("spec", "source", "directory"): "directory options are not served yet: remove the field",
    ("spec", "source", "plugin"): "config management plugins are not served: commit the rendered manifests",
    ("spec", "source", "ref"): "value sources are not served yet: remove the field",
    (
        "spec",
        "syncPolicy",
        "managedNamespaceMetadata",
    ): "namespace metadata is not served yet: remove the field",
}
"""Fields that would change what is deployed, and what to do instead. An empty value says nothing and is fine."""


def refused(document: dict[str, Any]) -> tuple[tuple[str, ...], str] | None:
    """Return the first field of ``document`` that is set and refused, with the sentence that says why."""
    for path, sentence in REFUSED.items():
        value: Any = document
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value:
            return path, sentence
    return None


def unserved(application: Application, options: Iterable[str]) -> list[str]:
    """Return the fields of a valid document that have no effect here yet, as dotted paths.

    ``options`` are the sync options without effect.
    """
    found = ["spec.syncPolicy.retry"] if application.spec.sync_policy.retry else []
    found += ["spec.info"] if application.spec.info else []
    return found + [f"spec.syncPolicy.syncOptions: {option}" for option in options]
