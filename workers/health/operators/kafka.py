"""Strimzi: Kafka and all that goes with it.

Source: "Status property" of the custom resources in Strimzi's API reference: ``Ready`` or ``NotReady`` is true, never
false; ``Warning`` does not count; ``ReconciliationPaused`` is asked for by an annotation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import unobserved
from workers.health.reading import conditions, failed, healthy, status, waiting

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict

REFUSED: Final = frozenset({"InvalidResourceException", "InvalidConfigurationException", "InvalidConfigException"})
"""Reasons that only a change of the resource takes away."""


def strimzi(manifest: Manifest) -> Verdict:
    """Done when Ready, failed when the operator refuses the spec; any other trouble is tried again by it."""
    stale = unobserved(manifest)
    if stale:
        return stale
    found = conditions(status(manifest).get("conditions"))
    paused, ready, trouble = found.get("ReconciliationPaused"), found.get("Ready"), found.get("NotReady")
    if paused and paused.true:
        return healthy("is paused")
    if trouble and trouble.true:
        said = f"is not ready ({trouble.why})" if trouble.why else "is not ready"
        return failed(said) if trouble.reason in REFUSED else waiting(said)
    if ready and ready.true:
        return healthy("is ready")
    return waiting("is not ready" if ready else "its controller has not looked at it yet")


def rebalance(manifest: Manifest) -> Verdict:
    """Done when Ready, and when a proposal waits for a person's approval; failed when NotReady: it ended."""
    stale = unobserved(manifest)
    if stale:
        return stale
    found = conditions(status(manifest).get("conditions"))
    for name, said in (("Ready", "is done"), ("ProposalReady", "waits for approval"), ("Stopped", "was stopped")):
        if (condition := found.get(name)) and condition.true:
            return healthy(said)
    if (paused := found.get("ReconciliationPaused")) and paused.true:
        return healthy("is paused")
    if (trouble := found.get("NotReady")) and trouble.true:
        return failed(f"has failed ({trouble.why})" if trouble.why else "has failed")
    under_way = [name for name, condition in found.items() if condition.true and name != "Warning"]
    return waiting(f"is not done ({under_way[0]})" if under_way else "its controller has not looked at it yet")


RULES: Final = {
    **{
        ("kafka.strimzi.io", kind): strimzi
        for kind in (
            "Kafka",
            "KafkaTopic",
            "KafkaUser",
            "KafkaConnect",
            "KafkaConnector",
            "KafkaBridge",
            "KafkaMirrorMaker",
            "KafkaMirrorMaker2",
        )
    },
    ("kafka.strimzi.io", "KafkaRebalance"): rebalance,
}
