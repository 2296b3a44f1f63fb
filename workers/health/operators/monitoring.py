"""The Prometheus operator: what runs (Prometheus, Alertmanager …), and what it is configured by (ServiceMonitor …).

Source: the API reference of monitoring.coreos.com.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import observed
from workers.health.reading import conditions, failed, healthy, mappings, spec, status, text

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def server(manifest: Manifest) -> Verdict:
    """Done when Reconciled and Available, or paused. ``Degraded`` is a value of Available: not all Pods are ready."""
    if spec(manifest).get("paused") is True:
        return healthy("is paused")
    reconciled = observed(manifest, "Reconciled", good="is reconciled", bad="is not reconciled")
    return observed(manifest, "Available", good="is available", bad="is not available") if reconciled.ok else reconciled


def configuration(manifest: Manifest) -> Verdict:
    """Done at once, unless a server that selects it says that it refuses it: then only a change of it helps.

    Who selects it is written only where the operator's status feature is on.
    """
    for binding in mappings(status(manifest).get("bindings")):
        accepted = conditions(binding.get("conditions")).get("Accepted")
        if accepted and accepted.false:
            return failed(f"is refused by {text(binding.get('name')) or 'a server'} ({accepted.why})")
    return healthy("exists")


RULES: Final = {
    **{
        ("monitoring.coreos.com", kind): server
        for kind in ("Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler")
    },
    **{
        ("monitoring.coreos.com", kind): configuration
        for kind in ("ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig", "PrometheusRule", "AlertmanagerConfig")
    },
}
