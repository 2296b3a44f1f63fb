"""KEDA: ScaledObject and ScaledJob.

Source: "Scaling Deployments" and the conditions of keda.sh/v1alpha1 in KEDA's documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import observed
from workers.health.reading import conditions, healthy, status

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def scaled(manifest: Manifest) -> Verdict:
    """Done when Ready or paused. Whether it is Active only says that there is work just now."""
    paused = conditions(status(manifest).get("conditions")).get("Paused")
    return healthy("is paused") if paused and paused.true else observed(manifest)


RULES: Final = {("keda.sh", "ScaledObject"): scaled, ("keda.sh", "ScaledJob"): scaled}
