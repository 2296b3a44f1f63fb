"""PersistentVolumeClaim and PersistentVolume: the phase says it all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.health.reading import failed, healthy, status, text, waiting, why

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def claim(manifest: Manifest) -> Verdict:
    """Done when Bound, failed when Lost.

    A claim whose StorageClass binds on first use (WaitForFirstConsumer) looks the same as one that cannot be
    bound, since the binding mode is in another object: both are pending.
    """
    phase = status(manifest).get("phase")
    if phase == "Bound":
        return healthy("is bound")
    if phase == "Lost":
        return failed("has lost its volume")
    return waiting("is pending: no volume is bound to it yet")


def volume(manifest: Manifest) -> Verdict:
    """Done when Available, Bound or Released; failed when its recycling failed."""
    seen = status(manifest)
    phase = seen.get("phase")
    if phase in ("Available", "Bound", "Released"):
        return healthy(f"is {str(phase).lower()}")
    if phase == "Failed":
        reason = why(text(seen.get("reason")), text(seen.get("message")))
        return failed(f"has failed ({reason})" if reason else "has failed")
    return waiting("is pending")
