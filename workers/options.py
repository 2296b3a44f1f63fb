"""How an object is written and deleted: sync options of an app, and what single objects say of themselves. Pure.

The words are those of Argo CD ("Sync Options" in its user guide) and of Flux ("Controlling the apply behavior of
resources" in the Kustomization API); an object's own word goes before its app's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from workers.policies import DriftMode

SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
FLUX: Final = "kustomize.toolkit.fluxcd.io/"
DRIFT: Final = "hookline.dev/drift"

Propagation = Literal["Foreground", "Background", "Orphan"]
Consent = Literal["", "true", "false", "confirm"]
"""Whether an object may be deleted; "" where nobody said."""

VOLUMES: Final = frozenset({("", "PersistentVolumeClaim"), ("", "PersistentVolume")})
"""Kinds (group, kind) whose deletion deletes data: they stay unless somebody says that they may go."""
KEEP: Final = "helm.sh/resource-policy"


@dataclass(frozen=True, slots=True)
class Options:
    """What may be said of an app or of one object.

    ``prune`` and ``delete`` are whether it may go when it leaves Git and when its app goes; ``confirm`` asks a person
    first. ``replace`` writes the whole object instead of our fields; ``force`` deletes and makes anew what cannot be
    changed; ``once`` leaves an object alone that is there; ``ignore`` never writes nor deletes it.
    ``drift`` is what is done when it is changed by hand, ``None`` for what its app says.
    """

    validate: bool = True
    create_namespace: bool = False
    propagation: Propagation = "Foreground"
    prune_last: bool = False
    prune: Consent = ""
    delete: Consent = ""
    replace: bool = False
    force: bool = False
    respect_ignored: bool = False
    skip_missing: bool = False
    once: bool = False
    ignore: bool = False
    drift: DriftMode | None = None


NOTHING_SAID: Final = Options()
"""The options of an app that names none."""

_FLAGS: Final[Mapping[str, str]] = {
    "Validate": "validate",
    "CreateNamespace": "create_namespace",
    "PruneLast": "prune_last",
    "Replace": "replace",
    "Force": "force",
    "RespectIgnoreDifferences": "respect_ignored",
    "SkipDryRunOnMissingResource": "skip_missing",
}
_CONSENTS: Final[Mapping[str, str]] = {"Prune": "prune", "Delete": "delete"}
_PROPAGATIONS: Final[Mapping[str, Propagation]] = {
    "foreground": "Foreground",
    "background": "Background",
    "orphan": "Orphan",
}
ALWAYS: Final = {
    "ServerSideApply=true": "every object is applied by the server",
    "ApplyOutOfSyncOnly=true": "what is in sync is never written",
    "ApplyOutOfSyncOnly=false": "what is in sync is never written; that changes nothing in the cluster",
    "FailOnSharedResource=true": "an object of another app is always reported and never taken",
}
"""Options that say what Hookline does anyway."""
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_FLAGS, ("true", "false")),
    **dict.fromkeys(_CONSENTS, ("true", "false", "confirm")),
    "PrunePropagationPolicy": tuple(_PROPAGATIONS),
}
"""Every option with an effect, and the values it takes."""


@dataclass(frozen=True, slots=True)
class Read:
    """A list of sync options, read: what it says, what of it has no effect here, and what is wrong with it."""

    options: Options
    unserved: tuple[str, ...] = ()
    problem: str = ""


def read(words: Iterable[str], base: Options = NOTHING_SAID) -> Read:
    """Read sync options as ``Name=value`` words, on top of ``base``.

    An option nobody knows has no effect, as in Argo CD. One that is given twice with different values, or with a value
    it cannot have, is a problem: one sentence.
    """
    said: dict[str, str] = {}
    unserved: list[str] = []
    for word in (word.strip() for word in words):
        name, _, value = word.partition("=")
        if not word or word in ALWAYS:
            continue
        if name not in VALUES:
            unserved.append(word)
        elif value not in VALUES[name]:
            return Read(base, (), f"{word}: expected {name}={' or '.join(VALUES[name])}")
        elif said.setdefault(name, value) != value:
            return Read(base, (), f"{name} is said to be both {said[name]} and {value}: keep one")
    changes: dict[str, Any] = {_FLAGS[name]: value == "true" for name, value in said.items() if name in _FLAGS}
    changes |= {_CONSENTS[name]: value for name, value in said.items() if name in _CONSENTS}
    if "PrunePropagationPolicy" in said:
        changes["propagation"] = _PROPAGATIONS[said["PrunePropagationPolicy"]]
    return Read(replace(base, **changes), tuple(unserved))


def of(manifest: Mapping[str, Any], base: Options) -> Options:
    """Return the options of one object: what its annotations say, on top of its app's.

    Raises :class:`ValueError` with one sentence that names the annotation.
    """
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict) or not annotations:
        return base
    found = base
    if words := annotations.get(SYNC_OPTIONS):
        said = read(str(words).split(","), base)
        if said.problem:
            raise ValueError(f"annotation {SYNC_OPTIONS}: {said.problem}")
        found = said.options
    if str(annotations.get(f"{FLUX}prune", "")).lower() == "disabled":
        found = replace(found, prune="false", delete="false")
    if str(annotations.get(f"{FLUX}force", "")).lower() == "enabled":
        found = replace(found, force=True)
    ssa = str(annotations.get(f"{FLUX}ssa", "")).lower()
    if ssa == "ifnotpresent":
        found = replace(found, once=True)
    if ssa == "ignore" or str(annotations.get(f"{FLUX}reconcile", "")).lower() == "disabled":
        found = replace(found, ignore=True)
    if str(annotations.get(KEEP, "")).lower() == "keep":
        found = replace(found, prune="false", delete="false")
    return replace(found, drift=_drift(str(annotations.get(DRIFT, ""))))


def _drift(said: str) -> DriftMode | None:
    if said and said not in tuple(DriftMode):
        raise ValueError(f"annotation {DRIFT}: {said}: expected {', '.join(DriftMode)}")
    return DriftMode(said) if said else None


def consent(manifest: Mapping[str, Any], said: Consent) -> Consent:
    """Return whether an object may be deleted, given what was said of it: volumes only by an explicit word."""
    group, _, _ = str(manifest.get("apiVersion", "")).rpartition("/")
    return said or ("false" if (group, manifest.get("kind")) in VOLUMES else "true")
