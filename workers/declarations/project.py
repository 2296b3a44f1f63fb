"""Argo CD's ``AppProject`` (argoproj.io/v1alpha1): what the apps of a project may read and where they may write."""

from __future__ import annotations

from typing import Any, Literal

from workers.declarations.common import Fields, Metadata, Path, Vocabulary


class Destination(Fields):
    """A place apps may deploy to; globs, and ``!`` in front forbids."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class GroupKind(Fields):
    """Kinds, as globs."""

    group: str
    kind: str
    name: str = ""


class Spec(Fields):
    """The specification of an AppProject."""

    description: str = ""
    source_repos: list[str] = []
    source_namespaces: list[str] = []
    destinations: list[Destination] = []
    cluster_resource_whitelist: list[GroupKind] = []
    cluster_resource_blacklist: list[GroupKind] = []
    namespace_resource_whitelist: list[GroupKind] | None = None
    namespace_resource_blacklist: list[GroupKind] = []
    orphaned_resources: dict[str, Any] | None = None
    roles: list[dict[str, Any]] = []
    sync_windows: list[dict[str, Any]] = []
    signature_keys: list[dict[str, Any]] = []
    source_integrity: dict[str, Any] | None = None
    permit_only_project_scoped_clusters: bool = False
    destination_service_accounts: list[dict[str, Any]] = []


class AppProject(Fields):
    """One AppProject document."""

    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["AppProject"]
    metadata: Metadata
    spec: Spec
    status: Any = None


REFUSED: dict[Path, str] = {
    ("spec", "signatureKeys"): "signed commits are not checked yet: remove the field, knowing that",
    ("spec", "sourceIntegrity"): "signed commits are not checked yet: remove the field, knowing that",
    ("spec", "destinationServiceAccounts"): "impersonation is not served yet: remove the field, knowing that",
    ("spec", "permitOnlyProjectScopedClusters"): "clusters belong to no project here: list destinations instead",
}
"""Restrictions that nobody would enforce: refused, so that nobody relies on them."""

NAMED: dict[Path, str] = {
    ("spec", "orphanedResources"): "objects outside of every app are not looked at",
    ("spec", "roles"): "tokens are configured under `issuers`",
    ("spec", "syncWindows"): "sync windows are not served yet",
    ("spec", "sourceNamespaces"): "the catalog is the one namespace of all apps",
}

VOCABULARY = Vocabulary(AppProject, REFUSED, NAMED)
