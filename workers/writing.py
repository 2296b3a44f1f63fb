"""One object, written the way its options say; with a dry client, the same without a trace.

This module never decides whether to write and never deletes anything but what it makes anew at once.
"""

from __future__ import annotations

from workers import fields, kube
from workers.errors import ClusterUnreachable, HooklineError, ObjectConflict, ObjectRefused
from workers.model import Manifest, Rendered
from workers.options import Options


def write(client: kube.Client, manifest: Manifest, live: Manifest | None, how: Options, *, force: bool) -> kube.Applied:
    """Write ``manifest`` and return the object as the API server accepted it.

    By server-side apply; as a whole with ``how.replace``, or without ``how.validate`` where the schema does not take
    it. What cannot be changed is deleted and made anew with ``how.force``. ``live`` is the object as it was seen, if it
    was. Raises as :meth:`workers.kube.Client.apply` does, and :class:`ClusterUnreachable` while an object that is to be
    made anew is on its way out.
    """
    try:
        if how.replace:
            return _whole(client, manifest, live, strict=how.validate)
        try:
            return _applied(client, manifest, live, how, force)
        except kube.ImmutableField:
            raise
        except ObjectRefused:
            if how.validate:
                raise
            return _whole(client, manifest, live, strict=False)
    except kube.ImmutableField:
        if not how.force:
            raise
        return _anew(client, manifest, how, force)


def _applied(client: kube.Client, manifest: Manifest, live: Manifest | None, how: Options, force: bool) -> kube.Applied:
    """Apply; what others wrote from files before becomes ours first, so that what is not in Git goes."""

    def applied(*, force: bool = force) -> kube.Applied:
        return client.apply(manifest, force=force, strict=how.validate)

    managed = fields.taken_over(live) if live is not None else None
    if live is None or managed is None:
        return applied()
    if client.dry_run:
        try:
            return applied()
        except ObjectConflict as error:
            if not all(map(fields.is_writer, error.managers)):
                raise
            return applied(force=True)
    owned = client.own(live, managed)
    try:
        return applied()
    except kube.ImmutableField:
        # A value that was defaulted when the object was made counts as theirs, too, and cannot be taken away again.
        free = fields.taken_over(live, merge=False)
        client.own(owned, free or [])
        return applied()


def _whole(client: kube.Client, manifest: Manifest, live: Manifest | None, *, strict: bool) -> kube.Applied:
    found = live or get(client, manifest)
    if found is None:
        return kube.Applied(client.create(manifest, strict=strict), created=True)
    metadata = {**manifest["metadata"], "resourceVersion": found["metadata"]["resourceVersion"]}
    return kube.Applied(client.replace({**manifest, "metadata": metadata}, strict=strict), created=False)


def _anew(client: kube.Client, manifest: Manifest, how: Options, force: bool) -> kube.Applied:
    found = get(client, manifest)
    if client.dry_run and found is not None:
        return kube.Applied(manifest, created=False, anew=True)  # a pretended deletion leaves it there
    if found is not None:
        metadata = found["metadata"]
        resource = client.resource(*_kind(manifest))
        how_to = "Orphan" if _keeps_pods(manifest, found) else "Background"
        client.delete(resource, metadata.get("namespace", ""), metadata["name"], how_to, metadata["uid"])
        if get(client, manifest) is not None:
            name = f"{manifest['kind']} {metadata['name']}"
            raise ClusterUnreachable(f"{name} has to be made anew and is still being deleted")
    return kube.Applied(client.apply(manifest, force=force, strict=how.validate).manifest, created=False)


def _kind(manifest: Manifest) -> tuple[str, str, str]:
    group, _, version = manifest["apiVersion"].rpartition("/")
    return group, manifest["kind"], version


def _keeps_pods(manifest: Manifest, live: Manifest) -> bool:
    """Whether the object made anew adopts the Pods of the old one: then they run on."""
    if (manifest["apiVersion"], manifest["kind"]) != ("apps/v1", "StatefulSet"):
        return False
    spec = manifest.get("spec")
    return isinstance(spec, dict) and spec.get("selector") == live["spec"].get("selector")


def get(client: kube.Client, manifest: Manifest) -> Manifest | None:
    """Return the live object of a manifest. One request."""
    metadata = manifest["metadata"]
    return client.get(client.resource(*_kind(manifest)), metadata.get("namespace", ""), metadata["name"])


class located:  # noqa: N801 -- used as a verb: with located(rendered): ...
    """Name the file in every refusal raised inside the block."""

    def __init__(self, rendered: Rendered) -> None:
        self._rendered = rendered

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise a refusal again with the file in front; let everything else pass."""
        if isinstance(error, ObjectRefused):
            raise ObjectRefused(f"{self._rendered.origin}: {error}", error.field) from error
        if isinstance(error, kube.UnknownKind):
            raise ObjectRefused(f"{self._rendered.origin}: {error}") from error
        if isinstance(error, HooklineError):
            return
