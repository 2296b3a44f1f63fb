"""Argo CD's ``Application`` (argoproj.io/v1alpha1), every field of it.

Field names and meanings are Argo CD's own (its user guide, "Application Specification Reference"). What would change
what is deployed and is not served yet is refused; everything else that has no effect here is named in a warning.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from workers.declarations.common import Duration, Fields, Metadata, Path, Vocabulary
from workers.declarations.sources import NAMED_OF_A_SOURCE, OF_A_SOURCE, Env, Source


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


class Automated(Fields):
    """Sync without being asked."""

    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False
    enabled: bool = True


class Backoff(Fields):
    """How the time between two tries grows."""

    duration: Duration = "5s"
    factor: int = Field(default=2, ge=1)
    max_duration: Duration = "3m"


class Retry(Fields):
    """How often a failed sync is tried again."""

    limit: int = 5
    backoff: Backoff = Backoff()
    refresh: bool = False


class NamespaceMetadata(Fields):
    """Labels and annotations of the namespace that ``CreateNamespace`` makes."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class SyncPolicy(Fields):
    """When and how to sync."""

    automated: Automated | None = None
    sync_options: list[str] = []
    retry: Retry | None = None
    managed_namespace_metadata: NamespaceMetadata = NamespaceMetadata()


class Ignored(Fields):
    """Fields of some objects whose difference does not count."""

    group: str = ""
    kind: str
    name: str = ""
    namespace: str = ""
    json_pointers: list[str] = []
    jq_path_expressions: list[str] = []
    managed_fields_managers: list[str] = []


class Hydrator(Fields):
    """Rendered manifests that are pushed to Git."""

    dry_source: dict[str, Any] = {}
    sync_source: dict[str, Any] = {}
    hydrate_to: dict[str, Any] = {}


class Spec(Fields):
    """The specification of an Application."""

    destination: Destination
    source: Source | None = None
    sources: list[Source] = []
    project: str = Field(default="default", min_length=1)
    sync_policy: SyncPolicy = SyncPolicy()
    ignore_differences: list[Ignored] = []
    info: list[Env] = []
    revision_history_limit: int = 10
    source_hydrator: Hydrator | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Spec:
        if self.source is None and not self.sources:
            raise ValueError("expected `source`: a repository, a path and a revision")
        if self.source is not None and self.sources:
            raise ValueError("expected either `source` or `sources`, not both")
        refs = [source.ref for source in self.sources if source.ref]
        if twice := sorted({ref for ref in refs if refs.count(ref) > 1}):
            raise ValueError(f"two sources have the ref {twice[0]}: rename one")
        return self


class Application(Fields):
    """One Application document."""

    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["Application"]
    metadata: Metadata
    spec: Spec
    status: Any = None
    operation: Any = None


REFUSED: dict[Path, str] = {
    ("spec", "sourceHydrator"): "the source hydrator is not served: use `source`",
    **{("spec", "source", *path): sentence for path, sentence in OF_A_SOURCE.items()},
    **{("spec", "sources", "*", *path): sentence for path, sentence in OF_A_SOURCE.items()},
}
"""Fields that would change what is deployed, and what to do instead. An empty value says nothing and is fine."""

NAMED: dict[Path, str] = {
    ("spec", "info"): "shown nowhere yet",
    ("spec", "syncPolicy", "retry", "refresh"): "a newer commit always ends the retries of an older one",
    **{("spec", "source", *path): sentence for path, sentence in NAMED_OF_A_SOURCE.items()},
    **{("spec", "sources", "*", *path): sentence for path, sentence in NAMED_OF_A_SOURCE.items()},
}
"""Fields that are accepted, have no effect and are named in a warning on the app."""

VOCABULARY = Vocabulary(Application, REFUSED, NAMED)
