"""External Secrets and Sealed Secrets: has the Secret the content that was asked for?

Sources: the API specification of external-secrets.io, and the status of bitnami.com/v1alpha1 SealedSecrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import observed

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def external(manifest: Manifest) -> Verdict:
    """Done when Ready: the provider answered, and what it said was written (stores: the provider can be reached).

    An error waits: the controller asks again, and the store or its credentials may come in the same sync.
    """
    return observed(manifest)


def sealed(manifest: Manifest) -> Verdict:
    """Done when Synced: it could be unsealed. An error waits, because the key may be restored after it."""
    return observed(manifest, "Synced", good="is unsealed", bad="is not unsealed")


RULES: Final = {
    **{
        ("external-secrets.io", kind): external
        for kind in (
            "ExternalSecret",
            "ClusterExternalSecret",
            "SecretStore",
            "ClusterSecretStore",
            "PushSecret",
            "ClusterPushSecret",
        )
    },
    ("bitnami.com", "SealedSecret"): sealed,
}
