"""A Pod on its own: its phase, and the container that keeps it from becoming ready.

Source: "Pod Lifecycle" in the Kubernetes documentation. kstatus calls a crashing container a failure at once;
we do not, because the kubelet keeps trying and a missing image or Secret may arrive in the same sync. The
verdict waits, and its message names container and reason, so that a timeout says why. Argo CD, too, fails at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.health.reading import (
    conditions,
    count,
    failed,
    healthy,
    mapping,
    mappings,
    spec,
    status,
    text,
    waiting,
    whole,
    why,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.model import Manifest, Verdict

TROUBLES = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
        "CreateContainerConfigError",
        "CreateContainerError",
        "CreatePodSandboxError",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
        "RunContainerError",
        "StartError",
    }
)
"""Reasons of a waiting container that mean trouble; ``ContainerCreating`` and ``PodInitializing`` do not."""


def pod(manifest: Manifest) -> Verdict:
    """Done when ready or Succeeded, failed when Failed; everything else waits and says what for.

    A Pod that is not restarted after a success is to end, so being ready is not enough for it (as in Argo CD).
    """
    seen = status(manifest)
    phase = seen.get("phase")
    if phase == "Succeeded":
        return healthy("has succeeded")
    if phase == "Failed":
        reason = why(text(seen.get("reason")), text(seen.get("message"))) or next(_exits(seen), "")
        return failed(f"has failed ({reason})" if reason else "has failed")
    trouble = next(_troubles(seen), "")
    if trouble:
        return waiting(trouble)
    found = conditions(seen.get("conditions"))
    scheduled = found.get("PodScheduled")
    if scheduled and scheduled.false:
        return waiting(f"is not scheduled ({scheduled.why})" if scheduled.why else "is not scheduled")
    ready = found.get("Ready")
    if phase == "Running" and spec(manifest).get("restartPolicy") in ("OnFailure", "Never"):
        return waiting("is running")
    if phase == "Running" and ready and ready.true:
        return healthy("is ready")
    if phase == "Running":
        return waiting(f"is not ready ({ready.why})" if ready and ready.why else "is not ready")
    if phase == "Pending":
        return waiting("is pending")
    return waiting("has lost contact with its node" if phase == "Unknown" else "has no phase yet")


def _troubles(seen: dict[str, object]) -> Iterator[str]:
    """``container web: CrashLoopBackOff: …`` for each container in trouble, init containers first."""
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in mappings(seen.get(field)):
            held = mapping(mapping(container.get("state")).get("waiting"))
            reason = text(held.get("reason"))
            if reason not in TROUBLES:
                continue
            last = mapping(mapping(container.get("lastState")).get("terminated"))
            restarts = count(container.get("restartCount"))
            code = whole(last.get("exitCode"))
            told = (
                f"last exit code {code}, {restarts} restarts"
                if reason == "CrashLoopBackOff" and code is not None
                else text(held.get("message"))
            )
            yield f"container {text(container.get('name')) or '?'}: {why(reason, told)}"


def _exits(seen: dict[str, object]) -> Iterator[str]:
    """``container web: Error, exit code 1`` for each container that ended badly, init containers first."""
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in mappings(seen.get(field)):
            ended = mapping(mapping(container.get("state")).get("terminated"))
            code = whole(ended.get("exitCode"))
            if code:
                reason = text(ended.get("reason")) or "Error"
                yield f"container {text(container.get('name')) or '?'}: {reason}, exit code {code}"
