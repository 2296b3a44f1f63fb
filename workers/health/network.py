"""Service and Ingress: have they the address that was asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.health.reading import healthy, mapping, mappings, spec, status, text, waiting

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def service(manifest: Manifest) -> Verdict:
    """Done at once, except a LoadBalancer, which is done when it has an address.

    Whether Pods answer behind it is the health of the workload, not of the Service.
    """
    if spec(manifest).get("type") != "LoadBalancer":
        return healthy("exists")
    address = _address(manifest)
    return healthy(f"has address {address}") if address else waiting("has no load balancer address yet")


def ingress(manifest: Manifest) -> Verdict:
    """Always done: many controllers serve an Ingress without ever writing its address."""
    address = _address(manifest)
    return healthy(f"has address {address}" if address else "exists")


def _address(manifest: Manifest) -> str:
    """The first address of ``status.loadBalancer.ingress``, or ``""``."""
    for entry in mappings(mapping(status(manifest).get("loadBalancer")).get("ingress")):
        address = text(entry.get("ip")) or text(entry.get("hostname"))
        if address:
            return address
    return ""
