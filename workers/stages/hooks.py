"""Hooks: objects a phase runs. Each is made once per sync, seen to its end, and deleted by its policy.

Which sync made an object stands in its annotation, so that a worker that takes over after a crash does not run it
again. What finishes (Job, Pod, Workflow) also gets our finalizer until its end was seen: a Job with
``ttlSecondsAfterFinished: 0`` would otherwise be gone before anybody could say how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from workers import health, kube, manifests
from workers.errors import ClusterUnreachable, ObjectClaimed
from workers.model import Manifest, Ref, Verdict
from workers.phases import Hook, Phase, Policy

MARK: Final = "hookline.dev/sync"
FINALIZER: Final = "hookline.dev/hook"
FINISHING: Final = frozenset({("batch", "Job"), ("", "Pod"), ("argoproj.io", "Workflow")})
_TRIES: Final = 5


def mark(sync: str, phase: Phase) -> str:
    """Return what stands in the annotation of a hook that ``sync`` made in ``phase``. Pure."""
    return f"{sync}/{phase.value}"


def made_by(manifest: Manifest | None) -> str:
    """Return which sync and phase made a live object, ``""`` for none. Pure."""
    annotations = (manifest or {}).get("metadata", {}).get("annotations") or {}
    return str(annotations.get(MARK, ""))


def start(
    client: kube.Client,
    applyset: str,
    hook: Hook,
    marked: str,
    live: Mapping[Ref, Manifest],
    check: Callable[[], None],
) -> Manifest:
    """Make the hook's object, unless this sync has; one that an earlier sync left is deleted first.

    Returns the object as it is. Raises :class:`ClusterUnreachable` while an old one is still on its way out, and
    :class:`ObjectClaimed` for one that another app owns.
    """
    before = live.get(hook.ref)
    if made_by(before) == marked and before is not None:
        return before
    group, _, version = hook.rendered.manifest["apiVersion"].rpartition("/")
    resource = client.resource(group, hook.ref.kind, version)
    if before is not None:
        remove(client, hook.ref, version, before, check)
    wanted = _marked(manifests.with_owner(hook.rendered.manifest, applyset), hook.ref, marked)
    check()
    try:
        return client.create(wanted)
    except kube.StaleObject:
        pass
    found = client.get(resource, hook.ref.namespace, hook.ref.name)
    if found is not None and made_by(found) == marked:
        return found
    owner = ((found or {}).get("metadata", {}).get("labels") or {}).get(manifests.OWNER_LABEL)
    if owner and owner != applyset:
        raise ObjectClaimed(f"{hook.rendered.origin}: {hook.ref} belongs to another app: rename one of them")
    if found is not None and "deletionTimestamp" not in found["metadata"]:
        remove(client, hook.ref, version, found, check)
    raise ClusterUnreachable(f"the {hook.ref} of an earlier sync is still being deleted")


def verdict(manifest: Manifest | None, marked: str, checks: health.Checks = health.NONE) -> Verdict:
    """Judge a hook that was made. One that was deleted before its end was seen has failed. Pure."""
    if manifest is None or made_by(manifest) != marked:
        return Verdict(done=True, ok=False, message="was deleted before it was seen to finish; sync again to run it")
    metadata = manifest["metadata"]
    deleted = "deletionTimestamp" in metadata
    kept = {k: v for k, v in metadata.items() if k != "deletionTimestamp"}
    seen = health.state({**manifest, "metadata": kept}, checks)
    if deleted and not seen.done:
        return Verdict(done=True, ok=False, message="was deleted before it finished; sync again to run it")
    return seen


def end(
    client: kube.Client,
    hooks: Iterable[tuple[Hook, bool]],
    live: Mapping[Ref, Manifest],
    check: Callable[[], None],
) -> None:
    """Let go of hooks that ended (each with whether it did well), and delete those whose policy says so.

    Doing it twice changes nothing.
    """
    for hook, ok in hooks:
        manifest = live.get(hook.ref)
        if manifest is None:
            continue
        version = hook.rendered.manifest["apiVersion"].rpartition("/")[2]
        if (Policy.SUCCEEDED if ok else Policy.FAILED) in hook.policies:
            remove(client, hook.ref, version, manifest, check)
        else:
            let_go(client, manifest, check)


def remove(client: kube.Client, ref: Ref, version: str, manifest: Manifest, check: Callable[[], None]) -> None:
    """Delete a hook's object with what it started; only this very one."""
    let_go(client, manifest, check)
    check()
    resource = client.resource(ref.group, ref.kind, version)
    try:
        client.delete(resource, ref.namespace, ref.name, "Background", manifest["metadata"]["uid"])
    except kube.StaleObject:
        return  # another one has its name: not ours to delete


def let_go(client: kube.Client, manifest: Manifest, check: Callable[[], None]) -> None:
    """Take our finalizer off a live object; an object that is gone is fine."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    current: Manifest | None = manifest
    for _ in range(_TRIES):
        finalizers = (current or {}).get("metadata", {}).get("finalizers") or []
        if current is None or FINALIZER not in finalizers:
            return
        metadata = {**current["metadata"], "finalizers": [name for name in finalizers if name != FINALIZER]}
        check()
        try:
            client.replace({**current, "metadata": metadata})
        except kube.StaleObject:
            found = client.get(
                client.resource(group, manifest["kind"], version), metadata.get("namespace", ""), metadata["name"]
            )
            current = found if found and found["metadata"]["uid"] == metadata["uid"] else None
        else:
            return
    raise ClusterUnreachable(f"{manifest['kind']} {manifest['metadata']['name']} changes too often to be let go")


def _marked(manifest: Manifest, ref: Ref, marked: str) -> Manifest:
    metadata = manifest["metadata"]
    changed = {**metadata, "name": ref.name, "annotations": {**(metadata.get("annotations") or {}), MARK: marked}}
    if (ref.group, ref.kind) in FINISHING:
        changed["finalizers"] = [*(metadata.get("finalizers") or []), FINALIZER]
    return {**manifest, "metadata": changed}
