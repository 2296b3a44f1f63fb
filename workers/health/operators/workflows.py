"""Argo Workflows: Workflow and CronWorkflow.

Source: the field reference of Argo Workflows. An Application of Argo CD has no rule: among an app's manifests it is a
declaration, which is never applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import NOT_LOOKED_AT
from workers.health.reading import failed, healthy, spec, status, text, waiting, why

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def workflow(manifest: Manifest) -> Verdict:
    """Done when Succeeded, failed when Failed or Error; a suspended one waits for a person and is not waited for."""
    seen = status(manifest)
    phase, message = text(seen.get("phase")), text(seen.get("message"))
    if phase == "Succeeded":
        return healthy("has succeeded")
    if phase in ("Failed", "Error"):
        return failed(f"has failed ({message})" if message else "has failed")
    if spec(manifest).get("suspend") is True:
        return healthy("is suspended")
    return waiting(why(f"is {phase.lower()}", message) if phase else NOT_LOOKED_AT)


def cron_workflow(manifest: Manifest) -> Verdict:
    """Always done: its Workflows start later, on their own."""
    return healthy("is suspended" if spec(manifest).get("suspend") is True else "is scheduled")


RULES: Final = {
    ("argoproj.io", "Workflow"): workflow,
    ("argoproj.io", "CronWorkflow"): cron_workflow,
}
