"""Crossplane: managed resources, composites, packages and their definitions.

Source: "Managed Resources", "Packages" and "Composite Resource Definitions" in Crossplane's documentation. Claims and
composites live in groups that a platform team invents: they have the standard ``Ready`` and need no rule of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import observed, unobserved
from workers.health.reading import conditions, healthy, status, waiting

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict

SILENT: Final = frozenset(
    {
        "ProviderConfig",
        "ClusterProviderConfig",
        "ProviderConfigUsage",
        "ClusterProviderConfigUsage",
        "StoreConfig",
        "Composition",
        "CompositionRevision",
        "EnvironmentConfig",
        "DeploymentRuntimeConfig",
        "ControllerConfig",
        "ImageConfig",
        "Lock",
        "Usage",
        "ClusterUsage",
        "ManagedResourceActivationPolicy",
    }
)
"""Kinds that only hold settings: nobody writes whether they are ready."""


def managed(manifest: Manifest) -> Verdict:
    """Done when Synced (the provider took the spec) and Ready (the thing outside exists); paused is done."""
    if manifest.get("kind") in SILENT:
        return healthy("exists")
    synced = conditions(status(manifest).get("conditions")).get("Synced")
    if synced and not synced.true and synced.reason == "ReconcilePaused":
        return healthy("is paused")
    if synced and not synced.true:
        return waiting(f"is not synced ({synced.why})" if synced.why else "is not synced")
    return observed(manifest)


def package(manifest: Manifest) -> Verdict:
    """Done when Installed and Healthy: the package was fetched, and its newest revision runs."""
    installed = observed(manifest, "Installed", good="is installed", bad="is not installed")
    return observed(manifest, "Healthy", good="is healthy", bad="is not healthy") if installed.ok else installed


def revision(manifest: Manifest) -> Verdict:
    """Done when Healthy; Crossplane 2 says RevisionHealthy, and RuntimeHealthy of one that has Pods."""
    found = conditions(status(manifest).get("conditions"))
    names: list[str] = [name for name in ("RevisionHealthy", "RuntimeHealthy") if name in found] or ["Healthy"]
    verdicts = [observed(manifest, name, good="is healthy", bad="is not healthy") for name in names]
    return next((verdict for verdict in verdicts if not verdict.ok), verdicts[0])


def definition(manifest: Manifest) -> Verdict:
    """Done when Established, and Offered where it names a claim."""
    stale = unobserved(manifest)
    if stale:
        return stale
    offered = conditions(status(manifest).get("conditions")).get("Offered")
    if offered and offered.false:
        return waiting(f"its claim is not offered ({offered.why})")
    return observed(manifest, "Established", good="is established", bad="is not established")


RULES: Final = {
    **{("pkg.crossplane.io", kind): package for kind in ("Provider", "Function", "Configuration")},
    **{
        ("pkg.crossplane.io", kind): revision
        for kind in ("ProviderRevision", "FunctionRevision", "ConfigurationRevision")
    },
    ("apiextensions.crossplane.io", "CompositeResourceDefinition"): definition,
    ("apiextensions.crossplane.io", "ManagedResourceDefinition"): definition,
}
