"""Deployment, StatefulSet, DaemonSet and ReplicaSet: is what runs what was asked for, all of it, and no more?

Sources: the status fields documented in the API reference of ``apps/v1``, the same questions in the same
order as ``kubectl rollout status`` asks them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.health.conditions import unobserved
from workers.health.reading import conditions, count, failed, healthy, mapping, spec, status, waiting

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def deployment(manifest: Manifest) -> Verdict:
    """Done when all replicas are of the latest template and available, and no old one is left.

    Failed when the controller says ``ProgressDeadlineExceeded``: the author set (or kept) that deadline. A
    paused rollout is done and says so (Argo CD: Suspended): Git asks for the pause, and only a person ends it.
    """
    stale = unobserved(manifest, required=True)
    if stale:
        return stale
    seen = status(manifest)
    found = conditions(seen.get("conditions"))
    progressing = found.get("Progressing")
    if progressing and progressing.false and progressing.reason == "ProgressDeadlineExceeded":
        return failed(f"made no progress before its deadline ({progressing.why})")
    wanted = _wanted(manifest)
    verdict = _rollout(seen, wanted, wanted, count(seen.get("availableReplicas")))
    blocked = found.get("ReplicaFailure")
    if not verdict.done and blocked and blocked.true:
        return waiting(f"{verdict.message} ({blocked.why})")
    if not verdict.done and spec(manifest).get("paused") is True:
        return healthy(f"{verdict.message} (the rollout is paused)")
    available = found.get("Available")
    if verdict.ok and available and available.false:
        return waiting(f"is not available ({available.why})")
    return verdict


def stateful_set(manifest: Manifest) -> Verdict:
    """Done when all replicas are available and those above the partition are of the latest template.

    With ``OnDelete`` the template of running Pods is the operator's choice, so only availability counts.
    """
    stale = unobserved(manifest, required=True)
    if stale:
        return stale
    seen = status(manifest)
    wanted = _wanted(manifest)
    strategy = mapping(spec(manifest).get("updateStrategy"))
    partition = count(mapping(strategy.get("rollingUpdate")).get("partition"))
    by_hand = strategy.get("type") == "OnDelete"
    # Pods below the partition keep the old template on purpose, so old ones are not counted as left over.
    to_update = 0 if by_hand else max(0, wanted - partition)
    available = count(seen.get("availableReplicas"), missing=count(seen.get("readyReplicas")))
    verdict = _rollout(seen, wanted, to_update, available, kept=wanted - to_update)
    if verdict.ok and by_hand:
        return healthy(f"{verdict.message}, and Pods take a new template when they are deleted (OnDelete)")
    if verdict.ok and partition:
        return healthy(f"{verdict.message}, {to_update} of them updated (partition {partition})")
    return verdict


def daemon_set(manifest: Manifest) -> Verdict:
    """Done when every node that should run the Pod runs the latest one and it is available."""
    stale = unobserved(manifest, required=True)
    if stale:
        return stale
    seen = status(manifest)
    wanted = count(seen.get("desiredNumberScheduled"))
    by_hand = mapping(spec(manifest).get("updateStrategy")).get("type") == "OnDelete"
    updated = count(seen.get("updatedNumberScheduled"))
    available = count(seen.get("numberAvailable"))
    if not wanted:
        return healthy("no node matches it")
    if updated < wanted and not by_hand:
        return waiting(f"{updated} of {wanted} nodes run the updated Pod")
    if available < wanted:
        return waiting(f"{available} of {wanted} nodes have an available Pod")
    return healthy(f"{wanted} of {wanted} nodes have an available Pod")


def replica_set(manifest: Manifest) -> Verdict:
    """Done when exactly the wanted number of replicas exists and is available."""
    stale = unobserved(manifest, required=True)
    if stale:
        return stale
    seen = status(manifest)
    wanted = _wanted(manifest)
    verdict = _rollout(seen, wanted, 0, count(seen.get("availableReplicas")), kept=wanted)
    blocked = conditions(seen.get("conditions")).get("ReplicaFailure")
    if not verdict.done and blocked and blocked.true:
        return waiting(f"{verdict.message} ({blocked.why})")
    return verdict


def _wanted(manifest: Manifest) -> int:
    """Replicas asked for; the API's default is one."""
    return count(spec(manifest).get("replicas"), missing=1)


def _rollout(seen: dict[str, Any], wanted: int, to_update: int, available: int, kept: int = 0) -> Verdict:
    """The questions that all replica controllers share, in the order of a rollout.

    ``to_update`` replicas have to be of the latest template, ``kept`` may be of an older one.
    """
    total = count(seen.get("replicas"))
    updated = count(seen.get("updatedReplicas"))
    if updated < to_update:
        return waiting(f"{updated} of {wanted} replicas are updated")
    surplus = max(total - wanted, total - updated - kept)
    if surplus > 0:
        return waiting(f"{surplus} {'replica is' if surplus == 1 else 'replicas are'} still to be removed")
    if available < wanted:
        return waiting(f"{available} of {wanted} replicas are available")
    if not wanted:
        return healthy("is scaled to zero")
    return healthy(f"{wanted} of {wanted} replicas are available")
