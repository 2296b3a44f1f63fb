"""A good document of each kind that a catalog may hold, with its vocabulary: what fields are tried in. Pure."""

from __future__ import annotations

from typing import Any, Final

from workers.declarations import argo, artifacts, flux, git_repository, helm_release, project
from workers.declarations.common import Vocabulary

REPOSITORY: Final = "https://github.com/your-org/your-repo.git"
GOOD: Final[dict[str, tuple[Vocabulary, dict[str, Any]]]] = {
    "Argo CD: `Application`": (
        argo.VOCABULARY,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "myapp"},
            "spec": {
                "destination": {"server": "https://kubernetes.default.svc"},
                "source": {"repoURL": REPOSITORY},
                "syncPolicy": {"automated": {}},
            },
        },
    ),
    "Argo CD: `AppProject`": (
        project.VOCABULARY,
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "team"}, "spec": {}},
    ),
    "Flux: `GitRepository`": (
        git_repository.REPOSITORY,
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "podinfo"},
            "spec": {"url": REPOSITORY, "interval": "1m", "secretRef": {"name": "git"}},
        },
    ),
    "Flux: `Kustomization`": (
        flux.KUSTOMIZATION,
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": "podinfo"},
            "spec": {"interval": "10m", "prune": False, "sourceRef": {"kind": "GitRepository", "name": "podinfo"}},
        },
    ),
    "Flux: `HelmRelease`": (
        helm_release.VOCABULARY,
        {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"name": "podinfo"},
            "spec": {
                "interval": "10m",
                "chart": {"spec": {"chart": "podinfo", "sourceRef": {"kind": "HelmRepository", "name": "podinfo"}}},
            },
        },
    ),
    "Flux: `HelmRepository`": (
        artifacts.HELM_REPOSITORY,
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "HelmRepository",
            "metadata": {"name": "podinfo"},
            "spec": {"url": "https://charts.example.com"},
        },
    ),
    "Flux: `OCIRepository`": (
        artifacts.OCI_REPOSITORY,
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "OCIRepository",
            "metadata": {"name": "podinfo"},
            "spec": {"url": "oci://registry.example.com/podinfo"},
        },
    ),
}
"""The documents, by their titles on the page."""
