"""Why a field cannot change, and the ways out: what the API server leaves unsaid when it refuses. Pure.

Source: "Update statefulsets" in the Kubernetes documentation, and the immutable fields of its API reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from workers import fields, kube
from workers.errors import ObjectRefused
from workers.kube.sentences import WAY_OUT
from workers.model import Manifest

_FIXED: Final = ("serviceName", "selector", "podManagementPolicy", "volumeClaimTemplates")
_MOST: Final = 5


def explained(error: kube.ImmutableField, wanted: Manifest, live: Manifest | None) -> ObjectRefused:
    """Return the refusal with the fields of a StatefulSet named, which the API server does not do."""
    if live is None or (wanted["apiVersion"], wanted["kind"]) != ("apps/v1", "StatefulSet"):
        return error
    found = list(changed(wanted, live))
    if not found:
        return error
    name = f"StatefulSet {live['metadata'].get('namespace', '')}/{live['metadata']['name']}"
    words = f"{name} was refused: {', '.join(found[:_MOST])} cannot change once set"
    if any(path.startswith("spec.volumeClaimTemplates") for path in found):
        words += (
            ": claims that exist keep what they were made with, so change those by hand (a class that allows it "
            "grows them), then put the template back, or make the StatefulSet anew with the sync option Force=true "
            "(Flux: force), which keeps its Pods and claims"
        )
    else:
        words += f": {WAY_OUT}"
    return kube.ImmutableField(words, found[0])


def changed(wanted: Manifest, live: Manifest) -> Iterator[str]:
    """Yield the paths of a StatefulSet's fixed fields that are wanted otherwise than they are."""
    asked, found = wanted.get("spec"), live.get("spec")
    if isinstance(asked, dict) and isinstance(found, dict):
        for name in _FIXED:
            if name in asked:
                yield from _different(asked[name], found.get(name), f"spec.{name}")


def _different(asked: Any, found: Any, path: str) -> Iterator[str]:
    """Yield where ``found`` is not what was asked for; what it has besides was defaulted."""
    if isinstance(asked, dict) and isinstance(found, dict):
        for key, value in asked.items():
            yield from _different(value, found.get(key), fields.step(path, str(key)))
    elif isinstance(asked, list) and isinstance(found, list) and len(asked) == len(found):
        for index, (one, other) in enumerate(zip(asked, found, strict=True)):
            yield from _different(one, other, f"{path}[{_label(one, index)}]")
    elif asked != found and asked is not None:
        yield path


def _label(item: Any, index: int) -> str:
    name = item.get("metadata", {}).get("name") if isinstance(item, dict) else None
    return f"name={name}" if name else str(index)
