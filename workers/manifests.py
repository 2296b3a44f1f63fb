"""Manifests as values: whose identity they have, in which order they go, and what they hash to.

Nothing here does I/O, and no function changes the manifest it is given.
"""

from __future__ import annotations

import hashlib
import json
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

import orjson

from workers.errors import BadDocument
from workers.model import Manifest, Ref, Rendered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OWNER_LABEL = "applyset.kubernetes.io/part-of"
"""The label that says which app owns an object, by the ApplySet specification (KEP-3659)."""

EVERYTHING_ELSE = "*"
"""Stands in :data:`APPLY_ORDER` for every kind that is not named there."""

APPLY_ORDER: tuple[tuple[str, ...], ...] = (
    ("Namespace",),
    ("CustomResourceDefinition.apiextensions.k8s.io",),
    ("PriorityClass.scheduling.k8s.io", "RuntimeClass.node.k8s.io", "IngressClass.networking.k8s.io"),
    ("ResourceQuota", "LimitRange"),
    ("NetworkPolicy.networking.k8s.io",),
    ("ServiceAccount",),
    ("Secret", "ConfigMap"),
    ("StorageClass.storage.k8s.io", "VolumeAttributesClass.storage.k8s.io", "CSIDriver.storage.k8s.io"),
    ("PersistentVolume",),
    ("PersistentVolumeClaim",),
    ("ClusterRole.rbac.authorization.k8s.io", "Role.rbac.authorization.k8s.io"),
    ("ClusterRoleBinding.rbac.authorization.k8s.io", "RoleBinding.rbac.authorization.k8s.io"),
    ("Service", "Endpoints", "EndpointSlice.discovery.k8s.io"),
    ("PodDisruptionBudget.policy",),
    ("PodTemplate", "Pod", "ReplicationController"),
    ("ReplicaSet.apps", "DaemonSet.apps", "Deployment.apps", "StatefulSet.apps"),
    ("HorizontalPodAutoscaler.autoscaling",),
    ("Job.batch", "CronJob.batch"),
    ("Ingress.networking.k8s.io",),
    ("APIService.apiregistration.k8s.io",),
    (EVERYTHING_ELSE,),
    (
        "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
        "MutatingAdmissionPolicy.admissionregistration.k8s.io",
    ),
    (
        "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io",
        "MutatingAdmissionPolicyBinding.admissionregistration.k8s.io",
    ),
    (
        "MutatingWebhookConfiguration.admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
    ),
)
"""The order of a sync, as ``Kind.group``: what others need comes first; prune walks it backwards.

Kinds on one line go at the same time. Custom resources come after the APIs that serve them; admission comes
last, so that a webhook cannot refuse the very workload that answers it.
"""

_RANKS = {kind: rank for rank, kinds in enumerate(APPLY_ORDER) for kind in kinds}

_GROUP_VERSION = re.compile(r"(?:(?P<group>[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)/)?v[a-z0-9]{1,62}")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def ref_of(manifest: Manifest, namespaced: bool, default_namespace: str, file: str = "", line: int = 0) -> Ref:
    """The identity of a manifest; ``namespaced`` says what the cluster knows of its kind.

    A namespaced object without a namespace goes to ``default_namespace``; a namespace written on a
    cluster-scoped object is left out, as kubectl does. ``file`` and ``line`` are only for the message. Raises
    :class:`BadDocument` when apiVersion, kind, name or namespace is missing or could not stand in an API
    path.
    """

    def bad(problem: str) -> BadDocument:
        return BadDocument(problem, file, line)

    version, kind = manifest.get("apiVersion"), manifest.get("kind")
    matched = _GROUP_VERSION.fullmatch(version) if isinstance(version, str) else None
    if not matched:
        raise bad("apiVersion: expected a version such as v1 or apps/v1; write the one of the object's kind")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise bad("kind: expected the name of a kind such as Deployment")
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        raise bad(f"{kind}: metadata: expected a mapping with at least a name")
    name = metadata.get("name")
    if not name and metadata.get("generateName"):
        raise bad(f"{kind}: metadata.generateName cannot be kept in sync; give the object a metadata.name")
    if not isinstance(name, str) or not _path_segment(name):
        raise bad(f"{kind}: metadata.name: expected text of 1 to 253 characters without '/' or '%'")
    group = matched["group"] or ""
    if not namespaced:
        return Ref(group, kind, "", name)
    namespace = metadata.get("namespace") or default_namespace
    if not namespace:
        raise bad(f"{kind} {name}: metadata.namespace is missing, and the app names no destination namespace")
    if not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
        raise bad(f"{kind} {name}: metadata.namespace: expected a DNS label of lower-case letters, digits and '-'")
    return Ref(group, kind, namespace, name)


def _path_segment(name: str) -> bool:
    """Whether a name can be one segment of an API path (the rule every kind shares)."""
    return 0 < len(name) <= 253 and name not in (".", "..") and "/" not in name and "%" not in name


def rank(ref: Ref) -> int:
    """The place of a kind in :data:`APPLY_ORDER`, from 0."""
    kind = f"{ref.kind}.{ref.group}" if ref.group else ref.kind
    return _RANKS.get(kind, _RANKS[EVERYTHING_ELSE])


def _place(ref: Ref) -> tuple[int, str, str, str, str]:
    return rank(ref), ref.namespace, ref.name, ref.kind, ref.group


def apply_groups(rendered: Iterable[Rendered]) -> list[list[Rendered]]:
    """Objects in groups of equal rank, first group first; inside a group by namespace and name.

    A group may be applied in parallel; the next one only after it.
    """
    ordered = sorted(rendered, key=lambda one: _place(one.ref))
    return [list(group) for _, group in groupby(ordered, key=lambda one: rank(one.ref))]


def prune_order(refs: Iterable[Ref]) -> list[Ref]:
    """The exact reverse of the order in which the same objects would be applied."""
    return sorted(refs, key=_place, reverse=True)


def duplicates(rendered: Sequence[Rendered]) -> tuple[Rendered, Rendered] | None:
    """The first two objects with one identity, in the order given, or ``None``.

    The version is not part of the identity: ``autoscaling/v1`` and ``/v2`` of one name are the same object.
    """
    seen: dict[Ref, Rendered] = {}
    for one in rendered:
        first = seen.setdefault(one.ref, one)
        if first is not one:
            return first, one
    return None


def with_owner(manifest: Manifest, applyset_id: str) -> Manifest:
    """A copy of ``manifest`` that carries the owner label; the input is left as it was.

    Only the mappings on the way to the label are copied, the rest is shared. Raises :class:`BadDocument` when
    metadata or labels is something else than a mapping.
    """
    metadata = _mapping_of(manifest, "metadata", "metadata")
    labels = _mapping_of(metadata, "labels", "metadata.labels")
    return {**manifest, "metadata": {**metadata, "labels": {**labels, OWNER_LABEL: applyset_id}}}


def _mapping_of(parent: dict[str, Any], key: str, path: str) -> dict[str, Any]:
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadDocument(f"{path}: expected a mapping, not {type(value).__name__}; write 'key: value' lines")
    return value


def newest(written: Iterable[Manifest]) -> str:
    """Return the highest resourceVersion of some objects, "" for none or where they are no numbers.

    Source: KEP-5504, by which they compare as numbers.
    """
    found = [str(manifest["metadata"].get("resourceVersion", "")) for manifest in written]
    return max(found, key=int) if found and all(text.isdecimal() for text in found) else ""


def rendered_digest(manifest: Manifest) -> str:
    """SHA-256 in hexadecimal of what was rendered, whatever the order of its keys; lists keep theirs."""
    return hashlib.sha256(canonical(manifest)).hexdigest()


def canonical(value: Any) -> bytes:
    """One JSON text for one value: keys sorted, no spaces. Raises :class:`BadDocument` on absurd nesting."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        pass  # a number over 64 bits, a lone surrogate, or more than 254 levels: rare, and slower below
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    except RecursionError:
        raise BadDocument("an object is nested too deeply to compare; flatten it") from None
