"""Flux's own kinds, where Flux runs beside Hookline: HelmRelease, sources, image automation.

Source: Flux's API references. All have Ready, Reconciling and Stalled; what the standard rule does not know is that
one without any of them was not looked at, and that a suspended one is left alone. A Kustomization among an app's
manifests is a declaration and has no rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import NOT_LOOKED_AT, standard
from workers.health.reading import conditions, healthy, spec, status, waiting

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict

KINDS: Final = {
    "helm.toolkit.fluxcd.io": ("HelmRelease",),
    "source.toolkit.fluxcd.io": (
        "GitRepository",
        "OCIRepository",
        "Bucket",
        "HelmChart",
        "HelmRepository",
        "ExternalArtifact",
    ),
    "image.toolkit.fluxcd.io": ("ImageRepository", "ImagePolicy", "ImageUpdateAutomation"),
    "notification.toolkit.fluxcd.io": ("Receiver",),
}


def flux(manifest: Manifest) -> Verdict:
    """Done when Ready or suspended. A HelmRepository of an OCI registry never says anything."""
    if spec(manifest).get("suspend") is True:
        return healthy("is suspended")
    oci = manifest.get("kind") == "HelmRepository" and spec(manifest).get("type") == "oci"
    if not oci and "Ready" not in conditions(status(manifest).get("conditions")):
        verdict = standard(manifest)
        return verdict if not verdict.ok else waiting(NOT_LOOKED_AT)
    return standard(manifest)


RULES: Final = {(group, kind): flux for group, kinds in KINDS.items() for kind in kinds}
