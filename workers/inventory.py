"""What an app owns, kept in the cluster: the parent object of an ApplySet (KEP-3659).

The parent is a ConfigMap in the app's namespace. Its labels and annotations are the KEP's; its data holds the
exact list (:mod:`workers.rows`). Saving needs the ``resourceVersion`` that was loaded: whoever saved in between wins,
and the other stops (:class:`workers.errors.LeaseLost`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workers import kube, rows
from workers.apps import App
from workers.errors import AuthorError, LeaseLost, ObjectClaimed, OperatorError
from workers.model import Manifest, Ref

PART_OF = "applyset.kubernetes.io/part-of"
"""The label of every member, by the KEP."""
ID = "applyset.kubernetes.io/id"
TOOLING = "applyset.kubernetes.io/tooling"
GROUP_KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
MOST_ANNOTATED = 256 * 1024
"""What the API server takes as the annotations of an object. Source: ``TotalAnnotationSizeLimitB`` in
k8s.io/apimachinery, pkg/api/validation."""
CONFIG_MAP = kube.Resource(
    group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True, verbs=("get",)
)

Versions = Mapping[Ref, str]
"""Object to the API version it was last applied in."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The list as loaded; ``resource_version`` is "" when there is none in the cluster yet."""

    refs: dict[Ref, str]
    resource_version: str = ""


def name_of(app: App) -> str:
    """Return the name of an app's parent object."""
    return f"hookline-{app.name}"


def namespace_of(app: App) -> str:
    """Return the namespace of an app's parent object: the app's own."""
    return app.namespace or "default"


def applyset(app: App) -> str:
    """Return an app's ApplySet id, by the KEP's rule: a digest of the parent's name, namespace, kind and group."""
    identity = f"{name_of(app)}.{namespace_of(app)}.ConfigMap."
    digest = hashlib.sha256(identity.encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}-v1"


def load(client: kube.Client, app: App, found: Manifest | None = None) -> Inventory:
    """Return what ``app`` owns; ``found`` is its parent object where that was read already.

    Raises :class:`ObjectClaimed` when the ConfigMap of that name is not an inventory, and :class:`OperatorError` when
    its list cannot be read.
    """
    found = found or client.get(CONFIG_MAP, namespace_of(app), name_of(app))
    if found is None:
        return Inventory({})
    metadata = found["metadata"]
    if (metadata.get("labels") or {}).get(ID) != applyset(app):
        raise ObjectClaimed(
            f"ConfigMap {namespace_of(app)}/{name_of(app)} is not this app's inventory: "
            "rename or delete it, Hookline needs the name"
        )
    try:
        refs = rows.read(found)
    except ValueError as error:
        raise OperatorError(
            f"ConfigMap {namespace_of(app)}/{name_of(app)}: {error} is not the list that Hookline wrote: put it back, "
            "or remove it, and the app's objects are found by their label"
        ) from None
    if refs is None:  # another tool's ApplySet: its members are known by their label
        refs = _members(client, app, metadata.get("annotations") or {})
    return Inventory(refs, metadata["resourceVersion"])


def _members(client: kube.Client, app: App, annotations: Mapping[str, str]) -> dict[Ref, str]:
    """Return what carries the app's label, of the kinds that the parent names."""
    found: dict[Ref, str] = {}
    for name in filter(None, annotations.get(GROUP_KINDS, "").split(",")):
        kind, _, group = name.partition(".")
        try:
            resource = client.resource(group, kind)
        except kube.UnknownKind:
            continue
        for item in client.list(resource, f"{PART_OF}={applyset(app)}").items:
            metadata = item["metadata"]
            found[Ref(group, kind, metadata.get("namespace", ""), metadata["name"])] = resource.version
    return found


def save(client: kube.Client, app: App, refs: Versions, loaded: Inventory) -> Inventory:
    """Make ``refs`` what ``app`` owns; costs nothing when they are already. Returns the inventory as it is now.

    Raises :class:`LeaseLost` when somebody saved since ``loaded``, and :class:`AuthorError` when there are more
    objects than one ConfigMap can name.
    """
    if dict(refs) == loaded.refs and (loaded.resource_version or not refs):
        return loaded
    wanted = manifest(app, refs, loaded.resource_version)
    try:
        saved = client.replace(wanted) if loaded.resource_version else client.create(wanted)
    except kube.StaleObject:
        raise LeaseLost(f"the inventory of {app.name} was saved by another worker meanwhile: this one stops") from None
    return Inventory(dict(refs), saved["metadata"]["resourceVersion"])


def manifest(app: App, refs: Versions, resource_version: str = "") -> Manifest:
    """Return the parent object that says ``refs``. Raises :class:`AuthorError` when it would be too large. Pure."""
    home = namespace_of(app)
    metadata: Manifest = {
        "name": name_of(app),
        "namespace": home,
        "labels": {ID: applyset(app), "app.kubernetes.io/managed-by": "hookline"},
        "annotations": {
            TOOLING: "hookline/v1",
            GROUP_KINDS: ",".join(sorted({group_kind(ref) for ref in refs})),
            NAMESPACES: ",".join(sorted({ref.namespace for ref in refs} - {"", home})),
            "hookline.dev/app": app.name,
        },
    }
    if resource_version:
        metadata["resourceVersion"] = resource_version
    noted = sum(len(key) + len(value) for key, value in metadata["annotations"].items())
    try:
        listed = rows.written(refs)
    except ValueError as error:
        raise _too_large(app, refs, f"list of objects ({error} bytes packed)", rows.MOST_BYTES) from None
    if noted > MOST_ANNOTATED:
        raise _too_large(app, refs, f"list of namespaces and kinds ({noted} bytes)", MOST_ANNOTATED)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **listed}


def _too_large(app: App, refs: Versions, what: str, most: int) -> AuthorError:
    return AuthorError(
        f"app {app.name} has {len(refs)} objects, too many for one inventory: its {what} is more than the {most} bytes "
        f"that ConfigMap {namespace_of(app)}/{name_of(app)} can hold: split the app"
    )


def group_kind(ref: Ref) -> str:
    """Write a kind as the KEP does: ``Deployment.apps``, ``Service``."""
    return f"{ref.kind}.{ref.group}" if ref.group else ref.kind


def kinds(refs: Iterable[tuple[Ref, str]]) -> list[tuple[str, str, str]]:
    """Return every (group, version, kind) of ``refs`` once, in a stable order."""
    return sorted({(ref.group, version, ref.kind) for ref, version in refs})
