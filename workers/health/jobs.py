"""Job and CronJob.

Source: the conditions of ``batch/v1`` Jobs. kstatus calls a Job current as soon as it has started; we wait
for its end, because a sync that goes green before its migration Job has run has told a lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.health.reading import conditions, count, failed, healthy, spec, status, waiting

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict


def job(manifest: Manifest) -> Verdict:
    """Done when Complete, failed when Failed; a suspended Job is done, for it was asked not to run."""
    seen = status(manifest)
    found = conditions(seen.get("conditions"))
    ended_badly = found.get("Failed")
    if ended_badly and ended_badly.true:
        return failed(f"has failed ({ended_badly.why})" if ended_badly.why else "has failed")
    complete = found.get("Complete")
    if complete and complete.true:
        return healthy("is complete")
    # FailureTarget comes before Failed, while the last Pods are still being stopped.
    failing = found.get("FailureTarget")
    if failing and failing.true:
        return waiting(f"is failing ({failing.why})" if failing.why else "is failing")
    if spec(manifest).get("suspend") is True:
        return healthy("is suspended")
    wanted = count(spec(manifest).get("completions"), missing=1)
    progress = f"{count(seen.get('succeeded'))} of {wanted} completions"
    tries = count(seen.get("failed"))
    return waiting(f"{progress}, {tries} failed {'try' if tries == 1 else 'tries'}" if tries else progress)


def cron_job(manifest: Manifest) -> Verdict:
    """Always done: its Jobs start later, on their own, and are not part of this sync."""
    return healthy("is suspended" if spec(manifest).get("suspend") is True else "is scheduled")
