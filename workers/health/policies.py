"""Objects that steer workloads: PodDisruptionBudget and HorizontalPodAutoscaler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from workers.health.conditions import unobserved
from workers.health.reading import Condition, conditions, healthy, mapping, status, waiting

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict

HPA_V1_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
"""Where ``autoscaling/v1``, whose status has no conditions, shows those of v2 as JSON."""


def disruption_budget(manifest: Manifest) -> Verdict:
    """Done when the controller could compute it.

    That no disruption is allowed right now is normal (one replica, a rollout), so it is not asked.
    """
    stale = unobserved(manifest, required=True)
    if stale:
        return stale
    allowed = conditions(status(manifest).get("conditions")).get("DisruptionAllowed")
    if allowed and allowed.reason == "SyncFailed":
        return waiting(f"cannot be computed ({allowed.why})")
    return healthy("is in force")


def autoscaler(manifest: Manifest) -> Verdict:
    """Done when it can read its metrics and scale its target.

    A target scaled to zero by hand (``ScalingDisabled``) is done: the autoscaler is off on purpose. Missing
    metrics wait, because they come a minute after the first Pod; the message says which are missing.
    """
    stale = unobserved(manifest)
    if stale:
        return stale
    found = _conditions(manifest)
    for name, word in (
        ("AbleToScale", "cannot scale its target"),
        ("ScalingActive", "cannot read its metrics"),
    ):
        condition = found.get(name)
        if condition is None or condition.true or condition.reason == "ScalingDisabled":
            continue
        return waiting(f"{word} ({condition.why})" if condition.why else word)
    return healthy("is active") if found else waiting("its controller has not looked at it yet")


def _conditions(manifest: Manifest) -> dict[str, Condition]:
    """Conditions from the status, or from the annotation where the version has none in its status."""
    if manifest.get("apiVersion") != "autoscaling/v1":
        return conditions(status(manifest).get("conditions"))
    annotation = mapping(mapping(manifest.get("metadata")).get("annotations")).get(HPA_V1_CONDITIONS)
    try:
        return conditions(orjson.loads(annotation)) if isinstance(annotation, str) else {}
    except orjson.JSONDecodeError:
        return {}
