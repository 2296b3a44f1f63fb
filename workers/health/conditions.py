"""What any object may say of itself: observedGeneration and the standard conditions.

Source: the API conventions of Kubernetes ("Typical status properties") and kstatus, whose abnormal-true
conditions ``Reconciling`` and ``Stalled`` a controller sets only while they hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.health.reading import conditions, failed, generation, healthy, status, waiting, whole

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict

NOT_OBSERVED = "its controller has not seen the latest change yet"

NOT_LOOKED_AT = "its controller has not looked at it yet"

MUST_BE_TRUE = ("Ready", "Available")
"""Conditions which, where present, have to be true before the object is done."""


def unobserved(manifest: Manifest, required: bool = False) -> Verdict | None:
    """A waiting verdict while ``status`` describes an older spec, else ``None``.

    ``required`` is for kinds whose controller always writes observedGeneration: there its absence means that
    the controller has not looked at the object at all. An object without ``metadata.generation`` is never
    unobserved.
    """
    wanted = generation(manifest)
    seen = whole(status(manifest).get("observedGeneration"))
    if wanted is None or seen == wanted or (seen is None and not required):
        return None
    return waiting(NOT_OBSERVED)


def standard(manifest: Manifest) -> Verdict:
    """Judge an object of an unknown kind: Stalled fails, Reconciling and anything not yet true waits.

    ``Ready: False`` is not a failure: a controller that tries again says it on every start. One that gave up
    says ``Stalled``.
    """
    found = conditions(status(manifest).get("conditions"))
    stale = unobserved(manifest)
    if stale:
        return stale
    stalled = found.get("Stalled")
    if stalled and stalled.true:
        return failed(f"is stalled ({stalled.why})" if stalled.why else "is stalled")
    reconciling = found.get("Reconciling")
    if reconciling and reconciling.true:
        return waiting(f"is reconciling ({reconciling.why})" if reconciling.why else "is reconciling")
    wanted = generation(manifest)
    for name in MUST_BE_TRUE:
        condition = found.get(name)
        if condition is None:
            continue
        if None not in (wanted, condition.observed) and condition.observed != wanted:
            return waiting(NOT_OBSERVED)
        if not condition.true:
            word = f"is not {name.lower()}"
            return waiting(f"{word} ({condition.why})" if condition.why else word)
    said = [name for name in MUST_BE_TRUE if name in found]
    return healthy(f"is {said[0].lower()}" if said else "exists")


def observed(
    manifest: Manifest,
    name: str = "Ready",
    good: str = "is ready",
    bad: str = "is not ready",
    final: frozenset[str] = frozenset(),
) -> Verdict:
    """Judge an object whose controller always writes the condition ``name``: without it, it was not looked at.

    ``good`` and ``bad`` are what is said; ``final`` are the reasons after which the controller does not try again.
    """
    stale = unobserved(manifest)
    if stale:
        return stale
    condition = conditions(status(manifest).get("conditions")).get(name)
    if condition is None:
        return waiting(NOT_LOOKED_AT)
    wanted = generation(manifest)
    if None not in (wanted, condition.observed) and condition.observed != wanted:
        return waiting(NOT_OBSERVED)
    if condition.true:
        return healthy(good)
    said = f"{bad} ({condition.why})" if condition.why else bad
    return failed(said) if condition.false and condition.reason in final else waiting(said)
