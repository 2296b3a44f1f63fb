"""Argo Rollouts (Rollout, AnalysisRun, Experiment) and Flagger (Canary): new versions that are let in step by step.

Sources: the Rollout specification and "Analysis & Progressive Delivery" of Argo Rollouts, "Canary status" of Flagger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import NOT_LOOKED_AT, NOT_OBSERVED
from workers.health.reading import (
    conditions,
    failed,
    generation,
    healthy,
    mapping,
    mappings,
    spec,
    status,
    text,
    waiting,
    whole,
    why,
)

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def rollout(manifest: Manifest) -> Verdict:
    """Done when Healthy, and when it waits for a person to promote it; failed when Degraded (aborted, out of time).

    A pause with a duration goes on by itself, so that waits. ``observedGeneration`` is text here.
    """
    seen = status(manifest)
    observed, wanted = text(seen.get("observedGeneration")), generation(manifest)
    if wanted is not None and observed.isdigit() and int(observed) != wanted:
        return waiting(NOT_OBSERVED)
    phase, message = text(seen.get("phase")), text(seen.get("message"))
    if phase == "Healthy":
        return healthy("is healthy")
    if phase == "Degraded":
        return failed(f"is degraded ({message})" if message else "is degraded")
    if phase == "Paused" and not _timed(manifest):
        return healthy(f"is paused until a person goes on ({message})" if message else "is paused")
    return (
        waiting(f"is {phase.lower()} ({message})" if message else f"is {phase.lower()}")
        if phase
        else waiting(NOT_LOOKED_AT)
    )


def _timed(manifest: Manifest) -> bool:
    """Whether the step that a canary pauses at has a duration."""
    if spec(manifest).get("paused") is True:
        return False
    strategy = mapping(mapping(spec(manifest).get("strategy")).get("canary"))
    steps, index = mappings(strategy.get("steps")), whole(status(manifest).get("currentStepIndex"))
    at = mapping(steps[index].get("pause")) if index is not None and 0 <= index < len(steps) else {}
    reasons = {text(one.get("reason")) for one in mappings(status(manifest).get("pauseConditions"))}
    return bool(at.get("duration")) and reasons <= {"CanaryPauseStep"}


def run(manifest: Manifest) -> Verdict:
    """AnalysisRun and Experiment run once: done when Successful, failed when anything else ended them."""
    seen = status(manifest)
    phase, message = text(seen.get("phase")), text(seen.get("message"))
    if phase == "Successful":
        return healthy("was successful")
    if phase in ("Failed", "Error", "Inconclusive"):
        return failed(why(f"ended as {phase}", message))
    return waiting(why(f"is {phase.lower()}", message) if phase else NOT_LOOKED_AT)


def canary(manifest: Manifest) -> Verdict:
    """Done when Initialized or Succeeded, and at a gate that a person opens; failed when Flagger rolled it back."""
    seen = status(manifest)
    phase = text(seen.get("phase"))
    promoted = conditions(seen.get("conditions")).get("Promoted")
    message = promoted.message if promoted else ""
    if phase in ("Initialized", "Succeeded"):
        return healthy(f"has {phase.lower()}" if phase == "Succeeded" else "is initialized")
    if phase in ("Waiting", "WaitingPromotion"):
        return healthy(why("waits at a gate", message))
    if phase == "Failed":
        return failed(f"was rolled back ({message})" if message else "was rolled back")
    return waiting(why(f"is {phase.lower()}", message) if phase else NOT_LOOKED_AT)


RULES: Final = {
    ("argoproj.io", "Rollout"): rollout,
    ("argoproj.io", "AnalysisRun"): run,
    ("argoproj.io", "Experiment"): run,
    ("flagger.app", "Canary"): canary,
}
