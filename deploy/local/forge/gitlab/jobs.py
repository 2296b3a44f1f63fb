"""GitLab's state machine for the status of a commit. Pure.

A status is a job. A write changes the job of the same ref, name and user that is still pending or running, or
else makes a new one; so a write after a final state always makes a new job, and so does another bot user.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

STATES: Final = ("pending", "running", "success", "failed", "canceled", "skipped")
"""What a write may ask for; neither GitHub's ``failure`` nor its ``error`` is among them."""

_OPEN = ("pending", "running")
# state asked for -> (event, the states it may happen in)
_EVENTS: Final = {
    "pending": ("enqueue", ("created", "skipped", "manual")),
    "running": ("run", ("pending",)),
    "success": ("success", ("created", "pending", "running")),
    "failed": ("drop", ("created", "pending", "running")),
    "canceled": ("cancel", ("created", "pending", "running", "manual")),
    "skipped": ("skip", ("created", "pending")),
}


class Refused(Exception):
    """The job cannot get into the state asked for; the message is GitLab's."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``is_retried``: a newer one of the same ref and name took its place."""

    id: int
    sha: str
    ref: str
    name: str
    user: str
    status: str
    description: str = ""
    target_url: str = ""
    at: float = 0.0
    is_retried: bool = False


def post(jobs: Sequence[Job], wanted: Job) -> list[Job]:
    """Return all jobs after a write of ``wanted``, whose ``id`` is used if it becomes a new job.

    Raises :class:`Refused` when the transition is not one.
    """
    same = [index for index, job in enumerate(jobs) if _is_same(job, wanted) and job.status in _OPEN]
    if same:
        index = same[-1]
        _check(jobs[index].status, wanted.status)
        updated = replace(
            jobs[index],
            status=wanted.status,
            description=wanted.description or jobs[index].description,
            target_url=wanted.target_url or jobs[index].target_url,
        )
        return [*jobs[:index], updated, *jobs[index + 1 :]]
    older = [replace(job, is_retried=True) if (job.ref, job.name) == (wanted.ref, wanted.name) else job for job in jobs]
    return [*older, wanted]


def _is_same(job: Job, wanted: Job) -> bool:
    return (job.ref, job.name, job.user) == (wanted.ref, wanted.name, wanted.user)


def _check(now: str, asked: str) -> None:
    event, sources = _EVENTS[asked]
    if now not in sources:
        raise Refused(
            f'Cannot transition status via :{event} from :{now} (Reason(s): Status cannot transition via "{event}")'
        )
