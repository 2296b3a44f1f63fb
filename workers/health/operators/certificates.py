"""cert-manager: Certificate, CertificateRequest, Issuer, ClusterIssuer, Order and Challenge.

Source: the API reference of cert-manager.io/v1 and acme.cert-manager.io/v1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import NOT_OBSERVED, observed
from workers.health.reading import conditions, failed, healthy, status, text, waiting, why

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def certificate(manifest: Manifest) -> Verdict:
    """Done when Ready, also while it is renewed; failed when issuing failed: the next try is an hour or more away."""
    verdict = observed(manifest)
    if verdict.message == NOT_OBSERVED:
        return verdict
    issuing = conditions(status(manifest).get("conditions")).get("Issuing")
    if not verdict.ok and issuing and issuing.false and issuing.reason == "Failed":
        return failed(f"could not be issued ({issuing.message or issuing.reason})")
    if not verdict.ok and issuing and issuing.true:
        return waiting(f"is being issued ({issuing.why})" if issuing.why else "is being issued")
    return verdict


def request(manifest: Manifest) -> Verdict:
    """Done when Ready; a request that was denied, is invalid or has failed is never tried again."""
    found = conditions(status(manifest).get("conditions"))
    for name, word in (("Denied", "was denied"), ("InvalidRequest", "is invalid")):
        ended = found.get(name)
        if ended and ended.true:
            return failed(f"{word} ({ended.why})" if ended.why else word)
    return observed(manifest, final=frozenset({"Failed", "Denied"}))


def issuer(manifest: Manifest) -> Verdict:
    """Done when Ready: its account or key could be used."""
    return observed(manifest)


def acme(manifest: Manifest) -> Verdict:
    """Order and Challenge are done when valid (an order also when ready to be finalised)."""
    seen = status(manifest)
    state, reason = text(seen.get("state")), text(seen.get("reason"))
    if state in ("valid", "ready"):
        return healthy(f"is {state}")
    if state in ("invalid", "expired", "errored"):
        return failed(why(f"is {state}", reason))
    return waiting(why(f"is {state or 'not looked at yet'}", reason))


RULES: Final = {
    ("cert-manager.io", "Certificate"): certificate,
    ("cert-manager.io", "CertificateRequest"): request,
    ("cert-manager.io", "Issuer"): issuer,
    ("cert-manager.io", "ClusterIssuer"): issuer,
    ("acme.cert-manager.io", "Order"): acme,
    ("acme.cert-manager.io", "Challenge"): acme,
}
