"""What of a plan deserves a second look before it is merged. Pure: objects and a plan's parts in, sentences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from workers.model import Manifest, Ref
from workers.plans import traps
from workers.plans.values import CHANGES, Effect, Planned

NOTHING: Final = "nothing changes: the cluster is as wanted already"
_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")
_DEEPEST: Final = 32
"""Levels of an object in which containers are looked for."""
_LOST: Final[Mapping[tuple[str, str], str]] = {
    ("apps", "StatefulSet"): (
        "its claims stay with their data, unless spec.persistentVolumeClaimRetentionPolicy.whenDeleted says Delete"
    ),
    ("", "PersistentVolumeClaim"): "its data goes, unless its volume is to be retained; Prune=false keeps it",
    ("", "PersistentVolume"): "its data may go; Prune=false keeps it",
    ("", "Namespace"): "everything in it goes, whoever made that; Prune=false keeps it",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        "every object of that kind goes, in all namespaces; Prune=false keeps it"
    ),
}
"""Kinds whose deletion takes more than the object, and what protects that.

Source: "StatefulSets", "Persistent Volumes", "Namespaces" and "Custom Resources" in the Kubernetes documentation."""


def of(objects: Sequence[Planned], wanted: Mapping[Ref, Manifest], hooks: Sequence[str], held: str) -> list[str]:
    """Return the warnings of a plan; ``wanted`` are the objects as in Git, ``held`` and ``hooks`` as in `Plan`."""
    said = [f"would not be synced now: {held}"] if held else []
    said += [sentence for one in objects if (sentence := lost(one))]
    changing = [one for one in objects if one.effect in CHANGES]
    said += [sentence for one in changing if one.ref in wanted for sentence in loose_images(one, wanted[one.ref])]
    said += traps.of(changing, wanted)
    if hooks:
        said.append(f"{len(hooks)} {'hook runs' if len(hooks) == 1 else 'hooks run'}: {', '.join(hooks)}")
    if not (hooks or changing or any(one.effect is Effect.REFUSED for one in objects)):
        said.append(NOTHING)
    return said


def lost(one: Planned) -> str:
    """Return what goes with an object that is deleted, "" for nothing but itself."""
    if one.effect is Effect.RECREATED:
        return f"{one.ref} is deleted and made anew, since a field that cannot change does (sync option Force=true)"
    said = _LOST.get((one.ref.group, one.ref.kind)) if one.effect is Effect.DELETED else None
    return f"{one.ref} is deleted: {said}" if said else ""


def loose_images(one: Planned, manifest: Manifest) -> Iterator[str]:
    """Yield a sentence for each image of an object that may be another one tomorrow."""
    for image in dict.fromkeys(images(manifest)):
        if said := loose(image):
            yield f"{one.ref} runs image {image}, {said}: name a version or a digest"


def images(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the images of all containers in an object, at whatever depth its kind keeps them."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from images(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _LISTS and isinstance(item, list):
                yield from _named(item)
            else:
                yield from images(item, depth + 1)


def _named(containers: Iterable[Any]) -> Iterator[str]:
    for one in containers:
        if isinstance(one, dict) and isinstance(one.get("image"), str) and one["image"]:
            yield one["image"]


def loose(image: str) -> str:
    """Return what an image's name leaves open, "" when it has a digest or a tag that is not ``latest``."""
    if "@" in image:
        return ""
    tag = image.rpartition("/")[2].partition(":")[2]
    if not tag:
        return "which has no tag and so means latest"
    return "whose tag latest moves" if tag == "latest" else ""
