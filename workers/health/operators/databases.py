"""CloudNativePG: Cluster, Backup, ScheduledBackup, Pooler, and what is declared inside a database.

Source: the API reference of postgresql.cnpg.io/v1, and "Hibernation" in CloudNativePG's documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import NOT_LOOKED_AT, observed, unobserved
from workers.health.reading import conditions, count, failed, healthy, spec, status, text, waiting, why

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict

UNRECOVERABLE: Final = "Cluster is unrecoverable and needs manual intervention"
WAITS_FOR_A_PERSON: Final = "Waiting for user action"


def cluster(manifest: Manifest) -> Verdict:
    """Done when Ready, hibernated, or when a supervised update waits for a person; failed when beyond recovery."""
    seen = status(manifest)
    phase, reason = text(seen.get("phase")), text(seen.get("phaseReason"))
    hibernated = conditions(seen.get("conditions")).get("cnpg.io/hibernation")
    if phase == UNRECOVERABLE:
        return failed(why("is unrecoverable", reason))
    if hibernated and hibernated.true:
        return healthy("is hibernated")
    if phase == WAITS_FOR_A_PERSON:
        return healthy(why("waits for a person", reason))
    verdict = observed(manifest)
    return waiting(f"is not ready ({why(phase, reason)})") if not verdict.ok and phase else verdict


def backup(manifest: Manifest) -> Verdict:
    """Done when completed, failed when failed: a Backup runs once."""
    seen = status(manifest)
    phase, error = text(seen.get("phase")), text(seen.get("error"))
    if phase == "completed":
        return healthy("is completed")
    if phase == "failed":
        return failed(f"has failed ({error})" if error else "has failed")
    return waiting(f"is {why(phase, error)}" if phase else NOT_LOOKED_AT)


def scheduled_backup(manifest: Manifest) -> Verdict:
    """Always done: its Backups start later, on their own."""
    return healthy("is suspended" if spec(manifest).get("suspend") is True else "is scheduled")


def pooler(manifest: Manifest) -> Verdict:
    """Done when it has all its instances."""
    wanted, ready = count(spec(manifest).get("instances"), missing=1), count(status(manifest).get("instances"))
    said = f"{ready} of {wanted} instances are ready"
    return healthy(said) if ready >= wanted else waiting(said)


def declared(manifest: Manifest) -> Verdict:
    """Database, Publication and Subscription are done when applied; what goes wrong is tried again."""
    stale = unobserved(manifest, required=True)
    if stale:
        return stale
    seen = status(manifest)
    if seen.get("applied") is True:
        return healthy("is applied")
    message = text(seen.get("message"))
    return waiting(f"is not applied ({message})" if message else "is not applied")


RULES: Final = {
    ("postgresql.cnpg.io", "Cluster"): cluster,
    ("postgresql.cnpg.io", "Backup"): backup,
    ("postgresql.cnpg.io", "ScheduledBackup"): scheduled_backup,
    ("postgresql.cnpg.io", "Pooler"): pooler,
    **{("postgresql.cnpg.io", kind): declared for kind in ("Database", "Publication", "Subscription")},
}
