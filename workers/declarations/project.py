"""Argo CD's ``AppProject`` (argoproj.io/v1alpha1): what the apps of a project may read and where they may write."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from workers import windows
from workers.declarations.common import Duration, Fields, Metadata, Path, Vocabulary, seconds

MOST_WINDOWS: Final = 100
"""Windows of one project: each is asked at every look at its apps."""


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


def _window(text: str) -> str:
    if not 0 < seconds(text) <= windows.LONGEST:
        raise ValueError("expected more than nothing and at most a year")
    return text


class SyncWindow(Fields):
    """When apps may be synced, or may not."""

    kind: Literal["allow", "deny"]
    schedule: Annotated[str, AfterValidator(windows.schedule)]
    duration: Annotated[Duration, AfterValidator(_window)]
    applications: list[str] = []
    namespaces: list[str] = []
    clusters: list[str] = []
    manual_sync: bool = False
    time_zone: Annotated[str, AfterValidator(windows.zone)] = "UTC"
    and_operator: bool = False
    sync_overrun: bool = False
    description: str = Field(default="", max_length=255)


class SignatureKey(Fields):
    """A GPG key whose signatures count. A short id is refused: two keys may share one."""

    key_id: str = Field(alias="keyID", pattern=r"^(0[xX])?[0-9A-Fa-f]{16,40}$")


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
    sync_windows: list[SyncWindow] = Field(default=[], max_length=MOST_WINDOWS)
    signature_keys: list[SignatureKey] = []
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
    ("spec", "sourceIntegrity"): "it is not served yet: `signatureKeys`, or the configuration's `signatures`, are",
    ("spec", "destinationServiceAccounts"): "impersonation is not served yet: remove the field, knowing that",
    ("spec", "permitOnlyProjectScopedClusters"): "clusters belong to no project here: list destinations instead",
}
"""Restrictions that nobody would enforce: refused, so that nobody relies on them."""

NAMED: dict[Path, str] = {
    ("spec", "orphanedResources"): "objects outside of every app are not looked at",
    ("spec", "roles"): "tokens are configured under `issuers`",
    ("spec", "sourceNamespaces"): "the catalog is the one namespace of all apps",
}

VOCABULARY = Vocabulary(AppProject, REFUSED, NAMED)
