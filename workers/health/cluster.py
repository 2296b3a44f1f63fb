"""What other objects stand on: Namespace, CustomResourceDefinition, APIService.

The apply stage needs these verdicts too: a custom resource can only be applied once its kind is established.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.health.reading import conditions, failed, healthy, status, waiting

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def namespace(manifest: Manifest) -> Verdict:
    """Done unless Terminating; then the message says what keeps it."""
    seen = status(manifest)
    if seen.get("phase") != "Terminating":
        return healthy("is active")
    found = conditions(seen.get("conditions"))
    kept = [found[name].message for name in sorted(found) if found[name].true and found[name].message]
    return waiting(f"is being deleted ({kept[0]})" if kept else "is being deleted")


def custom_resource_definition(manifest: Manifest) -> Verdict:
    """Done when Established; failed when its names collide with those of another definition."""
    found = conditions(status(manifest).get("conditions"))
    accepted, established = found.get("NamesAccepted"), found.get("Established")
    leaving = found.get("Terminating")
    if leaving and leaving.true:
        return waiting("is being deleted")
    if accepted and accepted.false:
        return failed(f"its names are not accepted ({accepted.why})" if accepted.why else "its names are not accepted")
    if established and established.true:
        return healthy("is established")
    return waiting(
        f"is not established ({established.why})" if established and established.why else "is not established"
    )


def api_service(manifest: Manifest) -> Verdict:
    """Done when Available: the API server reaches whatever serves the group."""
    available = conditions(status(manifest).get("conditions")).get("Available")
    if available and available.true:
        return healthy("is available")
    return waiting(f"is not available ({available.why})" if available and available.why else "is not available")
